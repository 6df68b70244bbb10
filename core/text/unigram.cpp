// The best path (Viterbi 1967) in one pass over the word: linear in its length times that of the longest
// piece.
#include "core/text/unigram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

constexpr double unknown_penalty = 10.0;  // below the least probable piece, as in SentencePiece

}  // namespace

UnigramModel::UnigramModel(std::shared_ptr<const Vocabulary> vocabulary, std::vector<double> scores,
                           UnigramOptions options)
    : vocabulary_(std::move(vocabulary)), scores_(std::move(scores)), options_(std::move(options)) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t id = 0; id < scores_.size(); ++id) {
    if (!std::isfinite(scores_[id])) throw std::logic_error("a Unigram score is not finite");
    if (!options_.is_found.empty() && !options_.is_found[id]) continue;
    least = std::min(least, scores_[id]);
    trie_.add(vocabulary_->piece(static_cast<TokenId>(id)), static_cast<TokenId>(id));
  }
  if (options_.least_score) least = *options_.least_score;
  unknown_score_ = (std::isfinite(least) ? least : 0.0) - unknown_penalty;
  for (unsigned byte = 0; byte < 256; ++byte)
    byte_ids_[byte] = vocabulary_->find(byte_piece(static_cast<std::uint8_t>(byte)));
}

std::vector<UnigramModel::Node> UnigramModel::best_nodes(std::string_view word) const {
  std::vector<Node> ends(word.size() + 1);
  std::size_t begin = 0;
  while (begin < word.size()) {
    const double score_here = ends[begin].score;
    const std::size_t character = utf8_character_at(word, begin).length;
    if (character == 0) throw std::logic_error("a Unigram word is not valid UTF-8");
    bool has_single = false;
    const auto offer = [&](TokenId id, std::size_t length, double score) {
      Node& node = ends[begin + length];
      if (node.id < 0 || score_here + score > node.score) node = {score_here + score, begin, id};
    };
    trie_.for_each_prefix(word, begin, [&](TokenId id, std::size_t length) {
      offer(id, length, scores_[static_cast<std::size_t>(id)]);
      if (length == character) has_single = true;
    });
    if (!has_single) {
      if (!options_.unknown) {
        throw told<UserError>(
            "The text has a character that the vocabulary lacks, and the tokenizer has no unknown token.",
            "글에 어휘에 없는 글자가 있는데, 이 토크나이저에는 모르는 글자를 위한 토큰이 없습니다.");
      }
      offer(*options_.unknown, character, unknown_score_);
    }
    begin += character;
  }
  return ends;
}

void UnigramModel::append_unknown(std::string_view word, TextSpan span, std::vector<Token>& tokens) const {
  const std::string_view text = word.substr(span.begin, span.end - span.begin);
  // Several unknown characters can spell a piece that is never found as a whole.
  const auto known = options_.is_found.empty() ? vocabulary_->find(text) : std::nullopt;
  const bool as_bytes =
      options_.byte_fallback && !known && std::all_of(text.begin(), text.end(), [&](char byte) {
        return byte_ids_[static_cast<unsigned char>(byte)].has_value();
      });
  if (!as_bytes) {
    tokens.push_back({known.value_or(*options_.unknown), span.begin, span.end});
    return;
  }
  for (std::size_t offset = span.begin; offset < span.end; ++offset) {
    tokens.push_back({*byte_ids_[static_cast<unsigned char>(word[offset])], offset, offset + 1});
  }
}

void UnigramModel::tokenize(std::string_view word, std::vector<Token>& tokens) const {
  const std::vector<Node> ends = best_nodes(word);
  std::vector<Token> path;  // from the end; a run of unknown characters is one token
  for (std::size_t end = word.size(); end > 0; end = ends[end].begin) {
    const Node& node = ends[end];
    const bool joins = !path.empty() && options_.unknown == node.id && path.back().id == node.id;
    if (joins) {
      path.back().begin = node.begin;
    } else {
      path.push_back({node.id, node.begin, end});
    }
  }
  for (auto token = path.rbegin(); token != path.rend(); ++token) {
    if (options_.unknown == token->id) {
      append_unknown(word, {token->begin, token->end}, tokens);
    } else {
      tokens.push_back(*token);
    }
  }
}

UnigramLattice UnigramModel::lattice(std::string_view word, bool best_path_only) const {
  const std::vector<Node> ends = best_nodes(word);
  UnigramLattice result;
  result.end = word.size();
  if (word.empty()) return result;
  result.best_log_probability = ends.back().score;
  std::vector<bool> on_path(word.size() + 1, false);  // by the end of a piece
  for (std::size_t end = word.size(); end > 0; end = ends[end].begin) on_path[end] = true;
  const auto add = [&](TokenId id, std::size_t begin, std::size_t length, double score) {
    const Node& node = ends[begin + length];
    const bool is_best = on_path[begin + length] && node.begin == begin && node.id == id;
    if (is_best || !best_path_only) result.pieces.push_back({{id, begin, begin + length}, score, is_best});
  };
  std::size_t begin = 0;
  while (begin < word.size()) {
    const std::size_t character = utf8_character_at(word, begin).length;
    bool has_single = false;
    trie_.for_each_prefix(word, begin, [&](TokenId id, std::size_t length) {
      add(id, begin, length, scores_[static_cast<std::size_t>(id)]);
      if (length == character) has_single = true;
    });
    if (!has_single) add(*options_.unknown, begin, character, unknown_score_);
    begin += character;
  }
  return result;
}

}  // namespace headlight

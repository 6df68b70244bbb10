// Encoding: stretches of valid UTF-8; added tokens out; normalised; added tokens of the normalised text out;
// cut into words; each word through the model.
#include "core/text/pipeline_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/text/byte_pair.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

constexpr std::size_t longest_history = 512;  // bytes of a word whose steps or lattice are kept

std::string replaced(std::string_view text, std::string_view wanted, std::string_view by) {
  std::string result;
  std::size_t done = 0;
  if (!wanted.empty()) {
    for (std::size_t at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, done)) {
      result += text.substr(done, at - done);
      result += by;
      done = at + wanted.size();
    }
  }
  result += text.substr(done);
  return result;
}

std::size_t valid_end(std::string_view text, std::size_t begin) {
  while (begin < text.size()) {
    const std::size_t length = utf8_character_at(text, begin).length;
    if (length == 0) break;
    begin += length;
  }
  return begin;
}

}  // namespace

PipelineTokenizer::PipelineTokenizer(TokenizerPipeline pipeline) : pipeline_(std::move(pipeline)) {
  std::size_t size = pipeline_.vocabulary->size();
  for (const AddedToken& token : pipeline_.added) {
    if (token.id < 0) throw std::logic_error("an added token has a negative id");
    size = std::max(size, static_cast<std::size_t>(token.id) + 1);
  }
  pieces_ = pipeline_.vocabulary->pieces();
  pieces_.resize(size);
  special_.assign(size, false);
  is_added_.assign(size, false);
  for (const AddedToken& token : pipeline_.added) {
    pieces_[static_cast<std::size_t>(token.id)] = token.content;
    special_[static_cast<std::size_t>(token.id)] = token.is_special;
    is_added_[static_cast<std::size_t>(token.id)] = true;
    if (!token.is_normalized) {
      raw_.add(token, token.content);
      continue;
    }
    AlignedText content(token.content, {0, token.content.size()});
    if (pipeline_.normalizer) pipeline_.normalizer->normalize(content);
    normalized_.add(token, content.text());
  }
  for (const TokenId id : pipeline_.special) {
    special_.at(static_cast<std::size_t>(id)) = true;
    is_added_.at(static_cast<std::size_t>(id)) = true;
  }
  if (pipeline_.normalizer) {
    AlignedText space(" ", {0, 1});
    pipeline_.normalizer->normalize(space);
    normalizer_spells_bytes_ = space.text() == "Ġ";
  }
  spell_out();
}

void PipelineTokenizer::spell_out() {
  bytes_.reserve(pieces_.size());
  for (std::size_t id = 0; id < pieces_.size(); ++id) {
    const std::string& piece = pieces_[id];
    if (is_added_[id]) {
      bytes_.push_back(piece);
      continue;
    }
    if (pipeline_.spelling != Spelling::byte_level && pipeline_.spelling != Spelling::word_piece) {
      if (const auto byte = byte_of_piece(piece)) {
        bytes_.emplace_back(1, static_cast<char>(*byte));
        continue;
      }
    }
    bytes_.push_back(shown(piece));
    const std::string& prefix = pipeline_.continuing_prefix;
    const bool continues = pipeline_.spelling == Spelling::word_piece && !prefix.empty() &&
                           piece.size() > prefix.size() && piece.compare(0, prefix.size(), prefix) == 0;
    if (continues) bytes_.back().erase(0, prefix.size());
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::optional<TokenId> id;
    if (pipeline_.spelling == Spelling::byte_level) {
      std::string piece;
      append_utf8(piece, byte_character(static_cast<std::uint8_t>(byte)));
      id = pipeline_.vocabulary->find(piece);
    } else {
      id = pipeline_.vocabulary->find(byte_piece(static_cast<std::uint8_t>(byte)));
    }
    if (!id) id = pipeline_.unknown;
    byte_ids_[byte] = id.value_or(-1);
  }
}

// The bytes that a stretch of normalised text stands for.
std::string PipelineTokenizer::shown(std::string_view normalized) const {
  if (pipeline_.spelling == Spelling::byte_level)
    return bytes_of_piece(normalized).value_or(std::string(normalized));
  if (pipeline_.spelling == Spelling::metaspace) return replaced(normalized, pipeline_.mark, " ");
  return std::string(normalized);
}

void PipelineTokenizer::for_each_stretch(std::string_view text, const VisitOrdinary& ordinary,
                                         const VisitToken& known) const {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = valid_end(text, begin);
    std::size_t done = begin;
    for (const Token& token : raw_.find(text.substr(begin, end - begin))) {
      if (begin + token.begin > done) ordinary({done, begin + token.begin}, begin > 0 && done == begin);
      known({token.id, begin + token.begin, begin + token.end});
      done = begin + token.end;
    }
    if (end > done) ordinary({done, end}, begin > 0 && done == begin);
    if (end == text.size()) return;
    known({byte_ids_[static_cast<unsigned char>(text[end])], end, end + 1});
    begin = end + 1;
  }
}

void PipelineTokenizer::for_each_part(std::string_view text, const Visit& visit) const {
  for_each_stretch(
      text,
      [&](TextSpan span, bool continues) { visit_normalized(AlignedText(text, span), continues, visit); },
      [&](const Token& token) {
        visit({nullptr, token});
      });
}

namespace {

// Appends a stretch to what stands before it: to the last part where both are changed or both are not.
void append_part(std::vector<NormalizedPart>& parts, std::string_view text, TextSpan span,
                 std::string_view made) {
  const bool is_changed = text.substr(span.begin, span.end - span.begin) != made;
  if (!parts.empty()) {
    NormalizedPart& last = parts.back();
    const bool last_is_changed = text.substr(last.begin, last.end - last.begin) != last.text;
    if (last_is_changed == is_changed) {
      last.end = span.end;
      last.text += made;
      return;
    }
  }
  parts.push_back({span.begin, span.end, std::string(made)});
}

// An inserted character: it belongs to the one before it.
void append_inserted(std::vector<NormalizedPart>& parts, std::string_view text, std::size_t at,
                     std::string_view made) {
  if (parts.empty() || text.substr(parts.back().begin, parts.back().end - parts.back().begin) ==
                           std::string_view(parts.back().text)) {
    append_part(parts, text, {at, at}, made);
  } else {
    parts.back().text += made;
  }
}

}  // namespace

std::vector<NormalizedPart> PipelineTokenizer::normalized(std::string_view text) const {
  std::vector<NormalizedPart> parts;
  const auto ordinary = [&](TextSpan span, bool) {
    AlignedText changed(text, span);
    if (pipeline_.normalizer) pipeline_.normalizer->normalize(changed);
    std::size_t done = span.begin;
    for_each_character(changed.text(), [&](char32_t, std::size_t offset, std::size_t length) {
      const TextSpan source = changed.source({offset, offset + length});
      std::string made = changed.text().substr(offset, length);
      if (pipeline_.spelling != Spelling::byte_level || normalizer_spells_bytes_) made = shown(made);
      if (source.begin > done) append_part(parts, text, {done, source.begin}, "");
      if (source.end <= done) {
        append_inserted(parts, text, done, made);
      } else {
        append_part(parts, text, {std::max(done, source.begin), source.end}, made);
        done = source.end;
      }
    });
    if (done < span.end) append_part(parts, text, {done, span.end}, "");
  };
  for_each_stretch(text, ordinary, [&](const Token& token) {
    const TextSpan span{token.begin, token.end};
    append_part(parts, text, span, text.substr(span.begin, span.end - span.begin));
  });
  return parts;
}

void PipelineTokenizer::visit_normalized(AlignedText text, bool continues, const Visit& visit) const {
  if (pipeline_.normalizer) pipeline_.normalizer->normalize(text);
  if (text.empty()) return;
  const auto ordinary = [&](TextSpan span) {
    if (span.begin == span.end) return;
    Word word{text.slice(span), continues && span.begin == 0};
    if (!pipeline_.splitter) {
      visit({&word, {}});
      return;
    }
    for (const Word& part : pipeline_.splitter->split(std::move(word))) visit({&part, {}});
  };
  std::size_t done = 0;
  for (const Token& token : normalized_.find(text.text())) {
    ordinary({done, token.begin});
    const TextSpan source = text.source({token.begin, token.end});
    visit({nullptr, {token.id, source.begin, source.end}});
    done = token.end;
  }
  ordinary({done, text.size()});
}

std::vector<Token> PipelineTokenizer::in_user_text(const AlignedText& word, std::vector<Token> tokens) const {
  const std::string_view text = word.text();
  for (Token& token : tokens) {
    const auto is_inside = [&](std::size_t offset) {
      return offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U;
    };
    TextSpan source = word.source({token.begin, token.end});
    // Tokens that begin or end inside a character: bytes of it.
    if (is_inside(token.begin)) source.begin = word.exact_source(token.begin).begin;
    if (is_inside(token.end)) source.end = word.exact_source(token.end - 1).end;
    token.begin = source.begin;
    token.end = std::max(source.begin, source.end);
  }
  return tokens;
}

std::vector<Token> PipelineTokenizer::encode(std::string_view text) const {
  std::vector<Token> tokens;
  if (text.empty()) return tokens;
  for (const TokenId id : pipeline_.before) tokens.push_back({id, 0, 0});
  for_each_part(text, [&](const Part& part) {
    if (part.word == nullptr) {
      if (part.token.id >= 0) tokens.push_back(part.token);
      return;
    }
    std::vector<Token> found;
    pipeline_.model->tokenize(part.word->text.text(), found);
    found = in_user_text(part.word->text, std::move(found));
    tokens.insert(tokens.end(), found.begin(), found.end());
  });
  for (const TokenId id : pipeline_.after) tokens.push_back({id, text.size(), text.size()});
  return tokens;
}

std::vector<WordSteps> PipelineTokenizer::word_steps(std::string_view text) const {
  std::vector<WordSteps> histories;
  for_each_part(text, [&](const Part& part) {
    WordSteps history;
    history.begin = part.token.begin;
    history.end = part.token.end;
    if (part.word == nullptr) {
      if (part.token.id >= 0) history.tokens = {part.token};
      history.steps = {{std::string(text.substr(history.begin, history.end - history.begin))}};
      histories.push_back(std::move(history));
      return;
    }
    const AlignedText& word = part.word->text;
    const TextSpan source = word.source({0, word.size()});
    history.begin = source.begin;
    history.end = source.end;
    pipeline_.model->tokenize(word.text(), history.tokens);
    TokenSteps steps;
    if (word.size() > longest_history) {
      steps.after = {history.tokens};
    } else {
      steps = pipeline_.model->steps(word.text());
      history.ranks = std::move(steps.ranks);
    }
    history.tokens = in_user_text(word, std::move(history.tokens));
    for (const std::vector<Token>& step : steps.after) {
      std::vector<std::string> parts;
      for (const Token& token : step)
        parts.push_back(shown(std::string_view(word.text()).substr(token.begin, token.end - token.begin)));
      history.steps.push_back(std::move(parts));
    }
    histories.push_back(std::move(history));
  });
  return histories;
}

std::vector<WordLattice> PipelineTokenizer::word_lattices(std::string_view text) const {
  std::vector<WordLattice> lattices;
  for_each_part(text, [&](const Part& part) {
    if (part.word == nullptr) return;
    const AlignedText& word = part.word->text;
    const UnigramLattice found = pipeline_.model->lattice(word.text(), word.size() > longest_history);
    if (found.pieces.empty()) return;
    const TextSpan source = word.source({0, word.size()});
    WordLattice lattice{source.begin, source.end, word.text(), {}, found.best_log_probability};
    for (const LatticePiece& piece : found.pieces) {
      PlacedPiece placed{piece, piece.token.begin, piece.token.end};
      placed.token = in_user_text(word, {piece.token}).front();
      lattice.pieces.push_back(placed);
    }
    lattices.push_back(std::move(lattice));
  });
  return lattices;
}

std::int64_t PipelineTokenizer::vocabulary_size() const { return static_cast<std::int64_t>(pieces_.size()); }

namespace {

std::size_t checked(TokenId id, std::size_t size) {
  if (id < 0 || static_cast<std::size_t>(id) >= size) {
    throw std::out_of_range(fmt::format("token id {} is outside the vocabulary of {} tokens", id, size));
  }
  return static_cast<std::size_t>(id);
}

}  // namespace

const std::string& PipelineTokenizer::piece(TokenId id) const { return pieces_[checked(id, pieces_.size())]; }

const std::string& PipelineTokenizer::bytes(TokenId id) const { return bytes_[checked(id, bytes_.size())]; }

bool PipelineTokenizer::is_special(TokenId id) const { return special_[checked(id, special_.size())]; }

bool PipelineTokenizer::has_byte(std::uint8_t byte) const { return byte_ids_[byte] >= 0; }

std::string PipelineTokenizer::decode(const std::vector<TokenId>& ids) const {
  std::string text;
  bool is_first = true;  // of the tokens that are text
  for (const TokenId id : ids) {
    std::string_view part = bytes(id);
    const bool is_mark = is_special(id);
    if (pipeline_.spelling == Spelling::word_piece) {
      const std::string& prefix = pipeline_.continuing_prefix;
      const bool continues = !is_added_[static_cast<std::size_t>(id)] && !prefix.empty() &&
                             piece(id).compare(0, prefix.size(), prefix) == 0;
      if (!text.empty() && !continues) text += ' ';
    } else if (is_first && !is_mark && pipeline_.strips_first_space && part.substr(0, 1) == " ") {
      part.remove_prefix(1);
    }
    text += part;
    if (!is_mark) is_first = false;
  }
  if (!pipeline_.cleans_up_spaces) return text;
  constexpr std::array<std::pair<const char*, const char*>, 10> rules = {{{" .", "."},
                                                                          {" ?", "?"},
                                                                          {" !", "!"},
                                                                          {" ,", ","},
                                                                          {" ' ", "'"},
                                                                          {" n't", "n't"},
                                                                          {" 'm", "'m"},
                                                                          {" 's", "'s"},
                                                                          {" 've", "'ve"},
                                                                          {" 're", "'re"}}};
  for (const auto& [wanted, by] : rules) text = replaced(text, wanted, by);
  return text;
}

}  // namespace headlight

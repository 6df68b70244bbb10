// A word's characters, and what stands for those that the vocabulary lacks; then the merges.
#include "core/text/byte_pair_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/base/errors.h"
#include "core/text/aligned_text.h"

namespace headlight {
namespace {

constexpr std::size_t longest_piece = 512;  // bytes

}  // namespace

BytePairModel::BytePairModel(std::shared_ptr<const Vocabulary> vocabulary, BytePairMerges merges,
                             BytePairOptions options)
    : vocabulary_(std::move(vocabulary)), merges_(std::move(merges)), options_(std::move(options)) {
  for (unsigned byte = 0; byte < 256; ++byte)
    byte_ids_[byte] = vocabulary_->find(byte_piece(static_cast<std::uint8_t>(byte)));
}

bool BytePairModel::append_bytes(std::string_view piece, std::size_t offset, std::size_t length,
                                 std::vector<Token>& parts) const {
  for (const char byte : piece) {
    if (!byte_ids_[static_cast<unsigned char>(byte)]) return false;
  }
  std::size_t index = 0;
  for (const char byte : piece) {
    // With a prefix or a suffix there are more bytes than the character has.
    const std::size_t begin = offset + std::min(index, length - 1);
    parts.push_back({*byte_ids_[static_cast<unsigned char>(byte)], begin, begin + 1});
    ++index;
  }
  return true;
}

std::vector<Token> BytePairModel::characters(std::string_view word) const {
  std::vector<Token> parts;
  parts.reserve(word.size());
  std::optional<Token> unknown;
  std::string spelled;
  std::size_t kept_until = 0;
  for_each_character(word, [&](char32_t, std::size_t offset, std::size_t length) {
    if (offset < kept_until) return;
    if (options_.kept_whole) {
      Token whole{-1, offset, offset};
      options_.kept_whole->for_each_prefix(word, offset, [&](TokenId id, std::size_t size) {
        whole = {id, offset, offset + size};
      });
      if (whole.id >= 0) {
        if (unknown) parts.push_back(*std::exchange(unknown, std::nullopt));
        parts.push_back(whole);
        kept_until = whole.end;
        return;
      }
    }
    std::string_view piece = word.substr(offset, length);
    const bool has_prefix = offset > 0 && !options_.continuing_prefix.empty();
    const bool has_suffix = offset + length == word.size() && !options_.end_suffix.empty();
    if (has_prefix || has_suffix) {
      spelled = has_prefix ? options_.continuing_prefix : "";
      spelled += piece;
      if (has_suffix) spelled += options_.end_suffix;
      piece = spelled;
    }
    if (const auto id = vocabulary_->find(piece)) {
      if (unknown) parts.push_back(*std::exchange(unknown, std::nullopt));
      parts.push_back({*id, offset, offset + length});
      return;
    }
    if (options_.byte_fallback && append_bytes(piece, offset, length, parts)) return;
    if (!options_.unknown) return;
    if (unknown && options_.fuse_unknown) {
      unknown->end = offset + length;
      return;
    }
    if (unknown) parts.push_back(*unknown);
    unknown = Token{*options_.unknown, offset, offset + length};
  });
  if (unknown) parts.push_back(*unknown);
  return parts;
}

void BytePairModel::tokenize(std::string_view word, std::vector<Token>& tokens) const {
  if (options_.ignore_merges) {
    if (const auto id = vocabulary_->find(word)) {
      tokens.push_back({*id, 0, word.size()});
      return;
    }
  }
  std::vector<Token> parts = characters(word);
  merges_.apply(parts);
  tokens.insert(tokens.end(), parts.begin(), parts.end());
}

TokenSteps BytePairModel::steps(std::string_view word) const {
  if (options_.ignore_merges && vocabulary_->find(word)) return TokenModel::steps(word);
  TokenSteps result;
  std::vector<Token> parts = characters(word);
  result.after.push_back(parts);
  std::vector<Token> merged = parts;
  std::vector<BytePairMerges::Merge> merges;
  merges_.apply(merged, &merges);
  for (const BytePairMerges::Merge& merge : merges) {
    const auto left = std::find_if(parts.begin(), parts.end(),
                                   [&](const Token& part) { return part.begin == merge.begin; });
    if (parts.end() - left < 2) break;  // two parts of one byte: only with prefixes that are not in the text
    left->end = (left + 1)->end;
    parts.erase(left + 1);
    result.after.push_back(parts);
    result.ranks.push_back(merge.rank);
  }
  result.after.back() = std::move(merged);  // with the ids too
  return result;
}

BytePairMerges merges_by_score(const Vocabulary& vocabulary, const std::vector<float>& scores,
                               const std::vector<bool>& takes_part) {
  std::vector<TokenId> order(vocabulary.size());
  std::iota(order.begin(), order.end(), 0);
  const auto score = [&](TokenId id) { return scores[static_cast<std::size_t>(id)]; };
  std::stable_sort(order.begin(), order.end(), [&](TokenId a, TokenId b) { return score(a) > score(b); });
  BytePairMerges merges;
  std::uint32_t rank = 0;
  for (std::size_t place = 0; place < order.size(); ++place) {
    const TokenId joined = order[place];
    if (place > 0 && score(joined) != score(order[place - 1])) ++rank;
    if (!takes_part[static_cast<std::size_t>(joined)]) continue;
    const std::string_view piece = vocabulary.piece(joined);
    if (piece.size() > longest_piece) {
      throw UserError(fmt::format("piece {} has {} bytes; the longest that are expected have {}", joined,
                                  piece.size(), longest_piece));
    }
    for (std::size_t cut = 1; cut < piece.size(); ++cut) {
      if ((static_cast<unsigned char>(piece[cut]) & 0xC0U) == 0x80U) continue;
      const auto left = vocabulary.find(piece.substr(0, cut));
      const auto right = left ? vocabulary.find(piece.substr(cut)) : std::nullopt;
      if (!right || !takes_part[static_cast<std::size_t>(*left)] ||
          !takes_part[static_cast<std::size_t>(*right)])
        continue;
      merges.add_ranked(*left, *right, joined, rank);
    }
  }
  return merges;
}

}  // namespace headlight

// Encoding: special tokens are cut out first, then each valid stretch of UTF-8 is cut into words, then each
// word's bytes are merged.
#include "core/text/byte_level_tokenizer.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "core/text/utf8.h"

namespace headlight {
namespace {

// The steps of a word are as many as its bytes, and each step repeats the word: more than this is neither
// read by anyone nor worth its square in memory.
constexpr std::size_t longest_history = 512;  // bytes

std::size_t end_of_valid(std::string_view text, std::size_t begin, std::size_t end) {
  std::size_t offset = begin;
  while (offset < end) {
    const std::size_t length = utf8_character_at(text.substr(0, end), offset).length;
    if (length == 0) break;
    offset += length;
  }
  return offset;
}

std::vector<std::string> part_bytes(std::string_view text, const std::vector<Token>& parts) {
  std::vector<std::string> result;
  result.reserve(parts.size());
  for (const Token& part : parts) result.emplace_back(text.substr(part.begin, part.end - part.begin));
  return result;
}

}  // namespace

std::string Tokenizer::decode(const std::vector<TokenId>& ids) const {
  std::string text;
  for (const TokenId id : ids) text += bytes(id);
  return text;
}

std::vector<UnigramLattice> Tokenizer::lattice(std::string_view) const { return {}; }

const NamedTokens& Tokenizer::named_tokens() const {
  static const NamedTokens none;
  return none;
}

ByteLevelTokenizer::ByteLevelTokenizer(ByteLevelVocabulary vocabulary, PreTokenizer pre_tokenizer)
    : vocabulary_(std::move(vocabulary)), pre_tokenizer_(std::move(pre_tokenizer)) {
  if (!vocabulary_.ignores_merges) return;
  for (std::size_t id = 0; id < vocabulary_.bytes.size(); ++id) {
    if (!vocabulary_.special[id]) whole_words_.emplace(vocabulary_.bytes[id], static_cast<TokenId>(id));
  }
}

void ByteLevelTokenizer::for_each_word(std::string_view text,
                                       const std::function<void(const Word&)>& visit) const {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::optional<Token> special = vocabulary_.spelled_out.find(text, begin);
    split_ordinary(text, begin, special ? special->begin : text.size(), visit);
    if (!special) return;
    visit({WordKind::special, *special});
    begin = special->end;
  }
}

void ByteLevelTokenizer::split_ordinary(std::string_view text, std::size_t begin, std::size_t end,
                                        const std::function<void(const Word&)>& visit) const {
  while (begin < end) {
    const std::size_t valid_end = end_of_valid(text, begin, end);
    for (const TextSpan& span : pre_tokenizer_.split(text.substr(begin, valid_end - begin))) {
      visit({WordKind::text, {0, begin + span.begin, begin + span.end}});
    }
    if (valid_end < end) visit({WordKind::invalid_bytes, {0, valid_end, valid_end + 1}});
    begin = valid_end + 1;
  }
}

// A byte that the vocabulary lacks has no token and its neighbours meet, as in the tokenizer that trained it.
std::vector<Token> ByteLevelTokenizer::single_bytes(std::string_view text, std::size_t begin,
                                                    std::size_t end) const {
  std::vector<Token> parts;
  if (!whole_words_.empty()) {
    const auto whole = whole_words_.find(std::string(text.substr(begin, end - begin)));
    if (whole != whole_words_.end()) return {{whole->second, begin, end}};
  }
  parts.reserve(end - begin);
  for (std::size_t offset = begin; offset < end; ++offset) {
    const TokenId id = vocabulary_.byte_ids[static_cast<unsigned char>(text[offset])];
    if (id >= 0) parts.push_back({id, offset, offset + 1});
  }
  return parts;
}

std::vector<Token> ByteLevelTokenizer::encode(std::string_view text) const {
  std::vector<Token> tokens;
  if (text.empty()) return tokens;
  if (vocabulary_.adds_beginning) tokens.push_back({*vocabulary_.named.beginning_of_text, 0, 0});
  for_each_word(text, [&](const Word& word) {
    if (word.kind == WordKind::special) {
      tokens.push_back(word.token);
      return;
    }
    std::vector<Token> parts = single_bytes(text, word.token.begin, word.token.end);
    vocabulary_.merges.apply(parts);
    tokens.insert(tokens.end(), parts.begin(), parts.end());
  });
  if (vocabulary_.adds_end) tokens.push_back({*vocabulary_.named.end_of_text, text.size(), text.size()});
  return tokens;
}

std::vector<NormalizedPart> ByteLevelTokenizer::normalized(std::string_view text) const {
  if (text.empty()) return {};
  return {{0, text.size(), std::string(text)}};  // such tokenizers have no normaliser
}

std::vector<WordSteps> ByteLevelTokenizer::word_steps(std::string_view text) const {
  std::vector<WordSteps> histories;
  for_each_word(text, [&](const Word& word) {
    WordSteps history;
    history.begin = word.token.begin;
    history.end = word.token.end;
    if (word.kind == WordKind::special) {
      history.steps.push_back(part_bytes(text, {word.token}));
      history.tokens = {word.token};
    } else {
      std::vector<Token> parts = single_bytes(text, word.token.begin, word.token.end);
      history.steps.push_back(part_bytes(text, parts));
      history.tokens = parts;
      std::vector<BytePairMerges::Merge> merges;
      vocabulary_.merges.apply(history.tokens, &merges);
      if (history.end - history.begin > longest_history) {
        if (!merges.empty()) history.steps.push_back(part_bytes(text, history.tokens));
        merges.clear();
      }
      for (const BytePairMerges::Merge& merge : merges) {
        std::size_t left = 0;
        while (parts.at(left).begin != merge.begin) ++left;
        parts[left].end = parts.at(left + 1).end;
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(left) + 1);
        history.steps.push_back(part_bytes(text, parts));
        history.ranks.push_back(merge.rank);
      }
    }
    histories.push_back(std::move(history));
  });
  return histories;
}

std::int64_t ByteLevelTokenizer::vocabulary_size() const {
  return static_cast<std::int64_t>(vocabulary_.pieces.size());
}

namespace {

std::size_t checked(TokenId id, std::size_t size) {
  if (id < 0 || static_cast<std::size_t>(id) >= size) {
    throw std::out_of_range(fmt::format("token id {} is outside the vocabulary of {} tokens", id, size));
  }
  return static_cast<std::size_t>(id);
}

}  // namespace

const std::string& ByteLevelTokenizer::piece(TokenId id) const {
  return vocabulary_.pieces[checked(id, vocabulary_.pieces.size())];
}

const std::string& ByteLevelTokenizer::bytes(TokenId id) const {
  return vocabulary_.bytes[checked(id, vocabulary_.bytes.size())];
}

bool ByteLevelTokenizer::is_special(TokenId id) const {
  return vocabulary_.special[checked(id, vocabulary_.special.size())];
}

bool ByteLevelTokenizer::has_byte(std::uint8_t byte) const { return vocabulary_.byte_ids[byte] >= 0; }

}  // namespace headlight

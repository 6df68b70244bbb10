// Ids and offsets of every kind of tokenizer against Hugging Face's tokenizers and SentencePiece, on more
// than 5,000 lines and on all code points of Unicode 14 (tests/golden/make_tokenizer_kinds.py).
#include "tests/core/text/tokenizer_kinds.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "core/text/token_model.h"
#include "core/text/unicode_classes.h"

namespace headlight::test {
namespace {

using nlohmann::json;
using Values = std::vector<std::vector<std::int32_t>>;  // of each token: id, first and last offset

std::uint64_t fnv(const std::vector<std::int32_t>& numbers, std::uint64_t hash = 0xCBF29CE484222325ULL) {
  for (const std::int32_t number : numbers) {
    for (unsigned shift = 0; shift < 32; shift += 8)
      hash = (hash ^ ((static_cast<std::uint32_t>(number) >> shift) & 0xFFU)) * 0x100000001B3ULL;
  }
  return hash;
}

std::uint64_t hash_of(const Values& values) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const auto& value : values) hash = fnv(value, hash);
  return hash;
}

std::uint64_t hash_of(const std::vector<std::uint64_t>& hashes, std::size_t begin, std::size_t end) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (std::size_t index = begin; index < end; ++index) {
    hash = fnv({static_cast<std::int32_t>(hashes[index] & 0x7FFFFFFFU),
                static_cast<std::int32_t>((hashes[index] >> 31U) & 0x7FFFFFFFU)},
               hash);
  }
  return hash;
}

std::string shortened(std::uint64_t hash) {
  return fmt::format("{:04x}", (hash ^ (hash >> 16U) ^ (hash >> 32U) ^ (hash >> 48U)) & 0xFFFFU);
}

// Offsets in characters, of the tokens widened to whole characters.
class Characters {
 public:
  explicit Characters(const std::string& text) : at_(text.size() + 1) {
    std::int32_t index = 0;
    for (std::size_t offset = 0; offset < text.size();) {
      const std::size_t length = utf8_character_at(text, offset).length;
      std::fill_n(at_.begin() + static_cast<std::ptrdiff_t>(offset), length, index++);
      offset += length;
    }
    at_.back() = index;
  }
  std::int32_t begin(std::size_t byte) const { return at_[byte]; }
  std::int32_t end(std::size_t byte) const { return byte == 0 ? 0 : at_[byte - 1] + 1; }

 private:
  std::vector<std::int32_t> at_;
};

// How many characters at one end of a byte-level piece are spaces.
std::int32_t spaces(const std::string& piece, bool at_end) {
  std::vector<char32_t> characters;
  for (std::size_t offset = 0; offset < piece.size();) {
    const Utf8Character character = utf8_character_at(piece, offset);
    characters.push_back(character.code_point);
    offset += character.length;
  }
  if (at_end) std::reverse(characters.begin(), characters.end());
  const auto first = std::find_if(characters.begin(), characters.end(),
                                  [](char32_t c) { return c != U'Ġ' && !is_white_space(c); });
  return static_cast<std::int32_t>(first - characters.begin());
}

struct Kind {
  std::shared_ptr<const Tokenizer> tokenizer;
  std::optional<bool> trims;  // the post-processor trims offsets; whether with a prefix space
  bool joins_bytes = false;   // bytes of several unknown characters in a row have the place of all of them
  bool only_begins = false;   // ids and first bytes, as SentencePiece gives them
  bool only_ids = false;
  std::vector<std::size_t> without_offsets;
};

bool has_bytes(const Kind& kind, const Token& token) {
  return byte_of_piece(kind.tokenizer->piece(token.id)).has_value() && !kind.tokenizer->is_special(token.id);
}

void trim(const Kind& kind, const std::string& text, const std::vector<Token>& tokens, Values& values) {
  for (std::size_t index = 0; index < tokens.size(); ++index) {
    const Token& token = tokens[index];
    if (token.begin == token.end) continue;  // of the template
    const bool is_added = kind.tokenizer->is_special(token.id);
    const std::string piece =
        is_added ? text.substr(token.begin, token.end - token.begin) : kind.tokenizer->piece(token.id);
    std::int32_t leading = spaces(piece, false);
    const std::int32_t trailing = spaces(piece, true);
    auto& value = values[index];
    if (leading > 0) {
      const bool is_first = index == 0 || value[1] == 0;
      if (is_first && *kind.trims && leading == 1) leading = 0;
      value[1] = std::min(value[1] + leading, value[2]);
    }
    if (trailing > 0 && value[2] >= trailing) value[2] = std::max(value[2] - trailing, value[1]);
  }
}

void join_bytes(const Kind& kind, const std::vector<Token>& tokens, Values& values) {
  std::size_t begin = 0;
  while (begin < tokens.size()) {
    std::size_t end = begin;
    while (end < tokens.size() && has_bytes(kind, tokens[end])) ++end;
    for (std::size_t index = begin; index < end; ++index) {
      values[index][1] = values[begin][1];
      values[index][2] = values[end - 1][2];
    }
    begin = std::max(end, begin + 1);
  }
}

bool spells_a_control_token(const std::string& text) {
  constexpr std::array<const char*, 4> tokens = {"<s>", "</s>", "<pad>", "<unk>"};
  return std::any_of(tokens.begin(), tokens.end(),
                     [&](const char* token) { return text.find(token) != std::string::npos; });
}

Values values_of(const Kind& kind, const std::string& text) {
  // SentencePiece leaves control tokens in a text to its callers; here they are recognised.
  if ((kind.only_begins || kind.only_ids) && spells_a_control_token(text)) return {};
  const std::vector<Token> tokens = kind.tokenizer->encode(text);
  const Characters characters(text);
  Values values;
  for (const Token& token : tokens) {
    if (kind.only_ids) {
      values.push_back({token.id});
    } else if (kind.only_begins) {
      values.push_back({token.id, has_bytes(kind, token) ? 0 : static_cast<std::int32_t>(token.begin)});
    } else if (token.begin == token.end) {
      // Those of the template stand at 0 in the reference; no others are empty.
      EXPECT_TRUE(token.begin == 0 || token.begin == text.size()) << visible_bytes(text);
      values.push_back({token.id, 0, 0});
    } else {
      values.push_back({token.id, characters.begin(token.begin), characters.end(token.end)});
    }
  }
  if (kind.trims) trim(kind, text, tokens, values);
  if (kind.joins_bytes) join_bytes(kind, tokens, values);
  return values;
}

const std::vector<std::string>& all_lines() {
  static const std::vector<std::string> lines = [] {
    std::vector<std::string> result = stored_lines();
    for (std::string& line : code_point_lines()) result.push_back(std::move(line));
    return result;
  }();
  return lines;
}

void expect_equal(const std::string& name, const Kind& kind) {
  SCOPED_TRACE(name);
  static const json all_expected = golden_json("tokenizer_kinds/expected.json");
  const json& expected = all_expected.at(name);
  const auto short_lines = expected.at("lines").get<std::string>();
  const auto short_groups = expected.at("code_points").get<std::string>();
  const std::vector<std::string>& lines = all_lines();
  const std::size_t stored = short_lines.size() / 4;
  ASSERT_GE(stored, 5000U);
  std::vector<std::uint64_t> hashes;
  int shown = 0;
  for (std::size_t index = 0; index < lines.size(); ++index) {
    Values values = values_of(kind, lines[index]);
    if (std::find(kind.without_offsets.begin(), kind.without_offsets.end(), index) !=
        kind.without_offsets.end()) {
      for (auto& value : values) value[1] = value[2] = 0;
    }
    hashes.push_back(hash_of(values));
    if (index < stored && shortened(hashes.back()) != short_lines.substr(4 * index, 4) && ++shown <= 5) {
      ADD_FAILURE() << "line " << index << " '" << visible_bytes(lines[index]).substr(0, 120)
                    << "': " << json(values).dump().substr(0, 400);
    }
    const std::string key = std::to_string(index);
    if (expected.at("full").contains(key)) {
      EXPECT_EQ(json(values), expected.at("full").at(key)) << visible_bytes(lines[index]);
    }
  }
  for (std::size_t begin = stored; begin < lines.size(); begin += 16) {
    const std::size_t end = std::min(begin + 16, lines.size());
    const std::size_t group = (begin - stored) / 16;
    if (shortened(hash_of(hashes, begin, end)) != short_groups.substr(4 * group, 4) && ++shown <= 5)
      ADD_FAILURE() << "code points in lines " << begin << " to " << end << ": "
                    << visible_bytes(lines[begin]);
  }
  EXPECT_EQ(fmt::format("{:016x}", hash_of(hashes, 0, hashes.size())), expected.at("all").get<std::string>());
}

std::optional<bool> trimming(const json& post_processor) {
  if (!post_processor.is_object()) return std::nullopt;
  if (post_processor.contains("processors")) {
    for (const json& step : post_processor.at("processors")) {
      if (const auto found = trimming(step)) return found;
    }
  }
  if (!post_processor.value("trim_offsets", false)) return std::nullopt;
  return post_processor.value("add_prefix_space", false);
}

Kind kind_of(const std::string& name) {
  const json document = kind_json(name);
  Kind kind;
  kind.tokenizer = tokenizer_of(document);
  kind.trims = trimming(document.value("post_processor", json()));
  kind.joins_bytes = name == "unigram_bytes";
  const json& described = tokenizer_kinds().at("kinds").at(name);
  kind.without_offsets = described.at("offsets_differ").get<std::vector<std::size_t>>();
  return kind;
}

TEST(TokenizerKinds, tokenizer_json_gives_the_same_ids_and_offsets) {
  ASSERT_EQ(tokenizer_kinds().at("kinds").size(), 22U);
  for (const auto& [name, kind] : tokenizer_kinds().at("kinds").items()) {
    EXPECT_LT(kind.at("offsets_differ").size(), 10U) << name;
    expect_equal(name, kind_of(name));
  }
}

// No normaliser, and a token for every byte: nothing can get lost.
TEST(TokenizerKinds, lossless_ones_give_the_bytes_back) {
  for (const char* name : {"gpt2", "deepseek", "falcon"}) {
    const Kind kind = kind_of(name);
    int failed = 0;
    for (const std::string& line : all_lines()) {
      std::vector<TokenId> ids;
      for (const Token& token : kind.tokenizer->encode(line)) ids.push_back(token.id);
      if (kind.tokenizer->decode(ids) != line && ++failed <= 3) {
        ADD_FAILURE() << name << ": " << visible_bytes(line).substr(0, 120);
      }
    }
    EXPECT_EQ(failed, 0) << name;
  }
}

TEST(TokenizerKinds, sentencepiece_models_give_the_same_ids_and_places) {
  for (const char* name : {"spm_unigram", "spm_bytes", "spm_bpe", "spm_bpe_unknown"}) {
    Kind kind;
    kind.tokenizer = sentencepiece_tokenizer(name);
    kind.only_begins = true;
    expect_equal(name, kind);
  }
}

TEST(TokenizerKinds, marian_has_the_pieces_of_one_file_and_the_ids_of_another) {
  HuggingFaceTokenizerFiles files;
  files.sentencepiece_model = sentencepiece_bytes("spm_unigram");
  files.vocab_json = tokenizer_kinds().at("marian_vocab").dump();
  Kind kind;
  kind.tokenizer = tokenizer_from_hugging_face(files, "model");
  kind.only_ids = true;
  expect_equal("marian", kind);
}

}  // namespace
}  // namespace headlight::test

// Types, lengths and ids of the tokenizer's metadata are checked here, once.
#include "core/text/gguf_tokenizer_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"

namespace headlight {
namespace {

using nlohmann::json;

constexpr const char* tokens_key = "tokenizer.ggml.tokens";
constexpr const char* types_key = "tokenizer.ggml.token_type";
constexpr const char* scores_key = "tokenizer.ggml.scores";

}  // namespace

std::string shown_piece(std::string_view text) {
  constexpr std::size_t most = 60;
  return text.size() <= most ? visible_bytes(text) : visible_bytes(text.substr(0, most)) + "…";
}

void GgufTokenizerMetadata::fail(const std::string& problem) const {
  throw told<FileError>(
      "{0}: {1}. The file is damaged or of a kind that this program does not read; download it again or open "
      "another one.",
      "{0}: 토크나이저를 읽을 수 없습니다. 파일이 손상되었거나 이 프로그램이 읽지 않는 종류이니, 다시 "
      "내려받거나 다른 파일을 열어 주세요. 자세히: {1}.",
      path_, problem);
}

const json* GgufTokenizerMetadata::find(const std::string& key) const {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? nullptr : &*found;
}

const json& GgufTokenizerMetadata::array(const std::string& key, const char* content) const {
  const json* value = find(key);
  if (value == nullptr) fail(fmt::format("the key '{}' is missing, which must hold {}", key, content));
  if (!value->is_array())
    fail(fmt::format("'{}' is a {}, not an array of {}", key, value->type_name(), content));
  return *value;
}

const std::string& GgufTokenizerMetadata::text(const std::string& key) const {
  const json* value = find(key);
  if (value == nullptr) fail(fmt::format("the key '{}' is missing", key));
  if (!value->is_string()) fail(fmt::format("'{}' is a {}, not a string", key, value->type_name()));
  return value->get_ref<const std::string&>();
}

bool GgufTokenizerMetadata::flag(const std::string& key, bool otherwise) const {
  const json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) fail(fmt::format("'{}' is a {}, not true or false", key, value->type_name()));
  return value->get<bool>();
}

std::int64_t GgufTokenizerMetadata::integer(const json& value, const std::string& where) const {
  const bool fits = value.is_number_unsigned()
                        ? value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max()
                        : value.is_number_integer();
  if (!fits) fail(fmt::format("'{}' holds a {} where an integer belongs", where, value.type_name()));
  return value.get<std::int64_t>();
}

std::optional<TokenId> GgufTokenizerMetadata::token_id(const std::string& key,
                                                       std::size_t vocabulary_size) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  const std::int64_t id = integer(*value, key);
  if (id < 0 || id >= static_cast<std::int64_t>(vocabulary_size)) {
    fail(fmt::format("'{}' is {}, outside the vocabulary of {} tokens", key, id, vocabulary_size));
  }
  return static_cast<TokenId>(id);
}

std::vector<std::string> GgufTokenizerMetadata::pieces() const {
  const json& tokens = array(tokens_key, "the vocabulary's pieces");
  if (tokens.empty()) fail(fmt::format("'{}' is empty", tokens_key));
  if (tokens.size() > static_cast<std::size_t>(std::numeric_limits<TokenId>::max())) {
    fail(fmt::format("'{}' holds {} pieces, more than ids can count", tokens_key, tokens.size()));
  }
  std::vector<std::string> pieces;
  pieces.reserve(tokens.size());
  for (const json& token : tokens) {
    const std::size_t id = pieces.size();
    if (!token.is_string()) fail(fmt::format("'{}' holds a {} at {}", tokens_key, token.type_name(), id));
    const auto& piece = token.get_ref<const std::string&>();
    if (const auto offset = invalid_utf8_offset(piece)) {
      fail(fmt::format("piece {} '{}' is not UTF-8 at its byte {}", id, shown_piece(piece), *offset));
    }
    pieces.push_back(piece);
  }
  return pieces;
}

std::vector<GgufTokenType> GgufTokenizerMetadata::types(std::size_t vocabulary_size,
                                                        GgufTokenType last) const {
  std::vector<GgufTokenType> types(vocabulary_size, GgufTokenType::normal);
  if (find(types_key) == nullptr) return types;
  const json& stored = array(types_key, "a type for each piece");
  if (stored.size() != vocabulary_size) {
    fail(fmt::format("'{}' has {} entries for {} pieces", types_key, stored.size(), vocabulary_size));
  }
  for (std::size_t id = 0; id < vocabulary_size; ++id) {
    const std::int64_t type = integer(stored[id], types_key);
    if (type < 1 || type > static_cast<std::int64_t>(last)) {
      fail(fmt::format("'{}' gives piece {} the type {}; such a vocabulary has the types 1 to {}", types_key,
                       id, type, static_cast<std::int64_t>(last)));
    }
    types[id] = static_cast<GgufTokenType>(type);
  }
  return types;
}

std::vector<float> GgufTokenizerMetadata::scores(std::size_t vocabulary_size) const {
  const json& stored = array(scores_key, "a score for each piece");
  if (stored.size() != vocabulary_size) {
    fail(fmt::format("'{}' has {} entries for {} pieces", scores_key, stored.size(), vocabulary_size));
  }
  std::vector<float> scores;
  scores.reserve(vocabulary_size);
  for (const json& score : stored) {
    if (!score.is_number() || !std::isfinite(score.get<float>()))
      fail(fmt::format("'{}' holds no finite number at {}", scores_key, scores.size()));
    scores.push_back(score.get<float>());
  }
  return scores;
}

NamedTokens GgufTokenizerMetadata::named_tokens(std::size_t vocabulary_size) const {
  const auto id = [&](const char* name) {
    return token_id(fmt::format("tokenizer.ggml.{}_token_id", name), vocabulary_size);
  };
  NamedTokens named;
  named.beginning_of_text = id("bos");
  named.end_of_text = id("eos");
  named.padding = id("padding");
  named.unknown = id("unknown");
  named.mask = id("mask");
  named.separator = id("seperator");  // as the specification spells it
  named.classification = id("cls");
  for (const std::optional<TokenId> end : {named.end_of_text, id("eot"), id("eom")}) {
    if (end && std::find(named.ends.begin(), named.ends.end(), *end) == named.ends.end())
      named.ends.push_back(*end);
  }
  return named;
}

}  // namespace headlight

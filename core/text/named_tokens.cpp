// tokenizer_config.json, special_tokens_map.json and generation_config.json.
#include "core/text/named_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace headlight {
namespace {

using nlohmann::json;

struct SmallFiles {
  json config, special, generation;  // null where there is no file
};

SmallFiles parse(const HuggingFaceTokenizerFiles& files, const std::string& path) {
  const auto parsed = [&](const std::optional<std::string>& text, const char* name) {
    if (!text) return json();
    json value = parse_json(*text, path, name);
    JsonField(value, path, name).object();
    return value;
  };
  return {parsed(files.tokenizer_config_json, "tokenizer_config.json"),
          parsed(files.special_tokens_map_json, "special_tokens_map.json"),
          parsed(files.generation_config_json, "generation_config.json")};
}

std::string token_in(const json& file, const std::string& path, const char* name, const char* key) {
  if (file.is_null()) return {};
  const auto field = JsonField(file, path, name).find(key);
  if (!field) return {};
  return field->value().is_object() ? field->at("content").text() : field->text();
}

std::string named_in(const SmallFiles& files, const std::string& path, const char* key) {
  std::string token = token_in(files.config, path, "tokenizer_config.json", key);
  return token.empty() ? token_in(files.special, path, "special_tokens_map.json", key) : token;
}

std::optional<TokenId> id_of(const TokenizerPipeline& pipeline, const std::string& content) {
  if (content.empty()) return std::nullopt;
  for (const AddedToken& token : pipeline.added) {
    if (token.content == content) return token.id;
  }
  return pipeline.vocabulary->find(content);
}

void add_decoder_tokens(const JsonField& config, TokenizerPipeline& pipeline) {
  const auto decoder = config.find("added_tokens_decoder");
  if (!decoder) return;
  for (const auto& [key, value] : decoder->object().items()) {
    const JsonField entry = decoder->at(key.c_str());
    std::int64_t id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size()) entry.fail("has no id as its key");
    const AddedToken token = added_token_from_json(entry, id, *pipeline.vocabulary);
    const bool is_known = std::any_of(
        pipeline.added.begin(), pipeline.added.end(),
        [&](const AddedToken& other) { return other.content == token.content || other.id == token.id; });
    if (!is_known && !token.content.empty()) pipeline.added.push_back(token);
  }
}

// An id, or a list of ids; those outside the vocabulary are left out.
std::vector<TokenId> ids_in(const json& file, const std::string& path, const char* key, std::size_t size) {
  std::vector<TokenId> ids;
  if (file.is_null()) return ids;
  const auto field = JsonField(file, path, "generation_config.json").find(key);
  if (!field) return ids;
  const auto take = [&](const JsonField& value) {
    const std::int64_t id = value.integer();
    if (id >= 0 && id < static_cast<std::int64_t>(size)) ids.push_back(static_cast<TokenId>(id));
  };
  if (field->value().is_array()) {
    for (const JsonField& value : field->items()) take(value);
  } else {
    take(*field);
  }
  return ids;
}

}  // namespace

AddedToken added_token_from_json(const JsonField& field, std::int64_t id, const Vocabulary& vocabulary) {
  AddedToken token;
  token.content = field.at("content").text();
  token.is_special = field.flag_or("special", false);
  token.single_word = field.flag_or("single_word", false);
  token.left_strip = field.flag_or("lstrip", false);
  token.right_strip = field.flag_or("rstrip", false);
  token.is_normalized = field.flag_or("normalized", !token.is_special);
  // What the model knows keeps the model's id.
  if (const auto known = vocabulary.find(token.content)) id = *known;
  const auto limit = static_cast<std::int64_t>(2 * vocabulary.size() + 65'536);
  if (id < 0 || id >= limit)
    field.fail(fmt::format("has the id {}, far outside the vocabulary of {} pieces", id, vocabulary.size()));
  token.id = static_cast<TokenId>(id);
  return token;
}

std::string named_token(const HuggingFaceTokenizerFiles& files, const std::string& path, const char* key) {
  return named_in(parse(files, path), path, key);
}

void read_named_tokens(const HuggingFaceTokenizerFiles& files, const std::string& path,
                       TokenizerPipeline& pipeline) {
  const SmallFiles small = parse(files, path);
  if (!small.config.is_null())
    add_decoder_tokens(JsonField(small.config, path, "tokenizer_config.json"), pipeline);
  std::size_t size = pipeline.vocabulary->size();
  for (const AddedToken& token : pipeline.added)
    size = std::max(size, static_cast<std::size_t>(token.id) + 1);
  const auto id = [&](const char* key) { return id_of(pipeline, named_in(small, path, key)); };
  NamedTokens& named = pipeline.named;
  named.beginning_of_text = id("bos_token");
  named.end_of_text = id("eos_token");
  named.padding = id("pad_token");
  named.unknown = id("unk_token");
  named.mask = id("mask_token");
  named.separator = id("sep_token");
  named.classification = id("cls_token");
  if (!named.unknown) named.unknown = pipeline.unknown;
  const auto first = [&](const char* key) {
    const std::vector<TokenId> ids = ids_in(small.generation, path, key, size);
    return ids.empty() ? std::optional<TokenId>() : ids.front();
  };
  if (!named.beginning_of_text) named.beginning_of_text = first("bos_token_id");
  if (!named.padding) named.padding = first("pad_token_id");
  named.ends = ids_in(small.generation, path, "eos_token_id", size);
  if (!named.end_of_text && !named.ends.empty()) named.end_of_text = named.ends.front();
  if (named.end_of_text &&
      std::find(named.ends.begin(), named.ends.end(), *named.end_of_text) == named.ends.end())
    named.ends.push_back(*named.end_of_text);
}

}  // namespace headlight

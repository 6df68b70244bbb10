// A byte-level tokenizer from GGUF metadata: every key, type, length and id is checked here, once.
#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "core/base/errors.h"
#include "core/text/byte_level_tokenizer.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

using nlohmann::json;

// The token types of the GGUF specification.
enum TokenType : std::int64_t {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6
};

std::string shown(std::string_view text) {
  constexpr std::size_t most = 60;
  return text.size() <= most ? visible_bytes(text) : visible_bytes(text.substr(0, most)) + "…";
}

class MetadataReader {
 public:
  MetadataReader(const json& metadata, const std::string& path) : metadata_(metadata), path_(path) {}

  [[noreturn]] void fail(const std::string& problem) const {
    throw FileError(
        fmt::format("{}: {}. The file is damaged or of a kind that this program does not read; "
                    "download it again or open another one.",
                    path_, problem));
  }

  const json* find(const std::string& key) const {
    const auto found = metadata_.find(key);
    return found == metadata_.end() ? nullptr : &*found;
  }

  const json& array(const std::string& key, const char* content) const {
    const json* value = find(key);
    if (value == nullptr) fail(fmt::format("the key '{}' is missing, which must hold {}", key, content));
    if (!value->is_array())
      fail(fmt::format("'{}' is a {}, not an array of {}", key, value->type_name(), content));
    return *value;
  }

  const std::string& text(const std::string& key) const {
    const json* value = find(key);
    if (value == nullptr) fail(fmt::format("the key '{}' is missing", key));
    if (!value->is_string()) fail(fmt::format("'{}' is a {}, not a string", key, value->type_name()));
    return value->get_ref<const std::string&>();
  }

  bool flag(const std::string& key) const {
    const json* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) fail(fmt::format("'{}' is a {}, not true or false", key, value->type_name()));
    return value->get<bool>();
  }

  std::optional<TokenId> token_id(const std::string& key, std::size_t vocabulary_size) const {
    const json* value = find(key);
    if (value == nullptr) return std::nullopt;
    const std::int64_t id = integer(*value, key);
    if (id < 0 || id >= static_cast<std::int64_t>(vocabulary_size)) {
      fail(fmt::format("'{}' is {}, outside the vocabulary of {} tokens", key, id, vocabulary_size));
    }
    return static_cast<TokenId>(id);
  }

  std::int64_t integer(const json& value, const std::string& where) const {
    const bool fits = value.is_number_unsigned()
                          ? value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max()
                          : value.is_number_integer();
    if (!fits) fail(fmt::format("'{}' holds a {} where an integer belongs", where, value.type_name()));
    return value.get<std::int64_t>();
  }

 private:
  const json& metadata_;
  const std::string& path_;
};

constexpr const char* byte_level_model = "gpt2";  // GGUF's name for every byte-level BPE
constexpr const char* tokens_key = "tokenizer.ggml.tokens";
constexpr const char* types_key = "tokenizer.ggml.token_type";
constexpr const char* merges_key = "tokenizer.ggml.merges";

using PieceIds = std::unordered_map<std::string_view, TokenId>;  // views into the vocabulary's pieces

void read_pieces(const MetadataReader& reader, ByteLevelVocabulary& vocabulary, PieceIds& ids) {
  const json& tokens = reader.array(tokens_key, "the vocabulary's pieces");
  if (tokens.empty()) reader.fail(fmt::format("'{}' is empty", tokens_key));
  if (tokens.size() > static_cast<std::size_t>(std::numeric_limits<TokenId>::max())) {
    reader.fail(fmt::format("'{}' holds {} pieces, more than ids can count", tokens_key, tokens.size()));
  }
  vocabulary.pieces.reserve(tokens.size());
  for (const json& token : tokens) {
    const std::size_t id = vocabulary.pieces.size();
    if (!token.is_string())
      reader.fail(fmt::format("'{}' holds a {} at {}", tokens_key, token.type_name(), id));
    const auto& piece = token.get_ref<const std::string&>();
    if (const auto offset = invalid_utf8_offset(piece)) {
      reader.fail(fmt::format("piece {} '{}' is not UTF-8 at its byte {}", id, shown(piece), *offset));
    }
    vocabulary.pieces.push_back(piece);
  }
  ids.reserve(vocabulary.pieces.size());
  for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id) {
    const auto [earlier, is_new] = ids.emplace(vocabulary.pieces[id], static_cast<TokenId>(id));
    if (!is_new) {
      reader.fail(fmt::format("the piece '{}' is in the vocabulary twice, as {} and as {}",
                              shown(vocabulary.pieces[id]), earlier->second, id));
    }
  }
}

std::vector<std::int64_t> read_types(const MetadataReader& reader, std::size_t vocabulary_size) {
  std::vector<std::int64_t> types(vocabulary_size, normal);
  if (reader.find(types_key) == nullptr) return types;
  const json& stored = reader.array(types_key, "a type for each piece");
  if (stored.size() != vocabulary_size) {
    reader.fail(fmt::format("'{}' has {} entries for {} pieces", types_key, stored.size(), vocabulary_size));
  }
  for (std::size_t id = 0; id < vocabulary_size; ++id) {
    types[id] = reader.integer(stored[id], types_key);
    if (types[id] < normal || types[id] > unused) {
      reader.fail(fmt::format("'{}' gives piece {} the type {}; a byte-level vocabulary has the types 1 to 5",
                              types_key, id, types[id]));
    }
  }
  return types;
}

void spell_out(const MetadataReader& reader, const std::vector<std::int64_t>& types, const PieceIds& ids,
               ByteLevelVocabulary& vocabulary) {
  for (std::size_t id = 0; id < types.size(); ++id) {
    const std::string& piece = vocabulary.pieces[id];
    const bool is_spelling =
        types[id] != normal;  // what is not normal is spelled as it is, not in the byte alphabet
    const bool is_found_in_text = types[id] == control || types[id] == user_defined || types[id] == unknown;
    if (is_found_in_text && piece.empty()) reader.fail(fmt::format("the special piece {} is empty", id));
    // A normal piece with a character outside the alphabet can never be reached; it stands for its own UTF-8.
    vocabulary.bytes.push_back(is_spelling ? piece : bytes_of_piece(piece).value_or(piece));
    vocabulary.special.push_back(types[id] == control || types[id] == unknown);
    if (is_found_in_text) vocabulary.spelled_out.add(piece, static_cast<TokenId>(id));
  }
  bool any = false;
  for (unsigned value = 0; value < 256; ++value) {
    std::string piece;
    append_utf8(piece, byte_character(static_cast<std::uint8_t>(value)));
    const auto found = ids.find(piece);
    const bool exists = found != ids.end() && types[static_cast<std::size_t>(found->second)] == normal;
    vocabulary.byte_ids[value] = exists ? found->second : -1;
    any = any || exists;
  }
  if (!any) reader.fail("the vocabulary has no token for any single byte, so it is not a byte-level one");
}

void read_merges(const MetadataReader& reader, const PieceIds& ids, ByteLevelVocabulary& vocabulary) {
  const json& merges = reader.array(merges_key, "the merge rules");
  const auto id_of = [&](const std::string& piece, std::size_t rank, const std::string& rule) {
    const auto found = ids.find(piece);
    if (found == ids.end()) {
      reader.fail(fmt::format("merge rule {} '{}' needs the piece '{}', which is not in the vocabulary", rank,
                              shown(rule), shown(piece)));
    }
    return found->second;
  };
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    if (!merges[rank].is_string()) {
      reader.fail(fmt::format("'{}' holds a {} at {}", merges_key, merges[rank].type_name(), rank));
    }
    const auto& rule = merges[rank].get_ref<const std::string&>();
    const std::size_t space = rule.find(' ');
    if (space == std::string::npos || rule.find(' ', space + 1) != std::string::npos) {
      reader.fail(
          fmt::format("merge rule {} '{}' is not two pieces with one space between", rank, shown(rule)));
    }
    const std::string left = rule.substr(0, space);
    const std::string right = rule.substr(space + 1);
    if (left.empty() || right.empty()) {
      reader.fail(fmt::format("merge rule {} '{}' has an empty piece", rank, shown(rule)));
    }
    const TokenId left_id = id_of(left, rank, rule);
    const TokenId right_id = id_of(right, rank, rule);
    if (!vocabulary.merges.add(left_id, right_id, id_of(left + right, rank, rule))) {
      reader.fail(fmt::format("merge rule {} '{}' is there twice", rank, shown(rule)));
    }
  }
}

void read_special_ids(const MetadataReader& reader, ByteLevelVocabulary& vocabulary) {
  const std::size_t size = vocabulary.pieces.size();
  vocabulary.named.beginning_of_text = reader.token_id("tokenizer.ggml.bos_token_id", size);
  vocabulary.named.end_of_text = reader.token_id("tokenizer.ggml.eos_token_id", size);
  vocabulary.adds_beginning = reader.flag("tokenizer.ggml.add_bos_token");
  vocabulary.adds_end = reader.flag("tokenizer.ggml.add_eos_token");
  if (vocabulary.adds_beginning && !vocabulary.named.beginning_of_text) {
    reader.fail("'tokenizer.ggml.add_bos_token' is true, but there is no 'tokenizer.ggml.bos_token_id'");
  }
  if (vocabulary.adds_end && !vocabulary.named.end_of_text) {
    reader.fail("'tokenizer.ggml.add_eos_token' is true, but there is no 'tokenizer.ggml.eos_token_id'");
  }
  for (const char* key : {"tokenizer.ggml.add_space_prefix", "tokenizer.ggml.remove_extra_whitespaces",
                          "tokenizer.ggml.add_sep_token"}) {
    if (reader.flag(key)) reader.fail(fmt::format("'{}' is true, which would change the ids", key));
  }
}

PreTokenizer read_pre_tokenizer(const MetadataReader& reader) {
  try {
    return PreTokenizer(reader.text("tokenizer.ggml.pre"));
  } catch (const FileError&) {
    throw;
  } catch (const UserError& error) {
    reader.fail(error.what());
  }
}

}  // namespace

std::shared_ptr<const Tokenizer> tokenizer_from_gguf(const json& metadata, const std::string& path) {
  const MetadataReader reader(metadata, path);
  if (!metadata.is_object()) reader.fail("the metadata is not a list of keys and values");
  const std::string& model = reader.text("tokenizer.ggml.model");
  if (model != byte_level_model) {
    reader.fail(fmt::format("'tokenizer.ggml.model' is '{}'; this program knows gpt2 (byte-level BPE)",
                            shown(model)));
  }
  PreTokenizer pre_tokenizer = read_pre_tokenizer(reader);
  ByteLevelVocabulary vocabulary;
  PieceIds ids;
  read_pieces(reader, vocabulary, ids);
  spell_out(reader, read_types(reader, vocabulary.pieces.size()), ids, vocabulary);
  read_merges(reader, ids, vocabulary);
  read_special_ids(reader, vocabulary);
  return std::make_shared<const ByteLevelTokenizer>(std::move(vocabulary), std::move(pre_tokenizer));
}

}  // namespace headlight

// Byte-level tokenizers from GGUF metadata, and which kind of tokenizer a file has.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "core/base/errors.h"
#include "core/text/byte_level_tokenizer.h"
#include "core/text/gguf_tokenizer_metadata.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

using nlohmann::json;
using Type = GgufTokenType;

constexpr const char* merges_key = "tokenizer.ggml.merges";
constexpr const char* pre_key = "tokenizer.ggml.pre";

using PieceIds = std::unordered_map<std::string_view, TokenId>;  // views into the vocabulary's pieces

void read_pieces(const GgufTokenizerMetadata& reader, ByteLevelVocabulary& vocabulary, PieceIds& ids) {
  vocabulary.pieces = reader.pieces();
  ids.reserve(vocabulary.pieces.size());
  for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id) {
    const auto [earlier, is_new] = ids.emplace(vocabulary.pieces[id], static_cast<TokenId>(id));
    if (!is_new) {
      reader.fail(fmt::format("the piece '{}' is in the vocabulary twice, as {} and as {}",
                              shown_piece(vocabulary.pieces[id]), earlier->second, id));
    }
  }
}

void spell_out(const GgufTokenizerMetadata& reader, const std::vector<Type>& types, const PieceIds& ids,
               ByteLevelVocabulary& vocabulary) {
  for (std::size_t id = 0; id < types.size(); ++id) {
    const std::string& piece = vocabulary.pieces[id];
    const bool is_spelling =
        types[id] != Type::normal;  // what is not normal is spelled as it is, not in the byte alphabet
    const bool is_found_in_text =
        types[id] == Type::control || types[id] == Type::user_defined || types[id] == Type::unknown;
    if (is_found_in_text && piece.empty()) reader.fail(fmt::format("the special piece {} is empty", id));
    // A normal piece with a character outside the alphabet can never be reached; it stands for its own UTF-8.
    vocabulary.bytes.push_back(is_spelling ? piece : bytes_of_piece(piece).value_or(piece));
    vocabulary.special.push_back(types[id] == Type::control || types[id] == Type::unknown);
    if (is_found_in_text) vocabulary.spelled_out.add(piece, static_cast<TokenId>(id));
  }
  bool any = false;
  for (unsigned value = 0; value < 256; ++value) {
    std::string piece;
    append_utf8(piece, byte_character(static_cast<std::uint8_t>(value)));
    const auto found = ids.find(piece);
    const bool exists = found != ids.end() && types[static_cast<std::size_t>(found->second)] == Type::normal;
    vocabulary.byte_ids[value] = exists ? found->second : -1;
    any = any || exists;
  }
  if (!any) reader.fail("the vocabulary has no token for any single byte, so it is not a byte-level one");
}

void read_merges(const GgufTokenizerMetadata& reader, const PieceIds& ids, ByteLevelVocabulary& vocabulary) {
  const json& merges = reader.array(merges_key, "the merge rules");
  const auto id_of = [&](const std::string& piece, std::size_t rank, const std::string& rule) {
    const auto found = ids.find(piece);
    if (found == ids.end()) {
      reader.fail(fmt::format("merge rule {} '{}' needs the piece '{}', which is not in the vocabulary", rank,
                              shown_piece(rule), shown_piece(piece)));
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
      reader.fail(fmt::format("merge rule {} '{}' is not two pieces with one space between", rank,
                              shown_piece(rule)));
    }
    const std::string left = rule.substr(0, space);
    const std::string right = rule.substr(space + 1);
    if (left.empty() || right.empty()) {
      reader.fail(fmt::format("merge rule {} '{}' has an empty piece", rank, shown_piece(rule)));
    }
    const TokenId left_id = id_of(left, rank, rule);
    const TokenId right_id = id_of(right, rank, rule);
    if (!vocabulary.merges.add(left_id, right_id, id_of(left + right, rank, rule))) {
      reader.fail(fmt::format("merge rule {} '{}' is there twice", rank, shown_piece(rule)));
    }
  }
}

void read_special_ids(const GgufTokenizerMetadata& reader, ByteLevelVocabulary& vocabulary) {
  vocabulary.named = reader.named_tokens(vocabulary.pieces.size());
  // Files of Llama 3 leave the key out and mean it.
  const std::string& pre = reader.text(pre_key);
  constexpr std::array<const char*, 3> names_of_llama3 = {"llama-bpe", "llama3", "llama-v3"};
  const bool is_llama3 =
      std::find(names_of_llama3.begin(), names_of_llama3.end(), pre) != names_of_llama3.end();
  const bool adds_unsaid = is_llama3 && vocabulary.named.beginning_of_text.has_value();
  vocabulary.adds_beginning = reader.flag("tokenizer.ggml.add_bos_token", adds_unsaid);
  vocabulary.ignores_merges = is_llama3 || pre == "tekken";
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

PreTokenizer read_pre_tokenizer(const GgufTokenizerMetadata& reader) {
  try {
    return PreTokenizer(reader.text(pre_key));
  } catch (const FileError&) {
    throw;
  } catch (const UserError& error) {
    reader.fail(error.what());
  }
}

enum class Algorithm { byte_level_merges, sentencepiece_merges, unigram, word_piece };

// "tokenizer.ggml.model" calls each algorithm by the first family that had it.
Algorithm algorithm_of(const GgufTokenizerMetadata& reader, const std::string& model) {
  constexpr std::array<std::pair<const char*, Algorithm>, 4> names = {
      {{"gpt2", Algorithm::byte_level_merges},
       {"llama", Algorithm::sentencepiece_merges},
       {"t5", Algorithm::unigram},
       {"bert", Algorithm::word_piece}}};
  for (const auto& [name, algorithm] : names) {
    if (model == name) return algorithm;
  }
  reader.fail(
      fmt::format("'tokenizer.ggml.model' is '{}'; this program knows gpt2 (byte-level BPE), llama "
                  "(SentencePiece BPE), t5 (Unigram) and bert (WordPiece)",
                  shown_piece(model)));
}

}  // namespace

std::shared_ptr<const Tokenizer> tokenizer_from_gguf(const json& metadata, const std::string& path) {
  const GgufTokenizerMetadata reader(metadata, path);
  if (!metadata.is_object()) reader.fail("the metadata is not a list of keys and values");
  const std::string& model = reader.text("tokenizer.ggml.model");
  switch (algorithm_of(reader, model)) {
    case Algorithm::sentencepiece_merges:
      return sentencepiece_from_gguf(reader, false);
    case Algorithm::unigram:
      return sentencepiece_from_gguf(reader, true);
    case Algorithm::word_piece:
      return word_piece_from_gguf(reader);
    case Algorithm::byte_level_merges:
      break;
  }
  PreTokenizer pre_tokenizer = read_pre_tokenizer(reader);
  ByteLevelVocabulary vocabulary;
  PieceIds ids;
  read_pieces(reader, vocabulary, ids);
  spell_out(reader, reader.types(vocabulary.pieces.size(), Type::unused), ids, vocabulary);
  read_merges(reader, ids, vocabulary);
  read_special_ids(reader, vocabulary);
  return std::make_shared<const ByteLevelTokenizer>(std::move(vocabulary), std::move(pre_tokenizer));
}

}  // namespace headlight

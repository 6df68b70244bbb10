// The keys "tokenizer.ggml.*" of a GGUF file, and what is wrong with one.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

// The token types of the GGUF specification; those of SentencePiece.
enum class GgufTokenType : std::int64_t { normal = 1, unknown, control, user_defined, unused, byte };

// All functions throw FileError, beginning with the path, for a key of another type. The metadata and the
// path outlive the reader.
class GgufTokenizerMetadata {
 public:
  GgufTokenizerMetadata(const nlohmann::json& metadata, const std::string& path)
      : metadata_(metadata), path_(path) {}

  [[noreturn]] void fail(const std::string& problem) const;
  const std::string& path() const { return path_; }
  const nlohmann::json* find(const std::string& key) const;
  const nlohmann::json& array(const std::string& key, const char* content) const;  // must be there
  const std::string& text(const std::string& key) const;                           // must be there
  bool flag(const std::string& key, bool otherwise = false) const;
  std::int64_t integer(const nlohmann::json& value, const std::string& where) const;
  std::optional<TokenId> token_id(const std::string& key, std::size_t vocabulary_size) const;

  // The pieces by id: UTF-8, at least one.
  std::vector<std::string> pieces() const;
  // A type for each piece; all normal where the file has none. `last` is the last type that is allowed.
  std::vector<GgufTokenType> types(std::size_t vocabulary_size, GgufTokenType last) const;
  // A finite score for each piece.
  std::vector<float> scores(std::size_t vocabulary_size) const;
  NamedTokens named_tokens(std::size_t vocabulary_size) const;

 private:
  const nlohmann::json& metadata_;
  const std::string& path_;
};

// A piece or a rule in a message: readable and short.
std::string shown_piece(std::string_view text);

// The kinds of "tokenizer.ggml.model" that are no byte-level BPE.
std::shared_ptr<const Tokenizer> sentencepiece_from_gguf(const GgufTokenizerMetadata& metadata,
                                                         bool is_unigram);
std::shared_ptr<const Tokenizer> word_piece_from_gguf(const GgufTokenizerMetadata& metadata);

}  // namespace headlight

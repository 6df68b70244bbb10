// Text to tokens and back. A token's span is the exact half-open byte range of the user's own text that it
// came from; special tokens that a template adds are empty spans.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

using TokenId = std::int32_t;

struct Token {
  TokenId id = 0;
  std::size_t begin = 0;  // bytes of the user's text
  std::size_t end = 0;
  bool operator==(const Token&) const = default;
};

// How one pre-token became tokens: the parts after each merge, first the single bytes.
struct MergeHistory {
  std::size_t begin = 0;  // bytes of the user's text
  std::size_t end = 0;
  std::vector<std::vector<std::string>> steps;  // each part as raw bytes
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Ids and spans, as the model's own tokenizer gives them; no tokens for an empty text. Bytes that are not
  // UTF-8 are kept: each becomes the token of that byte. Special tokens that are spelled out in the text
  // ("<|im_start|>") are recognised. A byte for which the vocabulary has no token (has_byte) gets none, as in
  // the tokenizer that trained the model; only then do the spans leave a gap.
  virtual std::vector<Token> encode(std::string_view text) const = 0;
  // One history for each special token, pre-token and invalid byte of the text, in order. Of a pre-token
  // longer than 512 bytes only the first and the last step.
  virtual std::vector<MergeHistory> merge_history(std::string_view text) const = 0;

  virtual std::int64_t vocabulary_size() const = 0;
  // The vocabulary's own spelling ("ĠParis"). Throws std::out_of_range for an id outside the vocabulary.
  virtual const std::string& piece(TokenId id) const = 0;
  // The raw bytes that the token stands for (" Paris"); of a special token its spelling.
  virtual const std::string& bytes(TokenId id) const = 0;
  virtual bool is_special(TokenId id) const = 0;
  // SmolLM2 has tokens for 235 of the 256 bytes: some control characters and bytes of unassigned planes are
  // missing.
  virtual bool has_byte(std::uint8_t byte) const = 0;
  virtual std::optional<TokenId> beginning_of_text() const = 0;
  virtual std::optional<TokenId> end_of_text() const = 0;

  std::string decode(const std::vector<TokenId>& ids) const;  // the bytes, joined
};

// Bytes as a person can read them: valid UTF-8 as it is, every other byte as "<0xEC>".
std::string readable_bytes(std::string_view bytes);
// As above, with spaces, tabs and newlines visible ("·", "→", "⏎") and other control characters as their
// bytes
// ("<0x1B>"): for chips, axes, lists and terminals.
std::string visible_bytes(std::string_view bytes);
// The offset of the first byte that is not part of valid UTF-8, if there is one.
std::optional<std::size_t> invalid_utf8_offset(std::string_view text);

// A byte-level BPE tokenizer from GGUF metadata (the keys "tokenizer.ggml.*").
// Throws FileError, beginning with `path`, when a key is missing, has another type, or names a pre-tokenizer
// or tokenizer model that this program does not know.
std::shared_ptr<const Tokenizer> tokenizer_from_gguf(const nlohmann::json& metadata, const std::string& path);

}  // namespace headlight

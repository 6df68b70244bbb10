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

// How one pre-token became tokens. Of byte-pair merging: the parts after each merge, first the single bytes
// or characters. Of WordPiece: the word, then with one part more found in each step. Of others: the tokens
// alone.
struct MergeHistory {
  std::size_t begin = 0;  // bytes of the user's text
  std::size_t end = 0;
  std::vector<std::vector<std::string>> steps;  // each part as raw bytes
};

// One piece that a Unigram model finds in a text.
struct LatticePiece {
  Token token;                 // its span in bytes of the user's text
  double log_probability = 0;  // natural logarithm, from the model
  bool is_on_best_path = false;
};

// All pieces of one word: every path through them from `begin` to `end` is a way to cut the word, and the one
// with the largest sum is the best.
struct UnigramLattice {
  std::size_t begin = 0;  // bytes of the user's text
  std::size_t end = 0;
  std::vector<LatticePiece> pieces;  // by their begin, the shorter first
  double best_log_probability = 0;   // the sum along the best path
};

// Tokens with a meaning to the model, as far as its files name them.
struct NamedTokens {
  std::optional<TokenId> beginning_of_text, end_of_text, padding, unknown, mask, separator, classification;
  std::vector<TokenId> ends;  // all tokens that end what a model generates; end_of_text among them
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Ids and spans, as the model's own tokenizer gives them; no tokens for an empty text. Special tokens that
  // a template adds by default are there, as empty spans at the begin and the end; those that are spelled out
  // in the text ("<|im_start|>") are recognised. Bytes that are not UTF-8 are kept: each becomes the token of
  // that byte, or the unknown token where the vocabulary has none for bytes. A byte that gets neither
  // (has_byte) leaves a gap between the spans, as in the tokenizer that trained the model; so does what a
  // normaliser removes.
  virtual std::vector<Token> encode(std::string_view text) const = 0;
  // One history for each special token, pre-token and invalid byte of the text, in order. Of a pre-token
  // longer than 512 bytes only the first and the last step (of other kinds than byte-level BPE: the last).
  virtual std::vector<MergeHistory> merge_history(std::string_view text) const = 0;
  // One lattice for each pre-token of a Unigram tokenizer, in order; of one longer than 512 bytes only its
  // span and the best path. Empty for other kinds.
  virtual std::vector<UnigramLattice> lattice(std::string_view text) const;

  virtual std::int64_t vocabulary_size() const = 0;
  // The vocabulary's own spelling ("ĠParis"). Throws std::out_of_range for an id outside the vocabulary.
  virtual const std::string& piece(TokenId id) const = 0;
  // The raw bytes that the token stands for (" Paris"); of a special token its spelling.
  virtual const std::string& bytes(TokenId id) const = 0;
  virtual bool is_special(TokenId id) const = 0;
  // SmolLM2 has tokens for 235 of the 256 bytes: some control characters and bytes of unassigned planes are
  // missing.
  virtual bool has_byte(std::uint8_t byte) const = 0;
  virtual const NamedTokens& named_tokens() const;  // none
  virtual std::optional<TokenId> beginning_of_text() const { return named_tokens().beginning_of_text; }
  virtual std::optional<TokenId> end_of_text() const { return named_tokens().end_of_text; }
  std::optional<TokenId> mask_token() const { return named_tokens().mask; }

  // The bytes, joined; where a tokenizer puts a space in front of a text or between words, without that space
  // in front, and with those between words.
  virtual std::string decode(const std::vector<TokenId>& ids) const;
};

// Bytes as a person can read them: valid UTF-8 as it is, every other byte as "<0xEC>".
std::string readable_bytes(std::string_view bytes);
// As above, with spaces, tabs and newlines visible ("·", "→", "⏎") and other control characters as their
// bytes
// ("<0x1B>"): for chips, axes, lists and terminals.
std::string visible_bytes(std::string_view bytes);
// The offset of the first byte that is not part of valid UTF-8, if there is one.
std::optional<std::size_t> invalid_utf8_offset(std::string_view text);

// A tokenizer from GGUF metadata (the keys "tokenizer.ggml.*").
// Throws FileError, beginning with `path`, when a key is missing, has another type, or names a pre-tokenizer
// or tokenizer model that this program does not know.
std::shared_ptr<const Tokenizer> tokenizer_from_gguf(const nlohmann::json& metadata, const std::string& path);

}  // namespace headlight

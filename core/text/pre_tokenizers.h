// Cuts text into the words that byte-pair merging never crosses.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace headlight {

struct TextSpan {
  std::size_t begin = 0;  // bytes
  std::size_t end = 0;
  bool operator==(const TextSpan&) const = default;
};

class Pattern;  // one compiled regular expression

// One or more patterns, applied one after the other: each cuts every span that the one before left, and what
// a pattern does not match stays as a span of its own. Immutable; const use from several threads is safe.
class PreTokenizer {
 public:
  // `name` as in the GGUF key "tokenizer.ggml.pre". Throws UserError, with the known names, for another one.
  explicit PreTokenizer(std::string_view name);
  ~PreTokenizer();
  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;

  // Spans that cover `text` in order. The text must be valid UTF-8 (the caller has checked:
  // std::logic_error). Throws UserError when the regular expression engine reaches a limit: never a partial
  // answer.
  std::vector<TextSpan> split(std::string_view text) const;

 private:
  std::vector<std::unique_ptr<const Pattern>> patterns_;
};

std::vector<std::string> pre_tokenizer_names();

}  // namespace headlight

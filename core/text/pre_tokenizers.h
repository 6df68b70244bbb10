// Cuts text into the words that byte-pair merging never crosses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/text/regular_expression.h"
#include "core/text/text_span.h"

namespace headlight {

// One or more patterns, applied one after the other: each cuts every span that the one before left, and what
// a pattern does not match stays as a span of its own. Immutable; const use from several threads is safe.
class PreTokenizer {
 public:
  // `name` as in the GGUF key "tokenizer.ggml.pre". Throws UserError, with the known names, for another one.
  explicit PreTokenizer(std::string_view name);

  // Spans that cover `text` in order. The text must be valid UTF-8 (the caller has checked:
  // std::logic_error). Throws UserError when the regular expression engine reaches a limit: never a partial
  // answer.
  std::vector<TextSpan> split(std::string_view text) const;

 private:
  std::vector<RegularExpression> patterns_;
};

std::vector<std::string> pre_tokenizer_names();

}  // namespace headlight

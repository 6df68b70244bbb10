// Regular expressions over UTF-8, through PCRE2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/text_span.h"

struct pcre2_real_code_8;

namespace headlight {

class RegularExpression {
 public:
  // `pattern` in PCRE2's own spelling. Throws UserError, with the place, when it does not compile.
  explicit RegularExpression(const std::string& pattern);
  ~RegularExpression();
  RegularExpression(RegularExpression&&) noexcept;
  RegularExpression& operator=(RegularExpression&&) noexcept;

  // All matches from left to right that do not overlap. The text must be valid UTF-8. Throws UserError when
  // the engine reaches a limit: never a partial answer.
  std::vector<TextSpan> matches(std::string_view text) const;

 private:
  struct Deleter {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::unique_ptr<pcre2_real_code_8, Deleter> code_;
};

// A pattern in the spelling of Oniguruma, as tokenizer.json has it, in that of PCRE2: what \s, \w, \d, \h, \b
// and [:name:] mean differs. Throws UserError, naming it, for what has no counterpart here.
std::string pattern_from_oniguruma(std::string_view pattern);
// A pattern that matches just this text.
std::string quoted_pattern(std::string_view text);

}  // namespace headlight

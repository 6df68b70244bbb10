// Translates Oniguruma's spelling of regular expressions into that of PCRE2.
#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/errors.h"
#include "core/text/regular_expression.h"
#include "core/text/tokenizer.h"

namespace headlight {
namespace {

// What may stand inside [ ]. Unicode's White_Space, written out: PCRE2's own \s also takes U+180E, which is
// none since Unicode 6.3.
constexpr const char* white_space =
    R"(\x09-\x0d\x20\x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
// Letters, marks, decimal digits and connectors; Oniguruma also has the fractions and superscripts of
// Latin-1.
constexpr const char* word = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\xb2\xb3\xb9\xbc-\xbe)";
constexpr const char* word_in_class = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";  // inside of [ ] it has not
constexpr const char* digit = R"(\p{Nd})";
constexpr const char* hexadecimal = "0-9a-fA-F";

struct NamedClass {
  std::string_view name;
  const char* content;
};
constexpr std::array<NamedClass, 9> named_classes = {{{"space", white_space},
                                                      {"word", word_in_class},
                                                      {"digit", digit},
                                                      {"xdigit", hexadecimal},
                                                      {"alpha", R"(\p{Alphabetic})"},
                                                      {"alnum", R"(\p{Alphabetic}\p{Nd})"},
                                                      {"upper", R"(\p{Uppercase})"},
                                                      {"lower", R"(\p{Lowercase})"},
                                                      {"cntrl", R"(\p{Cc})"}}};

[[noreturn]] void refuse(std::string_view pattern, std::string_view what) {
  throw UserError(fmt::format("the regular expression '{}' uses {}, which this program does not translate",
                              visible_bytes(pattern.substr(0, 200)), what));
}

class Translation {
 public:
  explicit Translation(std::string_view pattern) : pattern_(pattern) {}

  std::string run() {
    while (at_ < pattern_.size()) {
      const char here = pattern_[at_];
      if (here == '\\') {
        escape();
      } else if (is_in_class_) {
        in_class(here);
      } else if (here == '[') {
        open_class();
      } else if (here == '}' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] == '+') {
        refuse(pattern_, "'}+'");  // possessive in PCRE2, a second repetition in Oniguruma
      } else {
        copy(1);
      }
    }
    return std::move(result_);
  }

 private:
  void copy(std::size_t count) {
    result_ += pattern_.substr(at_, count);
    at_ += count;
  }

  // "{...}" that is no repetition.
  void copy_braces() {
    const std::size_t end = pattern_.find('}', at_);
    if (end != std::string_view::npos) copy(end + 1 - at_);
  }

  void put_class(const char* content, bool negated) {
    if (!is_in_class_) {
      result_ += fmt::format("[{}{}]", negated ? "^" : "", content);
    } else if (!negated) {
      result_ += content;
    } else if (content == white_space) {
      // The complement of White_Space as ranges, for it cannot be negated inside a class.
      result_ +=
          R"(\x00-\x08\x0e-\x1f\x21-\x84\x86-\x9f\xa1-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff})";
    } else if (content == digit) {
      result_ += R"(\P{Nd})";
    } else {
      refuse(pattern_, "a negated class inside [ ]");
    }
    at_ += 2;
  }

  void escape() {
    if (at_ + 1 >= pattern_.size()) refuse(pattern_, "a backslash at its end");
    const char name = pattern_[at_ + 1];
    switch (name) {
      case 's':
        return put_class(white_space, false);
      case 'S':
        return put_class(white_space, true);
      case 'w':
        return put_class(is_in_class_ ? word_in_class : word, false);
      case 'W':
        return put_class(word, true);
      case 'd':
        return put_class(digit, false);
      case 'D':
        return put_class(digit, true);
      case 'h':
        return put_class(hexadecimal, false);
      case 'H':
        return put_class(hexadecimal, true);
      case 'b':
      case 'B':
        return boundary(name == 'B');
      case 'p':
      case 'P':
        if (pattern_.substr(at_ + 2, 3) == "{Is") {  // Java's spelling of a script
          result_ += fmt::format("\\{}{{", name);
          at_ += 5;
          return copy_braces();
        }
        copy(2);
        return copy_braces();
      case 'x':
        copy(2);
        if (pattern_.substr(at_, 1) == "{") copy_braces();
        return;
      case 'K':
      case 'G':
      case 'C':
      case 'Q':
      case 'E':
      case 'X':
      case 'R':
      case 'N':
      case 'O':
      case 'y':
      case 'Y':
      case 'g':
      case 'k':
        refuse(pattern_, fmt::format("'\\{}'", name));
      default:
        return copy(2);
    }
  }

  void boundary(bool negated) {
    if (is_in_class_) {
      result_ += "\\x08";
    } else if (negated) {
      result_ += fmt::format("(?:(?<=[{0}])(?=[{0}])|(?<![{0}])(?![{0}]))", word);
    } else {
      result_ += fmt::format("(?:(?<=[{0}])(?![{0}])|(?<![{0}])(?=[{0}]))", word);
    }
    at_ += 2;
  }

  void open_class() {
    is_in_class_ = true;
    copy(1);
    if (at_ < pattern_.size() && pattern_[at_] == '^') copy(1);
    if (at_ < pattern_.size() && pattern_[at_] == ']') {
      result_ += "\\]";
      ++at_;
    }
  }

  void in_class(char here) {
    if (here == ']') {
      is_in_class_ = false;
      copy(1);
    } else if (here == '[') {
      named_class();
    } else if (pattern_.substr(at_, 2) == "&&") {
      refuse(pattern_, "'&&'");
    } else {
      copy(1);
    }
  }

  void named_class() {
    const std::size_t end = pattern_.find(":]", at_);
    if (pattern_.substr(at_, 2) == "[:" && end != std::string_view::npos) {
      const std::string_view name = pattern_.substr(at_ + 2, end - at_ - 2);
      for (const NamedClass& known : named_classes) {
        if (name != known.name) continue;
        result_ += known.content;
        at_ = end + 2;
        return;
      }
      refuse(pattern_, fmt::format("'[:{}:]'", visible_bytes(name.substr(0, 40))));
    }
    refuse(pattern_, "a class inside a class");
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  bool is_in_class_ = false;
  std::string result_;
};

constexpr std::size_t longest_pattern = 20'000;  // bytes; known ones have fewer than 1,000

}  // namespace

std::string pattern_from_oniguruma(std::string_view pattern) {
  if (pattern.size() > longest_pattern) refuse(pattern, fmt::format("{} characters", pattern.size()));
  return Translation(pattern).run();
}

std::string quoted_pattern(std::string_view text) {
  std::string result;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    const bool is_word = (value >= '0' && value <= '9') || (value >= 'A' && value <= 'Z') ||
                         (value >= 'a' && value <= 'z') || value >= 0x80;
    if (!is_word && value != 0) result.push_back('\\');
    result += value == 0 ? "\\x00" : std::string(1, byte);
  }
  return result;
}

}  // namespace headlight

// PCRE2 in UTF mode, compiled just in time where that is possible.
#include "core/text/regular_expression.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <array>
#include <new>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/text/tokenizer.h"

namespace headlight {
namespace {

std::string pcre2_message(int code) {
  std::array<PCRE2_UCHAR, 256> buffer;
  const int length = pcre2_get_error_message(code, buffer.data(), buffer.size());
  if (length < 0) return fmt::format("error {}", code);
  return {buffer.begin(), buffer.begin() + length};
}

// PCRE2's characters are unsigned bytes.
PCRE2_SPTR pcre2_text(const char* text) { return static_cast<PCRE2_SPTR>(static_cast<const void*>(text)); }

struct MatchDataDeleter {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
using MatchData = std::unique_ptr<pcre2_match_data, MatchDataDeleter>;

int match_from(const pcre2_code* code, std::string_view text, std::size_t start, pcre2_match_data* match) {
  const PCRE2_SPTR subject = pcre2_text(text.data());
  // The text was checked once; PCRE2 would check the rest of it again for every word.
  int found = pcre2_match(code, subject, text.size(), start, PCRE2_NO_UTF_CHECK, match, nullptr);
  if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
    found = pcre2_match(code, subject, text.size(), start, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, match, nullptr);
  }
  if (found < 0 && found != PCRE2_ERROR_NOMATCH) {
    throw told<UserError>(
        "The text could not be cut into words at byte {}: {}. Every text up to the engine's limits can be; "
        "shorten the longest run without a space.",
        "글을 단어로 나누지 못했습니다(바이트 {} 위치): {}. 띄어쓰기 없이 가장 긴 부분을 줄여 주세요.", start,
        pcre2_message(found));
  }
  return found;
}

std::size_t next_character(std::string_view text, std::size_t offset) {
  ++offset;
  while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U) ++offset;
  return offset;
}

}  // namespace

void RegularExpression::Deleter::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

RegularExpression::RegularExpression(const std::string& pattern) {
  int error = 0;
  PCRE2_SIZE error_offset = 0;
  // "^" and "$" are those of lines in Oniguruma; our own patterns have neither.
  code_.reset(pcre2_compile(pcre2_text(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_MULTILINE, &error,
                            &error_offset, nullptr));
  if (!code_) {
    throw UserError(fmt::format("the regular expression '{}' does not compile at {}: {}",
                                visible_bytes(pattern.substr(0, 200)), error_offset, pcre2_message(error)));
  }
  // Without just-in-time compilation (not built in, no executable memory) the interpreter gives the same
  // answer.
  pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE);
}

RegularExpression::~RegularExpression() = default;
RegularExpression::RegularExpression(RegularExpression&&) noexcept = default;
RegularExpression& RegularExpression::operator=(RegularExpression&&) noexcept = default;

std::vector<TextSpan> RegularExpression::matches(std::string_view text) const {
  std::vector<TextSpan> result;
  if (text.empty()) return result;
  const MatchData match(pcre2_match_data_create_from_pattern(code_.get(), nullptr));
  if (!match) throw std::bad_alloc();
  std::size_t start = 0;
  while (start <= text.size()) {
    if (match_from(code_.get(), text, start, match.get()) == PCRE2_ERROR_NOMATCH) break;
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(match.get());
    // \K can put the begin behind the end; such a match is none.
    if (ends[0] > ends[1] || ends[0] < start) {
      throw UserError(
          "A regular expression of the tokenizer moves the begin of its match, which is not supported.");
    }
    const bool is_empty = ends[0] == ends[1];
    // As in Oniguruma's iterator, an empty match right after another match is none.
    if (!is_empty || result.empty() || result.back().end != ends[1]) result.push_back({ends[0], ends[1]});
    start = is_empty ? next_character(text, ends[1]) : ends[1];
  }
  return result;
}

}  // namespace headlight

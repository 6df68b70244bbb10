// Pre-tokenization by regular expression, and the table of the known ones.
#include "core/text/pre_tokenizers.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pcre2.h>

#include <array>
#include <stdexcept>

#include "core/base/errors.h"
#include "core/text/tokenizer.h"

namespace headlight {
namespace {

// Unicode's White_Space property, written out: PCRE2's own \s also takes U+180E, which is none since
// Unicode 6.3.
#define WHITE_SPACE \
  R"(\x09-\x0d\x20\x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})"

// GPT-2's own pattern (Radford et al. 2019, the published encoder), with \s as above.
constexpr const char* gpt2_words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^)" WHITE_SPACE R"(\p{L}\p{N}]+|[)" WHITE_SPACE
    R"(]+(?![^)" WHITE_SPACE R"(])|[)" WHITE_SPACE R"(]+)";
constexpr const char* single_digits = R"(\p{N})";

#undef WHITE_SPACE

struct NamedPatterns {
  const char* name;
  std::vector<const char*> patterns;
};

// The names are those of "tokenizer.ggml.pre" in GGUF files.
const std::vector<NamedPatterns>& named_patterns() {
  static const std::vector<NamedPatterns> table = {
      {"smollm", {single_digits, gpt2_words}},
      {"gpt-2", {gpt2_words}},
      {"default", {gpt2_words}},
  };
  return table;
}

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

}  // namespace

class Pattern {
 public:
  explicit Pattern(const char* text) {
    int error = 0;
    PCRE2_SIZE error_offset = 0;
    code_ = pcre2_compile(pcre2_text(text), PCRE2_ZERO_TERMINATED, PCRE2_UTF, &error, &error_offset, nullptr);
    if (code_ == nullptr) {
      throw std::logic_error(
          fmt::format("pattern {} does not compile at {}: {}", text, error_offset, pcre2_message(error)));
    }
    // Without just-in-time compilation (not built in, no executable memory) the interpreter gives the same
    // answer.
    pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE);
  }
  ~Pattern() { pcre2_code_free(code_); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // Cuts text[span] into the matches and what lies between them. The pattern sees nothing outside the span.
  void split(std::string_view text, const TextSpan& span, std::vector<TextSpan>& result) const {
    const MatchData match(pcre2_match_data_create_from_pattern(code_, nullptr));
    if (!match) throw std::bad_alloc();
    const std::string_view part = text.substr(span.begin, span.end - span.begin);
    std::size_t done = 0;
    while (done < part.size()) {
      const int found = match_from(part, done, match.get());
      if (found == PCRE2_ERROR_NOMATCH) break;
      const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(match.get());
      if (ends[1] <= ends[0]) throw std::logic_error("a pre-tokenizer's pattern matched nothing");
      if (ends[0] > done) result.push_back({span.begin + done, span.begin + ends[0]});
      result.push_back({span.begin + ends[0], span.begin + ends[1]});
      done = ends[1];
    }
    if (done < part.size()) result.push_back({span.begin + done, span.end});
  }

 private:
  int match_from(std::string_view part, std::size_t start, pcre2_match_data* match) const {
    const PCRE2_SPTR subject = pcre2_text(part.data());
    // The text was checked once; PCRE2 would check the rest of it again for every word.
    int found = pcre2_match(code_, subject, part.size(), start, PCRE2_NO_UTF_CHECK, match, nullptr);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
      found =
          pcre2_match(code_, subject, part.size(), start, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, match, nullptr);
    }
    if (found < 0 && found != PCRE2_ERROR_NOMATCH) {
      throw UserError(fmt::format(
          "The text could not be cut into words at byte {}: {}. Every text up to the engine's limits can be; "
          "shorten the longest run without a space.",
          start, pcre2_message(found)));
    }
    return found;
  }

  pcre2_code* code_ = nullptr;
};

PreTokenizer::PreTokenizer(std::string_view name) {
  for (const NamedPatterns& entry : named_patterns()) {
    if (entry.name != name) continue;
    for (const char* pattern : entry.patterns) patterns_.push_back(std::make_unique<const Pattern>(pattern));
    return;
  }
  throw UserError(fmt::format("pre-tokenizer '{}' is not known; this program knows {}",
                              visible_bytes(name.substr(0, 80)), fmt::join(pre_tokenizer_names(), ", ")));
}

PreTokenizer::~PreTokenizer() = default;
PreTokenizer::PreTokenizer(PreTokenizer&&) noexcept = default;
PreTokenizer& PreTokenizer::operator=(PreTokenizer&&) noexcept = default;

std::vector<TextSpan> PreTokenizer::split(std::string_view text) const {
  if (invalid_utf8_offset(text)) throw std::logic_error("PreTokenizer::split needs valid UTF-8");
  std::vector<TextSpan> spans;
  if (!text.empty()) spans.push_back({0, text.size()});
  for (const auto& pattern : patterns_) {
    std::vector<TextSpan> finer;
    finer.reserve(spans.size());
    for (const TextSpan& span : spans) pattern->split(text, span, finer);
    spans = std::move(finer);
  }
  return spans;
}

std::vector<std::string> pre_tokenizer_names() {
  std::vector<std::string> names;
  for (const NamedPatterns& entry : named_patterns()) names.emplace_back(entry.name);
  return names;
}

}  // namespace headlight

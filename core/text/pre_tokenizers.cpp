// The table of pre-tokenizers that GGUF files name, and their application.
#include "core/text/pre_tokenizers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "core/base/errors.h"
#include "core/text/tokenizer.h"

namespace headlight {
namespace {

// In the spelling of Oniguruma, as the published tokenizer.json of each family has them.
#define LINES_AND_SPACES R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"
#define CONTRACTIONS R"((?i:'s|'t|'re|'ve|'m|'ll|'d))"
#define UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define LEAD R"([^\r\n\p{L}\p{N}]?)"

constexpr const char* gpt2_words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr const char* single_digits = R"(\p{N})";
constexpr const char* llama3_words =
    CONTRACTIONS "|" LEAD R"(\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" LINES_AND_SPACES;
constexpr const char* qwen2_words =
    CONTRACTIONS "|" LEAD R"(\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)" LINES_AND_SPACES;
constexpr const char* tekken_words =
    LEAD UPPER "*" LOWER "+|" LEAD UPPER "+" LOWER R"(*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" LINES_AND_SPACES;
constexpr const char* gpt4o_words =
    LEAD UPPER "*" LOWER "+" CONTRACTIONS "?|" LEAD UPPER "+" LOWER "*" CONTRACTIONS
               R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" LINES_AND_SPACES;
constexpr const char* bloom_words = R"( ?[^(\s|.,!?…。，、।۔،)]+)";
constexpr const char* deepseek_v3_words =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)" LINES_AND_SPACES;

#undef LINES_AND_SPACES
#undef CONTRACTIONS
#undef UPPER
#undef LOWER
#undef LEAD

struct NamedPatterns {
  std::vector<const char*> names;
  std::vector<const char*> patterns;
};

// The names are those of "tokenizer.ggml.pre" in GGUF files.
const std::vector<NamedPatterns>& named_patterns() {
  static const std::vector<NamedPatterns> table = {
      {{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"},
       {single_digits, gpt2_words}},
      {{"gpt-2", "default", "gpt-neox", "olmo", "mpt", "phi-2", "roberta-bpe", "gigachat", "jina-es",
        "jina-de", "jina-v2-es", "jina-v2-de", "modern-bert"},
       {gpt2_words}},
      {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2", "dbrx", "smaug-bpe",
        "chatglm-bpe", "glm4"},
       {llama3_words}},
      {{"qwen2", "stablelm2", "deepseek-r1-qwen", "megrez"}, {qwen2_words}},
      {{"tekken"}, {tekken_words}},
      {{"gpt-4o", "llama4"}, {gpt4o_words}},
      {{"falcon"}, {R"([\p{P}\$\+<=>\^~\|`]+)", gpt2_words, "[0-9][0-9][0-9]"}},
      {{"bloom", "gpt3-finnish", "poro-chat"}, {bloom_words}},
      {{"viking"}, {bloom_words, single_digits}},
      {{"deepseek-coder"},
       {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", R"([一-龥ࠀ-一가-\x{d7ff}]+)", single_digits}},
      {{"deepseek-v3"}, {R"(\p{N}{1,3})", R"([一-龥぀-ゟ゠-ヿ]+)", deepseek_v3_words}},
  };
  return table;
}

// Cuts text[span] into the matches and what lies between them. The pattern sees nothing outside the span.
void split_span(const RegularExpression& pattern, std::string_view text, const TextSpan& span,
                std::vector<TextSpan>& result) {
  std::size_t done = span.begin;
  for (const TextSpan& match : pattern.matches(text.substr(span.begin, span.end - span.begin))) {
    const TextSpan here{span.begin + match.begin, span.begin + match.end};
    if (here.begin > done) result.push_back({done, here.begin});
    if (here.begin < here.end) result.push_back(here);
    done = here.end;
  }
  if (done < span.end) result.push_back({done, span.end});
}

}  // namespace

PreTokenizer::PreTokenizer(std::string_view name) {
  for (const NamedPatterns& entry : named_patterns()) {
    for (const char* known : entry.names) {
      if (known != name) continue;
      for (const char* pattern : entry.patterns) patterns_.emplace_back(pattern_from_oniguruma(pattern));
      return;
    }
  }
  throw UserError(fmt::format("pre-tokenizer '{}' is not known; this program knows {}",
                              visible_bytes(name.substr(0, 80)), fmt::join(pre_tokenizer_names(), ", ")));
}

std::vector<TextSpan> PreTokenizer::split(std::string_view text) const {
  if (invalid_utf8_offset(text)) throw std::logic_error("PreTokenizer::split needs valid UTF-8");
  std::vector<TextSpan> spans;
  if (!text.empty()) spans.push_back({0, text.size()});
  for (const RegularExpression& pattern : patterns_) {
    std::vector<TextSpan> finer;
    finer.reserve(spans.size());
    for (const TextSpan& span : spans) split_span(pattern, text, span, finer);
    spans = std::move(finer);
  }
  return spans;
}

std::vector<std::string> pre_tokenizer_names() {
  std::vector<std::string> names;
  for (const NamedPatterns& entry : named_patterns())
    names.insert(names.end(), entry.names.begin(), entry.names.end());
  return names;
}

}  // namespace headlight

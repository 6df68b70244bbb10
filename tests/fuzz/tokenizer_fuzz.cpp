// Fuzzes the tokenizer: the first byte says whether the rest is a text to encode or metadata to refuse.
// Run from the repository root, with a corpus folder: build/fuzz/tokenizer_fuzz corpus/
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/errors.h"
#include "core/text/graphemes.h"
#include "core/text/tokenizer.h"
#include "tests/core/source_dir.h"

namespace {

using headlight::Tokenizer;

const nlohmann::json& sound_metadata() {
  static const nlohmann::json metadata =
      nlohmann::json::parse(std::ifstream(headlight::source_dir() + "/tests/golden/tokenizer_small.json"))
          .at("metadata");
  return metadata;
}

void check(bool holds) {
  if (!holds) std::abort();
}

void fuzz_text(const Tokenizer& tokenizer, const std::string& text) {
  std::size_t end = 0;
  for (const headlight::Token& token : tokenizer.encode(text)) {
    check(token.begin == end &&
          tokenizer.bytes(token.id) == text.substr(token.begin, token.end - token.begin));
    end = token.end;
  }
  check(end == text.size());
  tokenizer.merge_history(text);
  end = 0;
  for (const auto& span : headlight::grapheme_spans(text)) {
    check(span.first == end && span.second > end);
    end = span.second;
  }
  check(end == text.size());
  check(!headlight::invalid_utf8_offset(headlight::visible_bytes(text)));
}

// The text is a JSON object whose keys replace those of sound metadata.
void fuzz_metadata(const std::string& text) {
  const nlohmann::json changes = nlohmann::json::parse(text, nullptr, false);
  if (!changes.is_object()) return;
  nlohmann::json metadata = sound_metadata();
  for (const auto& [key, value] : changes.items()) metadata["tokenizer.ggml." + key] = value;
  try {
    headlight::tokenizer_from_gguf(metadata, "fuzz")->encode("The lamp <|im_end|> 한글 12");
  } catch (const headlight::FileError& error) {
    check(!headlight::invalid_utf8_offset(error.what()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto tokenizer = headlight::tokenizer_from_gguf(sound_metadata(), "small");
  if (size == 0) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 4 == 0) {
    fuzz_metadata(rest);
  } else {
    fuzz_text(*tokenizer, rest);
  }
  return 0;
}

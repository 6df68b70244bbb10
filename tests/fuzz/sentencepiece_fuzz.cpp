// Fuzzes SentencePiece models.
// Run from the repository root, with a corpus folder: build/fuzz/sentencepiece_fuzz
// tests/fuzz/corpus/sentencepiece/
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/base/errors.h"
#include "core/text/hugging_face_tokenizer.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  headlight::HuggingFaceTokenizerFiles files;
  files.sentencepiece_model = std::string(reinterpret_cast<const char*>(data), size);
  const std::string text = "The lamp <s> 등불 e\u0301 12\xFF\n  x";
  try {
    const auto tokenizer = headlight::tokenizer_from_hugging_face(files, "fuzz");
    for (const headlight::Token& token : tokenizer->encode(text)) {
      check(token.begin <= token.end && token.end <= text.size());
      tokenizer->bytes(token.id);
    }
    tokenizer->merge_history(text);
    tokenizer->lattice(text);
  } catch (const headlight::UserError& error) {
    check(!headlight::invalid_utf8_offset(error.what()));
  }
  return 0;
}

// Fuzzes tokenizer.json: the input is a JSON object whose fields replace those of a sound file, a few at a
// time. Run from the repository root, with a corpus folder: build/fuzz/tokenizer_json_fuzz
// tests/fuzz/corpus/tokenizer_json/
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/base/errors.h"
#include "tests/core/text/tokenizer_kinds.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<nlohmann::json> sound = [] {
    std::vector<nlohmann::json> documents;
    for (const char* name : {"llama3", "bert_cased", "xlmr", "gemma"})
      documents.push_back(headlight::test::kind_json(name));
    return documents;
  }();
  if (size == 0) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const nlohmann::json changes = nlohmann::json::parse(rest, nullptr, false);
  if (!changes.is_object()) return 0;
  nlohmann::json document = sound[data[0] % sound.size()];
  document.merge_patch(changes);
  const std::string text = "The lamp <s> [MASK] 등불 e\u0301 12\xFF\n  x";
  try {
    const auto tokenizer = headlight::test::tokenizer_of(document);
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

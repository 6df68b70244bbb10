// libFuzzer target for the JSON files of a Hugging Face directory: the first byte says which, the rest is its
// text. Any text is refused with a printable FileError; what is accepted is what the JSON library reads, and
// an index names nothing outside its directory.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/base/errors.h"
#include "core/model_files/hugging_face_directory.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void check_config(std::string_view text) {
  const nlohmann::json config = headlight::parse_config("fuzz", text);
  check(config.is_object() && config == nlohmann::json::parse(text));
}

void check_index(std::string_view text) {
  for (const auto& [tensor, file] : headlight::parse_shard_index("fuzz", text)) {
    check(file.size() <= 255 && file.ends_with(".safetensors"));
    for (const char letter : file) check(letter != '/' && letter != '\\' && letter != '\0');
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(input) + 1, size - 1);
  try {
    input[0] % 2 == 0 ? check_config(text) : check_index(text);
  } catch (const headlight::FileError& error) {
    for (const char letter : std::string_view(error.what())) check(letter >= 0x20 && letter < 0x7F);
  }
  return 0;
}

// libFuzzer target: any bytes are refused with FileError, are no GGUF file, or give tensors that can be
// decoded. Good seeds: the tests/golden/*.gguf files.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/errors.h"
#include "core/model_files/gguf_file.h"
#include "core/model_files/model_file_list.h"

namespace {

void decode_ends(const headlight::StoredTensor& tensor) {
  const std::int64_t columns = tensor.shape.back();
  const auto row = static_cast<std::size_t>(headlight::row_bytes(tensor.format, columns));
  std::vector<float> values(static_cast<std::size_t>(columns));
  headlight::decode_row(tensor.format, tensor.bytes.data(), columns, values.data());
  headlight::decode_row(tensor.format, tensor.bytes.data() + (tensor.bytes.size() - row), columns,
                        values.data());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(input), size);
  try {
    const auto file = headlight::open_gguf_bytes("fuzz", bytes, nullptr);
    if (file == nullptr) headlight::refuse_foreign_file("fuzz", bytes);
    std::for_each(file->tensors().begin(), file->tensors().end(), decode_ends);
  } catch (const headlight::FileError&) {  // the only exception that bytes may cause
  }
  return 0;
}

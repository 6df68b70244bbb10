// libFuzzer target: any bytes are refused with FileError or give tensors that can be decoded to their last
// byte.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "core/base/errors.h"
#include "core/model_files/safetensors_file.h"

namespace {

// The whole tensor as one row: bytes outside the input are AddressSanitizer's to find.
void decode(const headlight::StoredTensor& tensor) {
  const std::int64_t each = headlight::block_bytes(tensor.format);
  const auto size = static_cast<std::int64_t>(tensor.bytes.size());
  const bool none = std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end();
  std::int64_t count = none ? 0 : 1;
  if (!none) {  // otherwise the other lengths may be of any size
    for (const std::int64_t length : tensor.shape) count *= length;
  }
  if (size != count * each) std::abort();
  std::vector<float> values(static_cast<std::size_t>(count));
  headlight::decode_row(tensor.format, tensor.bytes.data(), count, values.data());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(input), size);
  try {
    for (const headlight::StoredTensor& tensor : headlight::read_safetensors("fuzz", bytes)) decode(tensor);
  } catch (const headlight::FileError&) {  // the only exception that bytes may cause
  }
  return 0;
}

// libFuzzer target for NumPy arrays: any bytes are refused with a FileError or give as many numbers as their
// shape says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/errors.h"
#include "core/forward/npz_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  try {
    const headlight::NumpyArray array =
        headlight::parse_npy({reinterpret_cast<const char*>(input), size}, "fuzz");
    std::int64_t count = 1;
    for (const std::int64_t axis : array.shape) count *= axis;
    if (count != static_cast<std::int64_t>(array.values.size())) std::abort();
  } catch (const headlight::FileError&) {
  }
  return 0;
}

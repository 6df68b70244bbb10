// The committed tiny model, cut at every byte and with every header byte changed: refused or opened, never
// worse.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "core/base/errors.h"
#include "tests/core/model_files/gguf_builder.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

std::string tiny_file() {
  std::ifstream file(source_dir() + "/tests/golden/tiny_llama_q.gguf", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Where the tensor data begins, and where the last tensor ends.
struct DataRegion {
  std::size_t begin = 0;
  std::size_t end = 0;
};

DataRegion data_region(const std::string& bytes) {
  const std::shared_ptr<const void> not_owned;
  const std::span<const std::byte> span(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size());
  const auto file = open_gguf_bytes("tiny", span, not_owned);
  DataRegion region{bytes.size(), 0};
  for (const StoredTensor& tensor : file->tensors()) {
    const auto begin = static_cast<std::size_t>(tensor.bytes.data() - span.data());
    region.begin = std::min(region.begin, begin);
    region.end = std::max(region.end, begin + tensor.bytes.size());
  }
  return region;
}

bool refused(std::string_view bytes) {
  try {
    const auto file = open_copy(bytes);
    if (file == nullptr) return true;  // the magic word itself is damaged: no GGUF file
    // What was opened must be readable to its last byte (AddressSanitizer watches).
    for (const StoredTensor& tensor : file->tensors()) {
      const std::int64_t columns = tensor.shape.back();
      const std::int64_t row = row_bytes(tensor.format, columns);
      std::vector<float> values(static_cast<std::size_t>(columns));
      decode_row(tensor.format, tensor.bytes.data(), columns, values.data());
      decode_row(tensor.format, tensor.bytes.data() + (tensor.bytes.size() - static_cast<std::size_t>(row)),
                 columns, values.data());
    }
    return false;
  } catch (const FileError&) {
    return true;
  }
}

TEST(DamagedGguf, EveryCutIsRefused) {
  const std::string bytes = tiny_file();
  ASSERT_GT(bytes.size(), 100000U);
  ASSERT_FALSE(refused(bytes));
  const DataRegion data = data_region(bytes);
  ASSERT_EQ(data.end, bytes.size()) << "padding after the last tensor could be cut off unnoticed";
  // Every byte of the header; of the data, where every cut takes the same path, every 997th and the last
  // ones.
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const bool sampled = size <= data.begin || size % 997 == 0 || size + 3 > bytes.size();
    if (sampled) {
      ASSERT_TRUE(refused(std::string_view(bytes).substr(0, size))) << "cut at " << size;
    }
  }
}

TEST(DamagedGguf, EveryChangedHeaderByteIsRefusedOrOpened) {
  std::string bytes = tiny_file();
  const DataRegion data = data_region(bytes);
  ASSERT_GT(data.begin, 5000U);
  std::size_t refusals = 0;
  std::size_t openings = 0;
  for (std::size_t place = 0; place < data.begin; ++place) {
    // All bits, and one of them in turn: a changed letter of a string is no error, a changed length is.
    for (const int bits : {0xFF, 1 << (place % 8)}) {
      const char original = bytes[place];
      bytes[place] = static_cast<char>(original ^ bits);
      ++(refused(bytes) ? refusals : openings);
      bytes[place] = original;
    }
  }
  EXPECT_GT(refusals, 1000U);
  EXPECT_GT(openings, 1000U);
}

}  // namespace
}  // namespace headlight

// Writes small GGUF files for tests, with every header field in the open so that a test can break exactly
// one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model_files/gguf_file.h"

namespace headlight {

// Little-endian bytes, one after the other.
class ByteWriter {
 public:
  template <typename Number>
  ByteWriter& number(Number value) {
    char raw[sizeof(Number)];
    std::memcpy(raw, &value, sizeof(Number));
    bytes_.append(raw, sizeof(Number));
    return *this;
  }
  ByteWriter& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  ByteWriter& text(std::string_view value) { return number<std::uint64_t>(value.size()).raw(value); }
  ByteWriter& pad_to(std::size_t alignment) {
    while (bytes_.size() % alignment != 0) bytes_ += '\0';
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// GGUF's numbers for value types and number formats; written out here so that the tests do not share our
// tables.
namespace gguf_type {
constexpr std::uint32_t uint8 = 0, int8 = 1, uint16 = 2, int16 = 3, uint32 = 4, int32 = 5, float32 = 6,
                        boolean = 7, string = 8, array = 9, uint64 = 10, int64 = 11, float64 = 12;
}
namespace ggml_number {
constexpr std::uint32_t f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q8_0 = 8, q6_k = 14, iq2_xxs = 16;
}

struct GgufPair {
  std::string key;
  std::uint32_t type = gguf_type::uint32;
  std::string value;                             // as stored, without the type
  std::optional<std::uint64_t> key_length = {};  // instead of the true one
};

struct GgufTensor {
  std::string name;
  std::vector<std::uint64_t> dimensions;  // fastest axis first, as in the file
  std::uint32_t format = ggml_number::f32;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> name_length = {};  // instead of the true one
  std::optional<std::uint32_t> dimension_count = {};
};

struct GgufFields {
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::optional<std::uint64_t> tensor_count = {};  // instead of the true ones
  std::optional<std::uint64_t> pair_count = {};
  std::vector<GgufPair> pairs;
  std::vector<GgufTensor> tensors;
  std::size_t alignment = 32;  // of the start of the data
  std::string data;
};

inline std::string gguf_bytes(const GgufFields& fields) {
  ByteWriter out;
  out.raw(fields.magic).number(fields.version);
  out.number<std::uint64_t>(fields.tensor_count.value_or(fields.tensors.size()));
  out.number<std::uint64_t>(fields.pair_count.value_or(fields.pairs.size()));
  for (const GgufPair& pair : fields.pairs) {
    out.number<std::uint64_t>(pair.key_length.value_or(pair.key.size())).raw(pair.key);
    out.number(pair.type).raw(pair.value);
  }
  for (const GgufTensor& tensor : fields.tensors) {
    out.number<std::uint64_t>(tensor.name_length.value_or(tensor.name.size())).raw(tensor.name);
    out.number<std::uint32_t>(
        tensor.dimension_count.value_or(static_cast<std::uint32_t>(tensor.dimensions.size())));
    for (const std::uint64_t length : tensor.dimensions) out.number(length);
    out.number(tensor.format).number(tensor.offset);
  }
  return out.pad_to(fields.alignment).raw(fields.data).bytes();
}

inline std::string array_value(std::uint32_t type, std::uint64_t count, std::string_view values) {
  return ByteWriter().number(type).number(count).raw(values).bytes();
}

// A correct file: two keys, a [2, 3] F32 tensor of 24 bytes at 0 and a [32] Q8_0 tensor of 34 bytes at 32.
inline GgufFields correct_gguf() {
  GgufFields fields;
  fields.pairs = {{"general.architecture", gguf_type::string, ByteWriter().text("llama").bytes()},
                  {"llama.block_count", gguf_type::uint32, ByteWriter().number<std::uint32_t>(3).bytes()}};
  fields.tensors = {{"first.weight", {3, 2}, ggml_number::f32, 0},
                    {"second.weight", {32}, ggml_number::q8_0, 32}};
  ByteWriter data;
  for (int i = 0; i < 6; ++i) data.number(static_cast<float>(i) + 0.5F);
  data.pad_to(32).number<std::uint16_t>(0x3C00);  // half-precision 1
  for (int i = 0; i < 32; ++i) data.number(static_cast<std::int8_t>(i - 16));
  fields.data = data.bytes();
  return fields;
}

// Opens a copy in a heap block of exactly this size, so that AddressSanitizer sees every read past its end.
inline std::shared_ptr<const ModelFile> open_copy(std::string_view bytes) {
  const std::shared_ptr<std::byte[]> copy(new std::byte[bytes.size()]);
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  return open_gguf_bytes("test.gguf", {copy.get(), bytes.size()}, copy);
}

}  // namespace headlight

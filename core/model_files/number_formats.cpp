// Decodes rows of weights, bit for bit as ggml's reference decoder does.
//
// Every block format stores 32 values: a scale (half precision), sometimes a minimum (half) and the fifth
// bits (32 of them, little-endian), then the low four bits: byte i holds value i below and value i + 16
// above. scale x number is exact in float32 (11 + 8 bits at most), so a fused multiply-add changes nothing.
#include "core/model_files/number_formats.h"

#include <stdexcept>

#include "core/base/byte_reader.h"
#include "core/base/half_precision.h"

namespace headlight {
namespace {

constexpr std::int64_t values_in_block = 32;
constexpr std::int64_t half_block = values_in_block / 2;

float load_half(const std::byte* bytes) { return float_from_half(little_endian<std::uint16_t>(bytes)); }

int low_bits(std::byte packed) { return static_cast<int>(packed & std::byte{0x0F}); }
int high_bits(std::byte packed) { return static_cast<int>(packed >> 4); }
// Value `index`'s fifth bit, moved to where it belongs.
int fifth_bit(std::uint32_t fifth_bits, std::int64_t index) {
  return static_cast<int>((fifth_bits >> index) & 1U) << 4;
}

void decode_q4_0(const std::byte* block, float* values) {
  const float scale = load_half(block);
  for (std::int64_t i = 0; i < half_block; ++i) {
    const std::byte packed = block[2 + i];
    values[i] = scale * static_cast<float>(low_bits(packed) - 8);
    values[i + half_block] = scale * static_cast<float>(high_bits(packed) - 8);
  }
}

void decode_q4_1(const std::byte* block, float* values) {
  const float scale = load_half(block);
  const float minimum = load_half(block + 2);
  for (std::int64_t i = 0; i < half_block; ++i) {
    const std::byte packed = block[4 + i];
    values[i] = scale * static_cast<float>(low_bits(packed)) + minimum;
    values[i + half_block] = scale * static_cast<float>(high_bits(packed)) + minimum;
  }
}

void decode_q5_0(const std::byte* block, float* values) {
  const float scale = load_half(block);
  const auto fifth_bits = little_endian<std::uint32_t>(block + 2);
  for (std::int64_t i = 0; i < half_block; ++i) {
    const std::byte packed = block[6 + i];
    const int low = low_bits(packed) | fifth_bit(fifth_bits, i);
    const int high = high_bits(packed) | fifth_bit(fifth_bits, i + half_block);
    values[i] = scale * static_cast<float>(low - 16);
    values[i + half_block] = scale * static_cast<float>(high - 16);
  }
}

void decode_q5_1(const std::byte* block, float* values) {
  const float scale = load_half(block);
  const float minimum = load_half(block + 2);
  const auto fifth_bits = little_endian<std::uint32_t>(block + 4);
  for (std::int64_t i = 0; i < half_block; ++i) {
    const std::byte packed = block[8 + i];
    const int low = low_bits(packed) | fifth_bit(fifth_bits, i);
    const int high = high_bits(packed) | fifth_bit(fifth_bits, i + half_block);
    values[i] = scale * static_cast<float>(low) + minimum;
    values[i + half_block] = scale * static_cast<float>(high) + minimum;
  }
}

void decode_q8_0(const std::byte* block, float* values) {
  const float scale = load_half(block);
  for (std::int64_t i = 0; i < values_in_block; ++i) {
    values[i] = scale * static_cast<float>(little_endian<std::int8_t>(block + 2 + i));
  }
}

void decode_f32(const std::byte* bytes, float* value) { *value = little_endian<float>(bytes); }
void decode_f16(const std::byte* bytes, float* value) { *value = load_half(bytes); }
void decode_bf16(const std::byte* bytes, float* value) {
  *value = float_from_bfloat(little_endian<std::uint16_t>(bytes));
}

// The loop over a row, made once for each format so that its body is inlined.
template <NumberFormat format, void (*decode)(const std::byte*, float*)>
void decode_blocks(const std::byte* row, std::int64_t columns, float* values) {
  const std::int64_t bytes_each = block_bytes(format);
  const std::int64_t values_each = block_values(format);
  for (std::int64_t column = 0; column < columns; column += values_each, row += bytes_each) {
    decode(row, values + column);
  }
}

}  // namespace

std::string_view number_format_name(NumberFormat format) {
  switch (format) {
    case NumberFormat::f32:
      return "F32";
    case NumberFormat::f16:
      return "F16";
    case NumberFormat::bf16:
      return "BF16";
    case NumberFormat::q4_0:
      return "Q4_0";
    case NumberFormat::q4_1:
      return "Q4_1";
    case NumberFormat::q5_0:
      return "Q5_0";
    case NumberFormat::q5_1:
      return "Q5_1";
    case NumberFormat::q8_0:
      return "Q8_0";
  }
  throw std::logic_error("number_format_name: unknown number format");
}

std::int64_t block_values(NumberFormat format) {
  switch (format) {
    case NumberFormat::f32:
    case NumberFormat::f16:
    case NumberFormat::bf16:
      return 1;
    case NumberFormat::q4_0:
    case NumberFormat::q4_1:
    case NumberFormat::q5_0:
    case NumberFormat::q5_1:
    case NumberFormat::q8_0:
      return values_in_block;
  }
  throw std::logic_error("block_values: unknown number format");
}

std::int64_t block_bytes(NumberFormat format) {
  switch (format) {
    case NumberFormat::f32:
      return 4;
    case NumberFormat::f16:
      return 2;
    case NumberFormat::bf16:
      return 2;
    case NumberFormat::q4_0:
      return 2 + 16;
    case NumberFormat::q4_1:
      return 2 + 2 + 16;
    case NumberFormat::q5_0:
      return 2 + 4 + 16;
    case NumberFormat::q5_1:
      return 2 + 2 + 4 + 16;
    case NumberFormat::q8_0:
      return 2 + 32;
  }
  throw std::logic_error("block_bytes: unknown number format");
}

std::int64_t row_bytes(NumberFormat format, std::int64_t columns) {
  if (columns < 0 || columns % block_values(format) != 0) {
    throw std::logic_error("row_bytes: the row is not a whole number of blocks");
  }
  return columns / block_values(format) * block_bytes(format);
}

void decode_row(NumberFormat format, const std::byte* row, std::int64_t columns, float* values) {
  row_bytes(format, columns);  // throws when the row is not a whole number of blocks
  switch (format) {
    case NumberFormat::f32:
      return decode_blocks<NumberFormat::f32, decode_f32>(row, columns, values);
    case NumberFormat::f16:
      return decode_blocks<NumberFormat::f16, decode_f16>(row, columns, values);
    case NumberFormat::bf16:
      return decode_blocks<NumberFormat::bf16, decode_bf16>(row, columns, values);
    case NumberFormat::q4_0:
      return decode_blocks<NumberFormat::q4_0, decode_q4_0>(row, columns, values);
    case NumberFormat::q4_1:
      return decode_blocks<NumberFormat::q4_1, decode_q4_1>(row, columns, values);
    case NumberFormat::q5_0:
      return decode_blocks<NumberFormat::q5_0, decode_q5_0>(row, columns, values);
    case NumberFormat::q5_1:
      return decode_blocks<NumberFormat::q5_1, decode_q5_1>(row, columns, values);
    case NumberFormat::q8_0:
      return decode_blocks<NumberFormat::q8_0, decode_q8_0>(row, columns, values);
  }
}

}  // namespace headlight

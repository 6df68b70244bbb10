// Decodes rows of weights, bit for bit as ggml's reference decoder does.
//
// Every block format stores 32 values: a scale (half precision), sometimes a minimum (half) and the fifth
// bits (32 of them, little-endian), then the low four bits: byte i holds value i below and value i + 16
// above. scale x number is exact in float32 (11 + 8 bits at most), so a fused multiply-add changes nothing.
#include "core/model_files/number_formats.h"

#include <bit>
#include <cstring>
#include <stdexcept>

namespace headlight {
namespace {

constexpr std::int64_t values_in_block = 32;
constexpr std::int64_t half_block = values_in_block / 2;

template <typename Number>
Number load(const std::byte* bytes) {
  Number value;
  std::memcpy(&value, bytes, sizeof(Number));
  return value;
}

// IEEE 754 binary16 to binary32, exact for every one of the 65,536 patterns (subnormals, infinities, NaN).
float float_from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t fraction = half & 0x3FFU;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (fraction << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  const float magnitude =
      static_cast<float>(fraction) * 0x1p-24F;  // subnormal half: exact, normal in float32
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

float load_half(const std::byte* bytes) { return float_from_half(load<std::uint16_t>(bytes)); }

float load_bfloat(const std::byte* bytes) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(bytes)) << 16);
}

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
  const auto fifth_bits = load<std::uint32_t>(block + 2);
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
  const auto fifth_bits = load<std::uint32_t>(block + 4);
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
    values[i] = scale * static_cast<float>(load<std::int8_t>(block + 2 + i));
  }
}

void decode_block(NumberFormat format, const std::byte* block, float* values) {
  switch (format) {
    case NumberFormat::f32:
      values[0] = load<float>(block);
      return;
    case NumberFormat::f16:
      values[0] = load_half(block);
      return;
    case NumberFormat::bf16:
      values[0] = load_bfloat(block);
      return;
    case NumberFormat::q4_0:
      decode_q4_0(block, values);
      return;
    case NumberFormat::q4_1:
      decode_q4_1(block, values);
      return;
    case NumberFormat::q5_0:
      decode_q5_0(block, values);
      return;
    case NumberFormat::q5_1:
      decode_q5_1(block, values);
      return;
    case NumberFormat::q8_0:
      decode_q8_0(block, values);
      return;
  }
  throw std::logic_error("decode_block: unknown number format");
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
  const std::int64_t bytes = row_bytes(format, columns);
  if (format == NumberFormat::f32) {
    if (bytes > 0) std::memcpy(values, row, static_cast<std::size_t>(bytes));
    return;
  }
  const std::int64_t step = block_bytes(format);
  for (std::int64_t offset = 0; offset < bytes; offset += step, values += block_values(format)) {
    decode_block(format, row + offset, values);
  }
}

}  // namespace headlight

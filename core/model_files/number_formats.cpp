// Decodes rows of weights, bit for bit as ggml's reference decoder does.
//
// The block formats here store 32 values: a scale (half precision), sometimes a minimum (half) and the fifth
// bits (32 of them, little-endian), then the low four bits: byte i holds value i below and value i + 16
// above. scale x number is exact in float32 (11 + 8 bits at most), so a fused multiply-add changes nothing.
// Blocks of 256 are in super_blocks.cpp.
#include "core/model_files/number_formats.h"

#include <array>
#include <bit>
#include <limits>
#include <stdexcept>

#include "core/base/byte_reader.h"
#include "core/base/half_precision.h"
#include "core/model_files/super_blocks.h"

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

// A number as C++ knows it; float32 rounds it once, to the nearest.
template <typename Number>
void decode_number(const std::byte* bytes, float* value) {
  *value = static_cast<float>(little_endian<Number>(bytes));
}

void decode_f16(const std::byte* bytes, float* value) { *value = load_half(bytes); }
void decode_bf16(const std::byte* bytes, float* value) {
  *value = float_from_bfloat(little_endian<std::uint16_t>(bytes));
}

void decode_boolean(const std::byte* bytes, float* value) { *value = *bytes == std::byte{0} ? 0.0F : 1.0F; }

// One sign bit, four bits of exponent with bias 7, three of fraction; no infinities, and only 0x7F and 0xFF
// are NaN. Multiplying by a power of two moves the exponent exactly, also from a subnormal number.
void decode_f8_e4m3(const std::byte* bytes, float* value) {
  const auto pattern = little_endian<std::uint8_t>(bytes);
  const std::uint32_t magnitude = pattern & 0x7FU;
  const float size = magnitude == 0x7F ? std::numeric_limits<float>::quiet_NaN()
                                       : std::bit_cast<float>(magnitude << 20) * 0x1p120F;
  *value = (pattern & 0x80U) != 0 ? -size : size;
}

// The upper byte of a half.
void decode_f8_e5m2(const std::byte* bytes, float* value) {
  *value = float_from_half(static_cast<std::uint16_t>(little_endian<std::uint8_t>(bytes) << 8));
}

// The loop over a row, made once for each format so that its body is inlined.
template <std::int64_t values_each, std::int64_t bytes_each, void (*decode)(const std::byte*, float*)>
void decode_blocks(const std::byte* row, std::int64_t columns, float* values) {
  for (std::int64_t column = 0; column < columns; column += values_each, row += bytes_each) {
    decode(row, values + column);
  }
}

struct Layout {
  NumberFormat format;
  std::string_view name;
  bool weights;
  std::int64_t values;  // a block
  std::int64_t bytes;
  void (*decode_row)(const std::byte* row, std::int64_t columns, float* values);
};

template <std::int64_t values, std::int64_t bytes, void (*decode)(const std::byte*, float*)>
constexpr Layout layout(NumberFormat format, std::string_view name, bool weights = true) {
  return {format, name, weights, values, bytes, decode_blocks<values, bytes, decode>};
}

constexpr bool no_weights = false;
constexpr std::array layouts = {
    layout<1, 4, decode_number<float>>(NumberFormat::f32, "F32"),
    layout<1, 2, decode_f16>(NumberFormat::f16, "F16"),
    layout<1, 2, decode_bf16>(NumberFormat::bf16, "BF16"),
    layout<32, 2 + 16, decode_q4_0>(NumberFormat::q4_0, "Q4_0"),
    layout<32, 2 + 2 + 16, decode_q4_1>(NumberFormat::q4_1, "Q4_1"),
    layout<32, 2 + 4 + 16, decode_q5_0>(NumberFormat::q5_0, "Q5_0"),
    layout<32, 2 + 2 + 4 + 16, decode_q5_1>(NumberFormat::q5_1, "Q5_1"),
    layout<32, 2 + 32, decode_q8_0>(NumberFormat::q8_0, "Q8_0"),
    layout<1, 8, decode_number<double>>(NumberFormat::f64, "F64"),
    layout<256, 16 + 64 + 2 + 2, decode_q2_k>(NumberFormat::q2_k, "Q2_K"),
    layout<256, 32 + 64 + 12 + 2, decode_q3_k>(NumberFormat::q3_k, "Q3_K"),
    layout<256, 2 + 2 + 12 + 128, decode_q4_k>(NumberFormat::q4_k, "Q4_K"),
    layout<256, 2 + 2 + 12 + 32 + 128, decode_q5_k>(NumberFormat::q5_k, "Q5_K"),
    layout<256, 128 + 64 + 16 + 2, decode_q6_k>(NumberFormat::q6_k, "Q6_K"),
    layout<32, 2 + 16, decode_iq4_nl>(NumberFormat::iq4_nl, "IQ4_NL"),
    layout<256, 2 + 2 + 4 + 128, decode_iq4_xs>(NumberFormat::iq4_xs, "IQ4_XS"),
    layout<1, 1, decode_number<std::int8_t>>(NumberFormat::i8, "I8", no_weights),
    layout<1, 2, decode_number<std::int16_t>>(NumberFormat::i16, "I16", no_weights),
    layout<1, 4, decode_number<std::int32_t>>(NumberFormat::i32, "I32", no_weights),
    layout<1, 8, decode_number<std::int64_t>>(NumberFormat::i64, "I64", no_weights),
    layout<1, 1, decode_number<std::uint8_t>>(NumberFormat::u8, "U8", no_weights),
    layout<1, 2, decode_number<std::uint16_t>>(NumberFormat::u16, "U16", no_weights),
    layout<1, 4, decode_number<std::uint32_t>>(NumberFormat::u32, "U32", no_weights),
    layout<1, 8, decode_number<std::uint64_t>>(NumberFormat::u64, "U64", no_weights),
    layout<1, 1, decode_boolean>(NumberFormat::boolean, "BOOL", no_weights),
    layout<1, 1, decode_f8_e4m3>(NumberFormat::f8_e4m3, "F8_E4M3", no_weights),
    layout<1, 1, decode_f8_e5m2>(NumberFormat::f8_e5m2, "F8_E5M2", no_weights),
};

constexpr bool in_the_order_of_the_enumerators() {
  for (std::size_t i = 0; i < layouts.size(); ++i) {
    if (layouts[i].format != static_cast<NumberFormat>(i)) return false;
  }
  return layouts.size() == static_cast<std::size_t>(NumberFormat::f8_e5m2) + 1;
}
static_assert(in_the_order_of_the_enumerators());

const Layout& layout_of(NumberFormat format) {
  const auto index = static_cast<std::size_t>(format);
  if (index >= layouts.size()) throw std::logic_error("unknown number format");
  return layouts[index];
}

}  // namespace

std::string_view number_format_name(NumberFormat format) { return layout_of(format).name; }
bool is_weight_format(NumberFormat format) { return layout_of(format).weights; }
std::int64_t block_values(NumberFormat format) { return layout_of(format).values; }
std::int64_t block_bytes(NumberFormat format) { return layout_of(format).bytes; }

std::int64_t row_bytes(NumberFormat format, std::int64_t columns) {
  const Layout& block = layout_of(format);
  if (columns < 0 || columns % block.values != 0) {
    throw std::logic_error("row_bytes: the row is not a whole number of blocks");
  }
  return columns / block.values * block.bytes;
}

void decode_row(NumberFormat format, const std::byte* row, std::int64_t columns, float* values) {
  row_bytes(format, columns);  // throws when the row is not a whole number of blocks
  layout_of(format).decode_row(row, columns, values);
}

const float* floats_in_place(NumberFormat format, const std::byte* bytes) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(bytes) % alignof(float) == 0;
  return format == NumberFormat::f32 && aligned ? reinterpret_cast<const float*>(bytes) : nullptr;
}

}  // namespace headlight

// One weight out of a packed row, wherever it stands: what a thread of a GPU asks for. The same bits as
// decode_row() (core/model_files/number_formats.h), where the layouts are explained; a test compares them for
// every format. Plain C++ that nvcc and the host's compiler both read.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/backends/cuda/device_code.h"
#include "core/model_files/number_formats.h"

namespace headlight::packed {

template <class Number>
HEADLIGHT_DEVICE Number read(const unsigned char* bytes) {
  Number number;
  memcpy(&number, bytes, sizeof(Number));
  return number;
}

HEADLIGHT_DEVICE inline float float_of_bits(std::uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof(float));
  return value;
}

HEADLIGHT_DEVICE inline float half(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1FU, fraction = bits & 0x3FFU;
  if (exponent == 0x1F) return float_of_bits(sign | 0x7F800000U | (fraction << 13));
  if (exponent != 0) return float_of_bits(sign | ((exponent + 112) << 23) | (fraction << 13));
  const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
  return sign != 0 ? -magnitude : magnitude;
}

// Weights begin where the device's memory does, and blocks with halves in them are an even number of bytes.
template <class Number>
HEADLIGHT_DEVICE Number aligned(const unsigned char* bytes) {
  return *reinterpret_cast<const Number*>(bytes);
}
HEADLIGHT_DEVICE inline float half_at(const unsigned char* bytes) {
  return half(aligned<std::uint16_t>(bytes));
}

HEADLIGHT_DEVICE inline int bits(unsigned char byte, int first, int count) {
  return (byte >> first) & ((1 << count) - 1);
}

// A product and a sum that are each rounded: a GPU's compiler would make one rounding of them.
HEADLIGHT_DEVICE inline float product_plus(float a, float b, float c) {
#ifdef __CUDA_ARCH__
  return __fadd_rn(__fmul_rn(a, b), c);
#else
  const float product = a * b;
  return product + c;
#endif
}

// Blocks of 32: byte i of the low bits holds value i below and value i + 16 above.
HEADLIGHT_DEVICE inline int nibble(const unsigned char* packed, int i) {
  return bits(packed[i % 16], i / 16 * 4, 4);
}
HEADLIGHT_DEVICE inline int fifth(const unsigned char* packed, int i) {
  return static_cast<int>((read<std::uint32_t>(packed) >> i) & 1U) << 4;
}

// Blocks of 256: two bits (32 bytes hold 128 values), four bits (32 bytes hold 64), one bit (32 bytes, 256).
HEADLIGHT_DEVICE inline int two_bits(const unsigned char* packed, int i) {
  return bits(packed[i / 128 * 32 + i % 32], i % 128 / 32 * 2, 2);
}
HEADLIGHT_DEVICE inline int four_bits(const unsigned char* packed, int i) {
  return bits(packed[i / 64 * 32 + i % 32], i % 64 / 32 * 4, 4);
}
HEADLIGHT_DEVICE inline int one_bit(const unsigned char* packed, int i) {
  return bits(packed[i % 32], i / 32, 1);
}

// The pair of six bits of a group of 32, as Q4_K and Q5_K store them.
HEADLIGHT_DEVICE inline int six_bit_scale(const unsigned char* packed, int group) {
  if (group < 4) return bits(packed[group], 0, 6);
  return bits(packed[group + 4], 0, 4) | bits(packed[group - 4], 6, 2) << 4;
}
HEADLIGHT_DEVICE inline int six_bit_minimum(const unsigned char* packed, int group) {
  if (group < 4) return bits(packed[group + 4], 0, 6);
  return bits(packed[group + 4], 4, 4) | bits(packed[group], 6, 2) << 4;
}

// The sixteen values of IQ4_NL and IQ4_XS.
HEADLIGHT_DEVICE inline float uneven(int index) {
  constexpr signed char table[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                     1,    13,   25,  38,  53,  69,  89,  113};
  return static_cast<float>(table[index]);
}

HEADLIGHT_DEVICE inline float q3_k(const unsigned char* block, int i) {
  const unsigned char* groups = block + 96;
  const int group = i / 16;
  const int small = bits(groups[group % 8], group / 8 * 4, 4) | bits(groups[8 + group % 4], group / 4 * 2, 2)
                                                                    << 4;
  const float scale = half_at(block + 108) * static_cast<float>(small - 32);
  return scale * static_cast<float>((two_bits(block + 32, i) | one_bit(block, i) << 2) - 4);
}

HEADLIGHT_DEVICE inline float q6_k(const unsigned char* block, int i) {
  const int low = bits(block[i / 128 * 64 + i % 64], i % 128 / 64 * 4, 4);
  const int high = two_bits(block + 128, i);
  const float scale = half_at(block + 208) * static_cast<float>(read<signed char>(block + 192 + i / 16));
  return scale * static_cast<float>((low | high << 4) - 32);
}

HEADLIGHT_DEVICE inline float iq4_xs(const unsigned char* block, int i) {
  const int group = i / 32;
  const int low = bits(block[4 + group / 2], group % 2 * 4, 4);
  const int high = (aligned<std::uint16_t>(block + 2) >> (2 * group)) & 3;
  const float scale = half_at(block) * static_cast<float>((low | high << 4) - 32);
  return scale * uneven(nibble(block + 8 + group * 16, i % 32));
}

// Value `column` of a row. Formats that are no weights give NaN: nobody multiplies by them.
HEADLIGHT_DEVICE inline float value(NumberFormat format, const unsigned char* row, std::int64_t column) {
  const int in32 = static_cast<int>(column % 32), in256 = static_cast<int>(column % 256);
  const std::int64_t of32 = column / 32, of256 = column / 256;
  switch (format) {
    case NumberFormat::f32:
      return aligned<float>(row + column * 4);
    case NumberFormat::f64:
      return static_cast<float>(aligned<double>(row + column * 8));
    case NumberFormat::f16:
      return half_at(row + column * 2);
    case NumberFormat::bf16:
      return float_of_bits(static_cast<std::uint32_t>(aligned<std::uint16_t>(row + column * 2)) << 16);
    case NumberFormat::i8:
      return static_cast<float>(read<signed char>(row + column));
    case NumberFormat::q8_0:
      row += of32 * 34;
      return half_at(row) * static_cast<float>(read<signed char>(row + 2 + in32));
    case NumberFormat::q4_0:
      row += of32 * 18;
      return half_at(row) * static_cast<float>(nibble(row + 2, in32) - 8);
    case NumberFormat::q4_1:
      row += of32 * 20;
      return product_plus(half_at(row), static_cast<float>(nibble(row + 4, in32)), half_at(row + 2));
    case NumberFormat::q5_0:
      row += of32 * 22;
      return half_at(row) * static_cast<float>((nibble(row + 6, in32) | fifth(row + 2, in32)) - 16);
    case NumberFormat::q5_1:
      row += of32 * 24;
      return product_plus(half_at(row), static_cast<float>(nibble(row + 8, in32) | fifth(row + 4, in32)),
                          half_at(row + 2));
    case NumberFormat::q2_k: {
      row += of256 * 84;
      const unsigned char group = row[in256 / 16];
      const float scale = half_at(row + 80) * static_cast<float>(bits(group, 0, 4));
      const float minimum = half_at(row + 82) * static_cast<float>(bits(group, 4, 4));
      return product_plus(scale, static_cast<float>(two_bits(row + 16, in256)), -minimum);
    }
    case NumberFormat::q3_k:
      return q3_k(row + of256 * 110, in256);
    case NumberFormat::q4_k:
    case NumberFormat::q5_k: {
      const bool five = format == NumberFormat::q5_k;
      row += of256 * (five ? 176 : 144);
      const float scale = half_at(row) * static_cast<float>(six_bit_scale(row + 4, in256 / 32));
      const float minimum = half_at(row + 2) * static_cast<float>(six_bit_minimum(row + 4, in256 / 32));
      const int number =
          five ? four_bits(row + 48, in256) | one_bit(row + 16, in256) << 4 : four_bits(row + 16, in256);
      return product_plus(scale, static_cast<float>(number), -minimum);
    }
    case NumberFormat::q6_k:
      return q6_k(row + of256 * 210, in256);
    case NumberFormat::iq4_nl:
      row += of32 * 18;
      return half_at(row) * uneven(nibble(row + 2, in32));
    case NumberFormat::iq4_xs:
      return iq4_xs(row + of256 * 136, in256);
    default:
      return float_of_bits(0x7FC00000U);
  }
}

}  // namespace headlight::packed

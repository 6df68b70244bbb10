// The two 16-bit float formats, from their bits to float32; both conversions are exact.
#pragma once

#include <bit>
#include <cstdint>

namespace headlight {

// IEEE 754 binary16 to binary32, exact for every one of the 65,536 patterns (subnormals, infinities, NaN).
inline float float_from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t fraction = half & 0x3FFU;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (fraction << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  const float magnitude =
      static_cast<float>(fraction) * 0x1p-24F;  // subnormal half: exact, normal in float32
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

// bfloat16 is the upper half of a binary32.
inline float float_from_bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

}  // namespace headlight

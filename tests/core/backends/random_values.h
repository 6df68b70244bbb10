// Tensors and packed weights with arbitrary but repeatable values. The generator is fixed by the C++
// standard; the distributions are ours, so that every library makes the same numbers.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "core/base/tensor.h"
#include "core/model/architecture.h"
#include "core/model/weight.h"

namespace headlight {

// Rotary positions without scaling.
inline Rotation plain_rotation(double base, std::int64_t dimensions) {
  Rotary rotary;
  rotary.base = base;
  rotary.dimensions = dimensions;
  return rotation_of(rotary, 0);
}

class RandomValues {
 public:
  explicit RandomValues(std::uint32_t seed) : bits_(seed) {}

  std::uint32_t bits() { return static_cast<std::uint32_t>(bits_()); }
  // Evenly in [-magnitude, magnitude).
  float value(float magnitude) { return (static_cast<float>(bits() >> 8) * 0x1p-23F - 1.0F) * magnitude; }

  Tensor tensor(const Shape& shape, float magnitude = 1.0F) {
    Tensor result(shape);
    float* out = result.writable();
    for (std::int64_t i = 0; i < result.size(); ++i) out[i] = value(magnitude);
    return result;
  }

  // A half with a random sign and 11 random bits, between 2^-8 and 2^-1; one in 16 is subnormal or zero.
  std::uint16_t half() {
    const std::uint32_t random = bits();
    const std::uint32_t exponent = random % 16 == 0 ? 0 : 7 + (random >> 4) % 7;
    return static_cast<std::uint16_t>(((random >> 31) << 15) | (exponent << 10) | ((random >> 12) & 0x3ffU));
  }

  Weight weight(NumberFormat format, std::int64_t rows, std::int64_t columns) {
    const auto size = static_cast<std::size_t>(rows * row_bytes(format, columns));
    // One byte further than the allocation: rows need no alignment, and a kernel that assumes one shows
    // itself.
    const auto bytes = std::make_shared<std::vector<std::byte>>(size + 1);
    std::byte* data = bytes->data() + (format == NumberFormat::f32 ? 0 : 1);
    for (std::byte* at = data; at < data + size; at += block_bytes(format)) fill_block(format, at);
    return {format, rows, columns, data, bytes};
  }

 private:
  // Where a block has its half-precision scale, and behind it a minimum; -1 for none.
  struct Halves {
    std::int64_t scale = 0;
    std::int64_t minimum = -1;
  };

  static Halves halves_of(NumberFormat format) {
    switch (format) {
      case NumberFormat::q4_1:
      case NumberFormat::q5_1:
      case NumberFormat::q4_k:
      case NumberFormat::q5_k:
        return {0, 2};
      case NumberFormat::q2_k:
        return {80, 82};
      case NumberFormat::q3_k:
        return {108, -1};
      case NumberFormat::q6_k:
        return {208, -1};
      default:
        return {};
    }
  }

  void fill_block(NumberFormat format, std::byte* block) {
    for (std::int64_t i = 0; i < block_bytes(format); ++i) block[i] = static_cast<std::byte>(bits() & 0xffU);
    if (format == NumberFormat::i8) return;
    if (format == NumberFormat::f64) {
      const double number =
          static_cast<double>(value(1.0F)) * (1.0 + 0x1p-30);  // more digits than float32 has
      std::memcpy(block, &number, 8);
      return;
    }
    if (format == NumberFormat::f32 || format == NumberFormat::bf16) {
      const float number = value(1.0F);
      char pattern[4];
      std::memcpy(pattern, &number, 4);
      if (format == NumberFormat::f32) std::memcpy(block, pattern, 4);
      if (format == NumberFormat::bf16) std::memcpy(block, pattern + 2, 2);
      return;
    }
    const std::uint16_t scale = half(), minimum = half();
    const Halves halves = halves_of(format);
    std::memcpy(block + halves.scale, &scale, 2);
    if (halves.minimum >= 0) std::memcpy(block + halves.minimum, &minimum, 2);
  }

  std::mt19937 bits_;
};

}  // namespace headlight

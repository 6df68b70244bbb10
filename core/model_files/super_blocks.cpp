// Decodes super-blocks. The products scale x group scale and the differences are taken in the order of ggml's
// reference decoder; all but those of Q6_K and IQ4_XS are exact in float32, and those two have no sum behind
// them, so that a fused multiply-add changes nothing.
#include "core/model_files/super_blocks.h"

#include <array>
#include <cstdint>

#include "core/base/byte_reader.h"
#include "core/base/half_precision.h"

namespace headlight {
namespace {

constexpr int block_length = 256;

float load_half(const std::byte* bytes) { return float_from_half(little_endian<std::uint16_t>(bytes)); }

// `count` bits of a byte, from bit `first`.
int bits(std::byte packed, int first, int count) {
  return (std::to_integer<int>(packed) >> first) & ((1 << count) - 1);
}

// The same few bits of consecutive bytes: one number for each value of a group.
struct BitColumn {
  const std::byte* bytes;
  int first, count;
  int operator[](int value) const { return bits(bytes[value], first, count); }
};

// Two bits for each value from `index` on, as Q2_K, Q3_K and Q6_K store them: 32 bytes hold 128 values, first
// the lowest bits of all bytes, then the next ones.
BitColumn two_bits(const std::byte* packed, int index) {
  return {packed + index / 128 * 32 + index % 32, index % 128 / 32 * 2, 2};
}

// Four bits, as Q4_K and Q5_K store them: 32 bytes hold 64 values.
BitColumn four_bits(const std::byte* packed, int index) {
  return {packed + index / 64 * 32 + index % 32, index % 64 / 32 * 4, 4};
}

// One bit: bit index / 32 of byte index % 32.
BitColumn one_bit(const std::byte* packed, int index) { return {packed + index % 32, index / 32, 1}; }

struct ScaleAndMinimum {
  int scale, minimum;
};

// Eight pairs of six bits in 12 bytes, as Q4_K and Q5_K store them: the first four pairs lie in the low six
// bits of bytes 0-3 and 4-7; the others have their low four bits in bytes 8-11 and their high two bits above
// those.
ScaleAndMinimum six_bit_pair(const std::byte* packed, int group) {
  if (group < 4) return {bits(packed[group], 0, 6), bits(packed[group + 4], 0, 6)};
  return {bits(packed[group + 4], 0, 4) | bits(packed[group - 4], 6, 2) << 4,
          bits(packed[group + 4], 4, 4) | bits(packed[group], 6, 2) << 4};
}

// IQ4_NL and IQ4_XS: not evenly spaced.
constexpr std::array<float, 16> table = {-127, -104, -83, -65, -49, -35, -22, -10,
                                         1,    13,   25,  38,  53,  69,  89,  113};

void look_up(const std::byte* packed, float scale, float* values) {
  for (int i = 0; i < 16; ++i) {
    values[i] = scale * table[static_cast<std::size_t>(bits(packed[i], 0, 4))];
    values[i + 16] = scale * table[static_cast<std::size_t>(bits(packed[i], 4, 4))];
  }
}

}  // namespace

void decode_q2_k(const std::byte* block, float* values) {
  const std::byte* groups = block;  // 16 x (4 bits scale, 4 bits minimum)
  const float scale = load_half(block + 80);
  const float minimum = load_half(block + 82);
  for (int index = 0; index < block_length; index += 16, ++groups) {
    const BitColumn low = two_bits(block + 16, index);
    const float group_scale = scale * static_cast<float>(bits(*groups, 0, 4));
    const float group_minimum = minimum * static_cast<float>(bits(*groups, 4, 4));
    for (int i = 0; i < 16; ++i) values[index + i] = group_scale * static_cast<float>(low[i]) - group_minimum;
  }
}

void decode_q3_k(const std::byte* block, float* values) {
  const std::byte* groups = block + 96;  // 16 x 6 bits: the low four in bytes 0-7, the high two in bytes 8-11
  const float scale = load_half(block + 108);
  for (int group = 0; group < 16; ++group) {
    const int index = group * 16;
    const BitColumn low = two_bits(block + 32, index), third = one_bit(block, index);
    const int small =
        bits(groups[group % 8], group / 8 * 4, 4) | bits(groups[8 + group % 4], group / 4 * 2, 2) << 4;
    const float group_scale = scale * static_cast<float>(small - 32);
    for (int i = 0; i < 16; ++i) {
      values[index + i] = group_scale * static_cast<float>((low[i] | third[i] << 2) - 4);
    }
  }
}

void decode_q4_k(const std::byte* block, float* values) {
  const float scale = load_half(block);
  const float minimum = load_half(block + 2);
  for (int index = 0; index < block_length; index += 32) {
    const BitColumn low = four_bits(block + 16, index);
    const ScaleAndMinimum group = six_bit_pair(block + 4, index / 32);
    const float group_scale = scale * static_cast<float>(group.scale);
    const float group_minimum = minimum * static_cast<float>(group.minimum);
    for (int i = 0; i < 32; ++i) values[index + i] = group_scale * static_cast<float>(low[i]) - group_minimum;
  }
}

void decode_q5_k(const std::byte* block, float* values) {
  const float scale = load_half(block);
  const float minimum = load_half(block + 2);
  for (int index = 0; index < block_length; index += 32) {
    const BitColumn low = four_bits(block + 48, index), fifth = one_bit(block + 16, index);
    const ScaleAndMinimum group = six_bit_pair(block + 4, index / 32);
    const float group_scale = scale * static_cast<float>(group.scale);
    const float group_minimum = minimum * static_cast<float>(group.minimum);
    for (int i = 0; i < 32; ++i) {
      values[index + i] = group_scale * static_cast<float>(low[i] | fifth[i] << 4) - group_minimum;
    }
  }
}

void decode_q6_k(const std::byte* block, float* values) {
  const float scale = load_half(block + 208);
  for (int index = 0; index < block_length; index += 16) {
    // Four bits: 64 bytes hold 128 values.
    const BitColumn low = {block + index / 128 * 64 + index % 64, index % 128 / 64 * 4, 4};
    const BitColumn high = two_bits(block + 128, index);
    const float group_scale =
        scale * static_cast<float>(little_endian<std::int8_t>(block + 192 + index / 16));
    for (int i = 0; i < 16; ++i) {
      values[index + i] = group_scale * static_cast<float>((low[i] | high[i] << 4) - 32);
    }
  }
}

void decode_iq4_nl(const std::byte* block, float* values) { look_up(block + 2, load_half(block), values); }

void decode_iq4_xs(const std::byte* block, float* values) {
  const float scale = load_half(block);
  const int high_bits = little_endian<std::uint16_t>(block + 2);
  for (int group = 0; group < 8; ++group) {
    const int low = bits(block[4 + group / 2], group % 2 * 4, 4);
    const int high = (high_bits >> (2 * group)) & 3;
    look_up(block + 8 + group * 16, scale * static_cast<float>((low | high << 4) - 32), values + group * 32);
  }
}

}  // namespace headlight

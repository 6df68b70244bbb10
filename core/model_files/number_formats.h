// The number formats of weights in files, and how to turn a row of them into float32.
// Source of the block layouts: ggml's published GGUF specification and its reference decoder; of F8:
// Micikevicius et al. 2022, "FP8 formats for deep learning".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headlight {

enum class NumberFormat {
  f32,
  f16,
  bf16,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  f64,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  iq4_nl,
  iq4_xs,
  // What files hold beside weights (position numbers, masks), or hold as weights only together with scales
  // that lie elsewhere: readable, but no weights. See is_weight_format.
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  boolean,
  f8_e4m3,
  f8_e5m2
};

std::string_view number_format_name(NumberFormat format);  // "Q4_1"
// Whether a row, decoded on its own, is the weights that the model was trained to have.
bool is_weight_format(NumberFormat format);
std::int64_t block_values(NumberFormat format);  // values a block: 1, 32 or 256
std::int64_t block_bytes(NumberFormat format);   // bytes a block
// Bytes of one row; columns must be a multiple of block_values (the file reader has checked).
std::int64_t row_bytes(NumberFormat format, std::int64_t columns);
// Writes `columns` float32 values, each rounded at most once. `row` needs no alignment.
void decode_row(NumberFormat format, const std::byte* row, std::int64_t columns, float* values);
// The bytes as the float32 numbers that they are; null for another format, or where they lie at an odd place.
const float* floats_in_place(NumberFormat format, const std::byte* bytes);

}  // namespace headlight

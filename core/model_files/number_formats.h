// The number formats of weights in files, and how to turn a row of them into float32.
// Source of the block layouts: ggml's published GGUF specification and its reference decoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headlight {

enum class NumberFormat { f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0 };

std::string_view number_format_name(NumberFormat format);  // "Q4_1"
std::int64_t block_values(NumberFormat format);            // values a block: 1 or 32
std::int64_t block_bytes(NumberFormat format);             // bytes a block
// Bytes of one row; columns must be a multiple of block_values (the file reader has checked).
std::int64_t row_bytes(NumberFormat format, std::int64_t columns);
// Writes `columns` float32 values. `row` needs no alignment.
void decode_row(NumberFormat format, const std::byte* row, std::int64_t columns, float* values);

}  // namespace headlight

// Blocks of 256 values whose groups of 16 or 32 have small scales of their own ("k-quants"), and the two
// four-bit formats whose values stand in a table. One block each; values in the order of the row.
// Source: ggml's published block layouts; the bits are those of its reference decoder.
#pragma once

#include <cstddef>

namespace headlight {

void decode_q2_k(const std::byte* block, float* values);    // 84 bytes
void decode_q3_k(const std::byte* block, float* values);    // 110 bytes
void decode_q4_k(const std::byte* block, float* values);    // 144 bytes
void decode_q5_k(const std::byte* block, float* values);    // 176 bytes
void decode_q6_k(const std::byte* block, float* values);    // 210 bytes
void decode_iq4_nl(const std::byte* block, float* values);  // 18 bytes, 32 values
void decode_iq4_xs(const std::byte* block, float* values);  // 136 bytes

}  // namespace headlight

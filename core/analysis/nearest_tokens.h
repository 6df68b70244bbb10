// The tokens whose rows of a table are most like a vector: over the whole vocabulary at once.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/backends/backend.h"
#include "core/model/weight.h"
#include "core/text/tokenizer.h"

namespace headlight {

struct NearToken {
  TokenId id = 0;
  double cosine = 0.0;  // -1..1
  double dot = 0.0;
};

struct NearestTokens {
  double length = 0.0;               // of the vector
  std::vector<NearToken> by_cosine;  // the largest first; ties by id
  std::vector<NearToken> by_dot;
};

// The Euclidean length of each of the first `rows` rows. `report`: called now and then with what is done,
// 0..1; may throw to stop.
std::vector<double> row_lengths(const Weight& table, std::int64_t rows,
                                const std::function<void(float)>& report);

// table [vocabulary, columns], vector [columns]; lengths: of the rows that may be found. Without the ids
// `left_out`, and without rows of no length. The backend's product picks what is worth a closer look; those
// are then multiplied again, in double: the numbers are those of the table's rows, and two tokens change
// places only where they differ by less than the backend's rounding. Of a vector without a length: nothing.
NearestTokens nearest_tokens(Backend& backend, const Weight& table, std::span<const double> lengths,
                             std::span<const float> vector, std::span<const TokenId> left_out,
                             std::int64_t count);

}  // namespace headlight

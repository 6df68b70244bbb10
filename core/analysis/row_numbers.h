// Sums and maxima over a row of weights that are all numbers, many at a time.
#pragma once

#include <algorithm>
#include <cstddef>

namespace headlight {

// Numbers side by side, which the compiler makes vector instructions of.
inline constexpr std::size_t row_lanes = 16;

// The largest of weights that are at least 0 and not NaN; 0 of none.
inline float largest_number(const float* first, const float* last) {
  if (last - first < static_cast<std::ptrdiff_t>(row_lanes)) {  // the cells of all but long texts
    float largest = 0.0F;
    for (; first < last; ++first) largest = std::max(largest, *first);
    return largest;
  }
  float best[row_lanes] = {};
  for (; last - first >= static_cast<std::ptrdiff_t>(row_lanes); first += row_lanes) {
    for (std::size_t lane = 0; lane < row_lanes; ++lane) {
      best[lane] = first[lane] > best[lane] ? first[lane] : best[lane];
    }
  }
  for (; first < last; ++first) best[0] = std::max(best[0], *first);
  for (std::size_t half = row_lanes / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) best[lane] = std::max(best[lane], best[lane + half]);
  }
  return best[0];
}

// In double. NaN when one of them is.
inline double sum_of(const float* first, const float* last) {
  double sums[row_lanes] = {};
  for (; last - first >= static_cast<std::ptrdiff_t>(row_lanes); first += row_lanes) {
    for (std::size_t lane = 0; lane < row_lanes; ++lane) sums[lane] += static_cast<double>(first[lane]);
  }
  for (; first < last; ++first) sums[0] += static_cast<double>(*first);
  double sum = 0.0;
  for (const double part : sums) sum += part;
  return sum;
}

}  // namespace headlight

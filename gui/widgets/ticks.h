// Where the lines of an axis stand.
#pragma once

#include <cmath>

namespace headlight {

// The distance of lines from 0 to `most`, of which `count` fit at most: 1, 2 or 5 times a power of ten.
inline double tick_of(double most, double count) {
  const double power = std::pow(10.0, std::floor(std::log10(most / count)));
  const double steps = most / (count * power);
  return power * (steps <= 1.0 ? 1.0 : steps <= 2.0 ? 2.0 : steps <= 5.0 ? 5.0 : 10.0);
}

}  // namespace headlight

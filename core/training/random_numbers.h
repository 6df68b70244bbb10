// Random numbers that are the same on every machine: the standard library's distributions are not.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace headlight {

// Source: Steele, Lea & Flood 2014 (SplitMix64).
class RandomNumbers {
 public:
  explicit RandomNumbers(std::uint64_t seed) : state_(seed) {}

  std::uint64_t whole() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }

  // In [0, 1).
  double fraction() { return static_cast<double>(whole() >> 11) * 0x1p-53; }

  // Below `count` > 0.
  std::int64_t below(std::int64_t count) {
    return static_cast<std::int64_t>(fraction() * static_cast<double>(count));
  }

  // Mean 0, deviation 1. Source: Box & Muller 1958.
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - fraction()));
    return radius * std::cos(2.0 * std::numbers::pi * fraction());
  }

 private:
  std::uint64_t state_;
};

}  // namespace headlight

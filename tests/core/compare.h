// Comparing tensors so that nothing slips through: a wrong shape, no values at all, NaN on one side and an
// infinity of the wrong sign all fail.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "core/base/tensor.h"

namespace headlight {

// True when |a - b| <= absolute + relative * |b|, both are NaN, or both are the same infinity. The bound
// alone would not do: it is true for every a when b is infinite.
inline bool close(float actual, float expected, double absolute, double relative) {
  if (std::isnan(actual) || std::isnan(expected)) return std::isnan(actual) && std::isnan(expected);
  if (std::isinf(actual) || std::isinf(expected)) return actual == expected;
  const double a = static_cast<double>(actual), b = static_cast<double>(expected);
  return std::abs(a - b) <= absolute + relative * std::abs(b);
}

inline ::testing::AssertionResult all_close(const Tensor& actual, const Tensor& expected, double absolute,
                                            double relative) {
  if (actual.empty() || expected.empty()) return ::testing::AssertionFailure() << "a tensor is empty";
  if (actual.shape() != expected.shape()) {
    return ::testing::AssertionFailure()
           << "shape " << shape_text(actual.shape()) << " instead of " << shape_text(expected.shape());
  }
  if (expected.size() == 0) return ::testing::AssertionFailure() << "there is no value to compare";
  std::int64_t wrong = 0, first = 0;
  for (std::int64_t i = 0; i < expected.size(); ++i) {
    if (close(actual.data()[i], expected.data()[i], absolute, relative)) continue;
    if (wrong++ == 0) first = i;
  }
  if (wrong == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << wrong << " of " << expected.size() << " values of " << shape_text(expected.shape())
         << " differ; the first is number " << first << ": " << actual.data()[first] << " instead of "
         << expected.data()[first];
}

}  // namespace headlight

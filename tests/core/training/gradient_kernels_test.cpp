// The kernels that only training uses, on every instruction set of this machine, against loops in double.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/core/backends/every_instruction_set.h"
#include "tests/core/backends/random_values.h"

namespace headlight {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
// Of the sum of the terms' magnitudes. With random signs the roundings, each 6e-8 of what is summed so far,
// come to about as much.
constexpr double sums = 4e-7;
// Of a slope, which is about 1: exp within 1.5 ulp, the error function within 2e-7, a few roundings.
constexpr double slopes = 2e-6;

class GradientKernels : public EveryInstructionSet {
 protected:
  // Memory between the numbers is NaN: what is read there shows. Blocks end with their last number, so that
  // AddressSanitizer sees what is read behind.
  std::vector<float> strided(std::int64_t rows, std::int64_t width, std::int64_t stride) {
    std::vector<float> values(static_cast<std::size_t>((rows - 1) * stride + width), nan);
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t i = 0; i < width; ++i)
        values[static_cast<std::size_t>(row * stride + i)] = random_.value(1.0F);
    }
    return values;
  }

  void check_product(std::int64_t rows, std::int64_t width, std::int64_t terms, bool transposed,
                     std::int64_t gap) {
    SCOPED_TRACE(testing::Message() << rows << " x " << width << ", " << terms << " terms"
                                    << (transposed ? ", transposed" : "") << ", gap " << gap);
    const std::int64_t a_stride = (transposed ? rows : terms) + gap, b_stride = width + gap,
                       out_stride = width + gap;
    const std::int64_t a_row = transposed ? 1 : a_stride, a_step = transposed ? a_stride : 1;
    const std::vector<float> a = transposed ? strided(terms, rows, a_stride) : strided(rows, terms, a_stride);
    const std::vector<float> b = strided(terms, width, b_stride);
    std::vector<float> out = strided(rows, width, out_stride);
    const std::vector<float> was = out;
    kernels_->add_product(a.data(), a_row, a_step, {b.data(), b_stride, terms}, rows, width, out.data(),
                          out_stride);
    for (std::size_t at = 0; at < out.size(); ++at) {
      const auto r = static_cast<std::int64_t>(at) / out_stride,
                 c = static_cast<std::int64_t>(at) % out_stride;
      if (c >= width) {
        ASSERT_TRUE(std::isnan(out[at])) << "written between the rows at " << r << ", " << c;
        continue;
      }
      auto expected = static_cast<double>(was[at]), size = std::abs(expected);
      for (std::int64_t k = 0; k < terms; ++k) {
        const double term = static_cast<double>(a[static_cast<std::size_t>(r * a_row + k * a_step)]) *
                            static_cast<double>(b[static_cast<std::size_t>(k * b_stride + c)]);
        expected += term;
        size += std::abs(term);
      }
      ASSERT_NEAR(static_cast<double>(out[at]), expected, sums * size) << r << ", " << c;
    }
  }

  RandomValues random_{11};
};

TEST_P(GradientKernels, AddProductOfEveryNumberOfRowsAndWidth) {
  for (std::int64_t rows = 1; rows <= 100; ++rows) {
    check_product(rows, 1 + rows * 37 % 70, 3, rows % 2 == 0, rows % 3);
  }
  for (std::int64_t width = 1; width <= 200; ++width) {
    check_product(1 + width * 5 % 13, width, 2, width % 2 == 0, width % 5);
  }
}

TEST_P(GradientKernels, AddProductOfManyTerms) {
  for (const std::int64_t terms : {1, 2, 255, 256, 257, 512, 515}) {
    for (const bool transposed : {false, true}) {
      check_product(1, 1, terms, transposed, 0);
      check_product(7, 33, terms, transposed, 1);
      check_product(49, 17, terms, transposed, 0);
      check_product(97, 66, terms, transposed, 9);
    }
  }
}

// The same bits however many rows are computed together: batches may be cut anywhere.
TEST_P(GradientKernels, AddProductDoesNotDependOnTheOtherRows) {
  constexpr std::int64_t rows = 53, width = 45, terms = 300;
  const std::vector<float> a = strided(rows, terms, terms), b = strided(terms, width, width);
  std::vector<float> together(rows * width, 0.5F), alone = together;
  const FloatRows of_b = {b.data(), width, terms};
  kernels_->add_product(a.data(), terms, 1, of_b, rows, width, together.data(), width);
  for (std::int64_t row = 0; row < rows; ++row)
    kernels_->add_product(a.data() + row * terms, terms, 1, of_b, 1, width, alone.data() + row * width,
                          width);
  EXPECT_EQ(together, alone);
}

TEST_P(GradientKernels, AddProductOfNothing) {
  std::vector<float> out(6, 2.0F);
  const float one = 1.0F;
  kernels_->add_product(&one, 1, 1, {&one, 1, 0}, 2, 3, out.data(), 3);
  kernels_->add_product(&one, 1, 1, {&one, 1, 1}, 0, 1, out.data(), 3);
  EXPECT_EQ(out, std::vector<float>(6, 2.0F));
}

double normal_density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2.0 * M_PI); }
double silu_slope(double x) {
  const double share = 1.0 / (1.0 + std::exp(-x));
  return share * (1.0 + x * (1.0 - share));
}
double gelu_slope(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)) + x * normal_density(x); }
double gelu_tanh_slope(double x) {
  const double root = std::sqrt(2.0 / M_PI);
  const double t = std::tanh(root * (x + 0.044715 * x * x * x));
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * root * (1.0 + 3 * 0.044715 * x * x);
}
double relu_slope(double x) { return x > 0.0 ? 1.0 : 0.0; }
double tanh_slope(double x) { return 1.0 - std::tanh(x) * std::tanh(x); }

TEST_P(GradientKernels, Slopes) {
  const struct {
    const char* name;
    void (*kernel)(const float*, std::int64_t, float*);
    double (*exact)(double);
  } cases[] = {{"silu", kernels_->silu_slope, silu_slope},
               {"gelu", kernels_->gelu_slope, gelu_slope},
               {"gelu_tanh", kernels_->gelu_tanh_slope, gelu_tanh_slope},
               {"relu", kernels_->relu_slope, relu_slope},
               {"tanh", kernels_->tanh_slope, tanh_slope}};
  std::vector<float> points = {0.0F, -0.0F};
  for (const float size : {1e-40F, 1e-30F, 1e-10F, 1e-5F, 9.999e-4F, 1e-3F, 1.0001e-3F, 20.0F, 87.0F, 89.0F,
                           104.0F, 1e4F, 1e9F}) {
    points.push_back(size);
    points.push_back(-size);
  }
  for (float x = -12.0F; x < 12.0F; x += 0.00713F) points.push_back(x);
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<float> out(points.size(), 3.0F);
    c.kernel(points.data(), static_cast<std::int64_t>(points.size()), out.data());
    for (std::size_t i = 0; i < points.size(); ++i)
      ASSERT_NEAR(static_cast<double>(out[i]) / 3.0, c.exact(static_cast<double>(points[i])), slopes)
          << "at " << points[i];
    // What is left over of a vector has the same bits, and nothing behind it is touched.
    for (std::int64_t count = 0; count < 70; ++count) {
      const std::vector<float> some(points.begin(), points.begin() + count);
      std::vector<float> result(static_cast<std::size_t>(count) + 1, 3.0F);
      c.kernel(some.data(), count, result.data());
      for (std::int64_t i = 0; i < count; ++i)
        ASSERT_EQ(result[static_cast<std::size_t>(i)], out[static_cast<std::size_t>(i)]) << count;
      ASSERT_EQ(result.back(), 3.0F);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, GradientKernels, testing::ValuesIn(set_names()),
                         [](const auto& set) { return set.param; });

}  // namespace
}  // namespace headlight

// Each derivative against central differences of the same operation, written here in double: on every
// instruction set of the CPU, on the stand-in device and, where there is one, on the GPU.
#include "core/training/gradient_operations.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "core/backends/cpu/cpu_backend.h"
#include "core/backends/cuda/device_backend.h"
#include "core/backends/cuda/plugin.h"
#include "core/training/device_gradient_operations.h"
#include "core/training/losses.h"
#include "tests/core/backends/every_instruction_set.h"
#include "tests/core/backends/host_device.h"
#include "tests/core/backends/random_values.h"

namespace headlight {
namespace {

// Of the largest derivative of each test: float32 rounds at 6e-8, and up to 200 terms are summed. The central
// differences are right to about 1e-9.
constexpr double tolerance = 1e-5;
constexpr double step = 1e-5;
// What stands in a sum before a derivative is added to it.
constexpr float before = 0.25F;

using Doubles = std::vector<double>;
using Function = std::function<double(const Doubles&)>;

Doubles doubles(const Tensor& t) { return {t.values().begin(), t.values().end()}; }

Tensor filled(const Shape& shape, float value) {
  Tensor result(shape);
  std::fill_n(result.writable(), result.size(), value);
  return result;
}

// Compares every `stride`th derivative; `found` holds what stood before as well. `size`: of the terms that a
// derivative is the difference of, where it may be much smaller than they are.
void expect_slopes(const char* name, const Function& loss, Doubles x, const float* found, float start,
                   std::size_t stride = 1, double size = 0.0) {
  Doubles expected, ours;
  double largest = size;
  for (std::size_t i = 0; i < x.size(); i += stride) {
    const double here = x[i];
    x[i] = here + step;
    const double above = loss(x);
    x[i] = here - step;
    const double below = loss(x);
    x[i] = here;
    expected.push_back((above - below) / (2 * step));
    ours.push_back(static_cast<double>(found[i]) - static_cast<double>(start));
    largest = std::max(largest, std::abs(expected.back()));
  }
  ASSERT_FALSE(expected.empty());
  double worst = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = std::abs(ours[i] - expected[i]);
    ASSERT_FALSE(std::isnan(error)) << name << "[" << i << "]";
    worst = std::max(worst, error);
  }
  // Next to what stood there before, a sum keeps half a unit of float32's last place.
  EXPECT_LE(worst, tolerance * largest + static_cast<double>(start) * 3e-7 + 1e-9) << name;
}

class GradientOperationsTest : public EveryInstructionSet {
 protected:
  void SetUp() override {
    if (GetParam() != "host" && GetParam() != "cuda") {
      EveryInstructionSet::SetUp();
      if (kernels_ != nullptr) operations_ = make_cpu_gradient_operations(*kernels_);
      return;
    }
    kernels_ = &chosen_kernels();
    ComputeDevice device;
    device.memory = GetParam() == "cuda" ? cuda_device().memory
                                         : std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log_));
    if (!device.memory) GTEST_SKIP() << cuda_device().reason.en;
    forward_ = make_device_backend(device.memory, make_cpu_backend(1));
    operations_ = make_device_gradient_operations(device, *forward_);
  }

  GradientOperations& operations() { return *operations_; }
  // What a derivative is added to.
  Tensor begun(const Shape& shape) { return operations_->copy(filled(shape, before)); }

  HostDeviceLog log_;
  std::unique_ptr<Backend> forward_;
  std::unique_ptr<GradientOperations> operations_;
  RandomValues random_{7};
};

TEST_P(GradientOperationsTest, Linear) {
  GradientOperations& tested = operations();
  for (const std::int64_t positions : {1, 5}) {
    for (const std::int64_t rows : {1, 7, 33}) {
      for (const std::int64_t columns : {1, 7, 33}) {
        const Tensor x = random_.tensor({positions, columns}), d_y = random_.tensor({positions, rows});
        const Weight weight = random_.weight(NumberFormat::f32, rows, columns);
        Tensor w({rows, columns});
        std::memcpy(w.writable(), weight.bytes, static_cast<std::size_t>(w.size()) * sizeof(float));
        const auto loss = [&](const Doubles& input, const Doubles& matrix, const Doubles& bias) {
          double sum = 0.0;
          for (std::int64_t p = 0; p < positions; ++p) {
            for (std::int64_t r = 0; r < rows; ++r) {
              double y = bias[static_cast<std::size_t>(r)];
              for (std::int64_t c = 0; c < columns; ++c) {
                y += input[static_cast<std::size_t>(p * columns + c)] *
                     matrix[static_cast<std::size_t>(r * columns + c)];
              }
              sum += y * static_cast<double>(d_y.data()[p * rows + r]);
            }
          }
          return sum;
        };
        Tensor d_x = begun(x.shape()), d_w = begun(w.shape()), d_b = begun({rows});
        tested.linear_input(d_y, weight, tested.address(d_x));
        tested.linear_weights(d_y, x, tested.address(d_w), tested.address(d_b));
        const Doubles zero(static_cast<std::size_t>(rows), 0.0);
        SCOPED_TRACE(testing::Message() << positions << " positions, " << rows << " x " << columns);
        expect_slopes(
            "x", [&](const Doubles& v) { return loss(v, doubles(w), zero); }, doubles(x), d_x.data(), before);
        expect_slopes(
            "weight", [&](const Doubles& v) { return loss(doubles(x), v, zero); }, doubles(w), d_w.data(),
            before, 3);
        expect_slopes(
            "bias", [&](const Doubles& v) { return loss(doubles(x), doubles(w), v); }, zero, d_b.data(),
            before);
        // What is not trained is left out.
        tested.linear_weights(d_y, x, nullptr, nullptr);
      }
    }
  }
}

struct Normalization {
  Norm norm;
  std::int64_t width;
  double epsilon;

  double mean(const Doubles& x, std::size_t row) const {
    if (norm != Norm::layer) return 0.0;
    double sum = 0.0;
    for (std::int64_t i = 0; i < width; ++i) sum += x[row + static_cast<std::size_t>(i)];
    return sum / static_cast<double>(width);
  }
  double scale(const Doubles& x, std::size_t row) const {
    const double middle = mean(x, row);
    double squares = 0.0;
    for (std::int64_t i = 0; i < width; ++i) {
      const double away = x[row + static_cast<std::size_t>(i)] - middle;
      squares += away * away;
    }
    return std::sqrt(squares / static_cast<double>(width) + epsilon);
  }
};

TEST_P(GradientOperationsTest, Norms) {
  GradientOperations& tested = operations();
  for (const Norm norm : {Norm::layer, Norm::rms}) {
    for (const std::int64_t width : {1, 2, 7, 33, 64}) {
      for (const std::int64_t rows : {1, 4}) {
        const Normalization rule{norm, width, 1e-2};
        const Tensor x = random_.tensor({rows, width}), d_y = random_.tensor({rows, width});
        const Tensor gain = random_.tensor({width});
        Tensor scale({rows, 1});
        for (std::int64_t row = 0; row < rows; ++row) {
          scale.writable()[row] =
              static_cast<float>(rule.scale(doubles(x), static_cast<std::size_t>(row * width)));
        }
        const auto loss = [&](const Doubles& input, const Doubles& gains, const Doubles& bias) {
          double sum = 0.0;
          double mean = 0.0, size = 1.0;
          for (std::size_t i = 0; i < input.size(); ++i) {
            const std::size_t c = i % static_cast<std::size_t>(width);
            if (c == 0) mean = rule.mean(input, i), size = rule.scale(input, i);
            const double unit = (input[i] - mean) / size;
            sum += (unit * gains[c] + bias[c]) * static_cast<double>(d_y.data()[i]);
          }
          return sum;
        };
        Tensor d_x = begun(x.shape()), d_gain = begun({width}), d_bias = begun({width});
        tested.normalized(d_y, x, scale, norm, gain, tested.address(d_gain), tested.address(d_bias),
                          tested.address(d_x));
        const Doubles zero(static_cast<std::size_t>(width), 0.0);
        SCOPED_TRACE(testing::Message()
                     << (norm == Norm::layer ? "layer " : "rms ") << rows << " x " << width);
        expect_slopes(
            "x", [&](const Doubles& v) { return loss(v, doubles(gain), zero); }, doubles(x), d_x.data(),
            before);
        expect_slopes(
            "gain", [&](const Doubles& v) { return loss(doubles(x), v, zero); }, doubles(gain), d_gain.data(),
            before);
        expect_slopes(
            "bias", [&](const Doubles& v) { return loss(doubles(x), doubles(gain), v); }, zero, d_bias.data(),
            before);
      }
    }
  }
}

TEST_P(GradientOperationsTest, Rotation) {
  GradientOperations& tested = operations();
  for (const std::int64_t positions : {1, 6}) {
    for (const auto& [width, turning] :
         std::initializer_list<std::pair<std::int64_t, std::int64_t>>{{2, 2}, {14, 14}, {33, 6}, {64, 64}}) {
      Rotation rotation = plain_rotation(100.0, turning);
      rotation.magnitude = 1.25;
      const auto half = static_cast<std::size_t>(turning / 2);
      const std::int64_t heads = 3;
      const Tensor d_y = random_.tensor({positions, heads, width});
      const auto loss = [&, width = static_cast<std::size_t>(width)](const Doubles& x) {
        double sum = 0.0;
        for (std::size_t at = 0; at < x.size(); ++at) {
          const std::size_t i = at % width, row = at - i;
          const auto position = static_cast<double>(row / (width * static_cast<std::size_t>(heads)));
          double y = x[at];
          if (i < 2 * half) {
            const double angle = position * rotation.frequencies[i % half];
            const double other = i < half ? -x[at + half] : x[at - half];
            y = (x[at] * std::cos(angle) + other * std::sin(angle)) * rotation.magnitude;
          }
          sum += y * static_cast<double>(d_y.data()[at]);
        }
        return sum;
      };
      const Tensor x = random_.tensor(d_y.shape());
      SCOPED_TRACE(testing::Message() << positions << " positions, " << turning << " of " << width);
      const Tensor d_x = tested.rotated(d_y, rotation);
      expect_slopes("x", loss, doubles(x), d_x.data(), 0.0F);
    }
  }
}

struct AttentionCase {
  std::int64_t queries, keys, heads, kv_heads, width;
  bool causal;
};

// softmax(scale · q·kᵀ) [head, query, key]; a causal mask lets a query see the keys up to its own place.
Doubles pattern_of(const AttentionCase& c, const Doubles& q, const Doubles& k, double scale) {
  Doubles pattern;
  for (std::int64_t head = 0; head < c.heads; ++head) {
    const std::int64_t kv_head = head / (c.heads / c.kv_heads);
    for (std::int64_t query = 0; query < c.queries; ++query) {
      const std::int64_t seen = c.causal ? std::min(query + 1, c.keys) : c.keys;
      Doubles row(static_cast<std::size_t>(c.keys), 0.0);
      double total = 0.0;
      for (std::int64_t key = 0; key < seen; ++key) {
        double score = 0.0;
        for (std::int64_t d = 0; d < c.width; ++d) {
          score += q[static_cast<std::size_t>((query * c.heads + head) * c.width + d)] *
                   k[static_cast<std::size_t>((key * c.kv_heads + kv_head) * c.width + d)];
        }
        row[static_cast<std::size_t>(key)] = std::exp(scale * score);
        total += row[static_cast<std::size_t>(key)];
      }
      for (const double weight : row) pattern.push_back(weight / total);
    }
  }
  return pattern;
}

double attention_loss(const AttentionCase& c, const Doubles& q, const Doubles& k, const Doubles& v,
                      double scale, const Tensor& d_z) {
  const Doubles pattern = pattern_of(c, q, k, scale);
  double sum = 0.0;
  for (std::int64_t head = 0; head < c.heads; ++head) {
    const std::int64_t kv_head = head / (c.heads / c.kv_heads);
    for (std::int64_t query = 0; query < c.queries; ++query) {
      const double* weights = pattern.data() + (head * c.queries + query) * c.keys;
      for (std::int64_t key = 0; key < c.keys; ++key) {
        for (std::int64_t d = 0; d < c.width; ++d) {
          sum += weights[key] * v[static_cast<std::size_t>((key * c.kv_heads + kv_head) * c.width + d)] *
                 static_cast<double>(d_z.data()[(query * c.heads + head) * c.width + d]);
        }
      }
    }
  }
  return sum;
}

TEST_P(GradientOperationsTest, Attention) {
  GradientOperations& tested = operations();
  const AttentionCase cases[] = {{1, 1, 1, 1, 1, true},   {1, 1, 2, 1, 7, false},  {7, 7, 2, 2, 33, true},
                                 {9, 9, 6, 2, 5, true},   {5, 11, 4, 4, 3, false}, {11, 3, 2, 1, 7, false},
                                 {50, 50, 2, 1, 3, true}, {97, 97, 1, 1, 2, true}, {49, 20, 2, 2, 3, false}};
  for (const AttentionCase& c : cases) {
    const Tensor q = random_.tensor({c.queries, c.heads, c.width}, 1.5F);
    const Tensor k = random_.tensor({c.keys, c.kv_heads, c.width}, 1.5F);
    const Tensor v = random_.tensor({c.keys, c.kv_heads, c.width});
    const Tensor d_z = random_.tensor({c.queries, c.heads, c.width});
    const double scale = 1.0 / std::sqrt(static_cast<double>(c.width));
    Tensor pattern({c.heads, c.queries, c.keys});
    const Doubles exact = pattern_of(c, doubles(q), doubles(k), scale);
    std::transform(exact.begin(), exact.end(), pattern.writable(),
                   [](double x) { return static_cast<float>(x); });
    const GradientOperations::Attention d = tested.attention(d_z, q, k, v, pattern, scale, c.causal);
    SCOPED_TRACE(testing::Message() << c.queries << " queries, " << c.keys << " keys, " << c.heads << "/"
                                    << c.kv_heads << " heads of " << c.width << (c.causal ? " causal" : ""));
    ASSERT_EQ(d.d_q.shape(), q.shape());
    ASSERT_EQ(d.d_k.shape(), k.shape());
    const Doubles qd = doubles(q), kd = doubles(k), vd = doubles(v);
    const auto stride = static_cast<std::size_t>(1 + q.size() * pattern.size() / 100000);
    if (c.keys > 1) {
      expect_slopes(
          "q", [&](const Doubles& x) { return attention_loss(c, x, kd, vd, scale, d_z); }, qd, d.d_q.data(),
          0.0F, stride);
      expect_slopes(
          "k", [&](const Doubles& x) { return attention_loss(c, qd, x, vd, scale, d_z); }, kd, d.d_k.data(),
          0.0F, stride);
    } else {  // one key has all attention, whatever its score
      for (const float value : d.d_q.values()) EXPECT_NEAR(value, 0.0F, 1e-6F);
      for (const float value : d.d_k.values()) EXPECT_NEAR(value, 0.0F, 1e-6F);
    }
    expect_slopes(
        "v", [&](const Doubles& x) { return attention_loss(c, qd, kd, x, scale, d_z); }, vd, d.d_v.data(),
        0.0F, stride);
  }
}

double exact_activation(Activation activation, double x) {
  switch (activation) {
    case Activation::silu:
      return x / (1.0 + std::exp(-x));
    case Activation::gelu:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::gelu_tanh:
      return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::tanh:
      return std::tanh(x);
  }
  return 0.0;
}

TEST_P(GradientOperationsTest, Activations) {
  GradientOperations& tested = operations();
  std::vector<float> points = {0.0F,   1e-30F, -1e-30F, 1e-7F, -1e-7F, 9.99e-4F, 1.001e-3F,
                               -1e-3F, 12.0F,  -12.0F,  88.0F, -88.0F, 100.0F,   -100.0F};
  for (float x = -9.0F; x < 9.0F; x += 0.0371F) points.push_back(x);
  const auto count = static_cast<std::int64_t>(points.size());
  for (const Activation activation :
       {Activation::silu, Activation::gelu, Activation::gelu_tanh, Activation::relu, Activation::tanh}) {
    const Tensor x({1, count}, points);
    Tensor d = tested.copy(filled(x.shape(), 2.0F));
    tested.activation(x, activation, tested.address(d));
    const Tensor y = tested.activated(x, activation);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<double>(x.data()[i]);
      SCOPED_TRACE(testing::Message() << "activation " << static_cast<int>(activation) << " at " << at);
      EXPECT_NEAR(static_cast<double>(y.data()[i]), exact_activation(activation, at),
                  2e-6 * std::max(1.0, std::abs(at)));
      if (activation == Activation::relu && std::abs(at) < step) {  // a corner: 0 from below, 1 from above
        EXPECT_EQ(d.data()[i], at > 0.0 ? 2.0F : 0.0F);
        continue;
      }
      const double slope =
          (exact_activation(activation, at + step) - exact_activation(activation, at - step)) / (2 * step);
      EXPECT_NEAR(static_cast<double>(d.data()[i]), 2.0 * slope, tolerance);
    }
  }
}

TEST_P(GradientOperationsTest, Embedding) {
  GradientOperations& tested = operations();
  for (const std::int64_t width : {1, 7, 33}) {
    const std::vector<TokenId> ids = {4, 0, 4, 2, 4};
    const Tensor d_y = random_.tensor({5, width}), table = random_.tensor({6, width});
    const double scale = 5.5;
    const auto loss = [&](const Doubles& t) {
      double sum = 0.0;
      for (std::size_t p = 0; p < ids.size(); ++p) {
        for (std::int64_t c = 0; c < width; ++c) {
          sum += scale * t[static_cast<std::size_t>(ids[p] * width + c)] *
                 static_cast<double>(d_y.data()[static_cast<std::int64_t>(p) * width + c]);
        }
      }
      return sum;
    };
    Tensor d_table = begun(table.shape());
    tested.embed(d_y, ids, scale, tested.address(d_table));
    expect_slopes("table", loss, doubles(table), d_table.data(), before);
    for (std::int64_t c = 0; c < width; ++c) EXPECT_EQ(d_table.data()[width + c], before);  // id 1: not read
    tested.embed(d_y, ids, scale, nullptr);  // a table that is not trained
  }
}

// Of 3,000 numbers: more than a block of threads takes.
TEST_P(GradientOperationsTest, ElementsAndRows) {
  GradientOperations& tested = operations();
  const Tensor a = random_.tensor({60, 50}), b = tested.brought(random_.tensor({60, 50}));
  Tensor sum = tested.zeros(a.shape()), product = tested.copy(a), scaled = tested.copy(a);
  tested.add(a, tested.address(sum));
  tested.add(b, tested.address(sum));
  tested.multiply(b, tested.address(product));
  tested.scale(0.375F, a.size(), tested.address(scaled));
  for (std::int64_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(sum.data()[i], a.data()[i] + b.data()[i]) << i;
    ASSERT_EQ(product.data()[i], a.data()[i] * b.data()[i]) << i;
    ASSERT_EQ(scaled.data()[i], a.data()[i] * 0.375F) << i;
  }
  const std::vector<std::int64_t> positions = {2, 58, 59};
  const Tensor some = tested.some_rows(b, positions);
  ASSERT_EQ(some.shape(), (Shape{3, 50}));
  for (std::int64_t i = 0; i < some.size(); ++i) {
    ASSERT_EQ(some.data()[i], b.data()[positions[static_cast<std::size_t>(i / 50)] * 50 + i % 50]) << i;
  }
  EXPECT_TRUE(tested.some_rows(b.leading(3), positions).shares_values_with(b));

  std::vector<float> gathered(3000, 7.0F);
  for (const float expected : {1.0F, 2.0F}) {  // a second step begins at zero as well
    float* sums = tested.begin_sums(gathered);
    const Tensor ones = filled({1, 2999}, expected);
    tested.add(ones, sums + 1);
    tested.finish_sums(gathered);
    ASSERT_EQ(gathered[0], 0.0F);
    ASSERT_EQ(gathered[1], expected);
    ASSERT_EQ(gathered[2999], expected);
  }
}

TEST_P(GradientOperationsTest, CrossEntropy) {
  for (const std::int64_t width : {1, 2, 7, 33, 200}) {
    for (const float magnitude : {1.0F, 30.0F}) {
      const std::vector<TokenId> labels = {0, not_scored, static_cast<TokenId>(width - 1), not_scored};
      const Tensor logits = random_.tensor({4, width}, magnitude);
      const double weight = 0.375;
      const auto sum_of = [&](const Doubles& x) {
        double sum = 0.0;
        for (const std::int64_t position : {0, 2}) {
          const double* row = x.data() + position * width;
          const double largest = *std::max_element(row, row + width);
          double total = 0.0;
          for (std::int64_t i = 0; i < width; ++i) total += std::exp(row[i] - largest);
          sum += std::log(total) + largest - row[labels[static_cast<std::size_t>(position)]];
        }
        return sum;
      };
      OutputGradient output;
      const Loss loss = cross_entropy(*kernels_, logits, labels, weight, &output);
      SCOPED_TRACE(testing::Message() << width << " choices up to " << magnitude);
      EXPECT_EQ(loss.scored, 2);
      EXPECT_NEAR(loss.sum, sum_of(doubles(logits)), 1e-6 * std::max(1.0, loss.sum));
      EXPECT_EQ(cross_entropy(*kernels_, logits, labels, 0.0, nullptr).sum, loss.sum);
      ASSERT_EQ(output.positions, (std::vector<std::int64_t>{0, 2}));
      Tensor all = zeros(logits.shape());
      for (std::size_t i = 0; i < output.positions.size(); ++i) {
        std::copy_n(output.values.data() + static_cast<std::int64_t>(i) * width, width,
                    all.writable() + output.positions[i] * width);
      }
      if (width > 1) {
        expect_slopes(
            "logits", [&](const Doubles& x) { return weight * sum_of(x); }, doubles(logits), all.data(), 0.0F,
            1, weight);
      } else {  // one choice is always right
        EXPECT_EQ(loss.sum, 0.0);
        EXPECT_EQ(all.data()[0], 0.0F);
      }
    }
  }
  OutputGradient none;
  const Tensor logits = random_.tensor({2, 5});
  EXPECT_EQ(cross_entropy(*kernels_, logits, std::vector<TokenId>{not_scored, not_scored}, 1.0, &none).scored,
            0);
  EXPECT_TRUE(none.positions.empty());
  EXPECT_THROW(cross_entropy(*kernels_, logits, std::vector<TokenId>{0, 5}, 1.0, &none), std::logic_error);
  EXPECT_THROW(cross_entropy(*kernels_, logits, std::vector<TokenId>{0}, 1.0, &none), std::logic_error);
}

std::vector<std::string> all_computers() {
  std::vector<std::string> names = set_names();
  names.insert(names.end(), {"host", "cuda"});
  return names;
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, GradientOperationsTest, testing::ValuesIn(all_computers()),
                         [](const auto& set) { return set.param; });

}  // namespace
}  // namespace headlight

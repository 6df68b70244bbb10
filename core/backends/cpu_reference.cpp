// The oracle: plain loops to be read beside the papers. Every sum and every function is computed in double
// and rounded to float32 once, at the end of each operation. Slow, and meant to be: no threads, no tricks.
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "core/backends/backend.h"
#include "core/backends/operation_shapes.h"
#include "core/model/activation.h"

namespace headlight {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double dot(const float* a, const float* b, std::int64_t count) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// softmax(s)_k = exp(s_k - max s) / sum_j exp(s_j - max s). Subtracting the maximum changes nothing on paper
// and keeps exp from overflowing (Goodfellow et al. 2016, section 4.1). A masked key, -inf, gets exactly 0;
// a row of only masked keys gets zeros. NaN or +inf among the scores makes the keys that are not masked NaN.
void softmax_row(const double* scores, std::int64_t count, double* pattern) {
  double largest = -infinity;
  for (std::int64_t key = 0; key < count; ++key) {
    if (scores[key] > largest) largest = scores[key];
  }
  double sum = 0.0;
  for (std::int64_t key = 0; key < count; ++key) {
    pattern[key] = scores[key] == -infinity ? 0.0 : std::exp(scores[key] - largest);
    sum += pattern[key];
  }
  for (std::int64_t key = 0; key < count; ++key) {
    if (scores[key] != -infinity) pattern[key] /= sum;
  }
}

class ReferenceBackend final : public Backend {
 public:
  std::string_view name() const override { return "reference"; }

  // e_p = E[id_p]
  Tensor embed(const Weight& table, std::span<const TokenId> ids) override {
    Tensor result(embed_shape(table, ids));
    float* out = result.writable();
    for (const TokenId id : ids) {
      for (const float value : weight_row(table, id)) *out++ = value;
    }
    return result;
  }

  // y_pr = sum_c x_pc W_rc + b_r
  using Backend::linear;
  Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias) override {
    Tensor result(linear_shape(x, weight, bias));
    float* out = result.writable();
    for (std::int64_t row = 0; row < weight.rows; ++row) {
      const std::vector<float> values = weight_row(weight, row);
      const double shift = bias.empty() ? 0.0 : static_cast<double>(bias.data()[row]);
      for (std::int64_t position = 0; position < x.axis(0); ++position) {
        out[position * weight.rows + row] = static_cast<float>(
            dot(x.data() + position * weight.columns, values.data(), weight.columns) + shift);
      }
    }
    return result;
  }

  // s_p = sqrt(mean_c (x_pc - m_p)^2 + epsilon), m_p = mean_c x_pc. Source: Ba et al. 2016, eq. 4.
  // RMSNorm: m_p = 0. Source: Zhang & Sennrich 2019, eq. 4; epsilon as in Llama's code.
  Tensor norm_scale(const Tensor& x, Norm norm, double epsilon) override {
    Tensor result(norm_scale_shape(x));
    float* out = result.writable();
    const std::int64_t width = x.axis(1);
    for (std::int64_t position = 0; position < x.axis(0); ++position) {
      const float* row = x.data() + position * width;
      const double middle = subtracted(row, width, norm);
      double squares = 0.0;
      for (std::int64_t i = 0; i < width; ++i) {
        const double deviation = static_cast<double>(row[i]) - middle;
        squares += deviation * deviation;
      }
      out[position] = static_cast<float>(std::sqrt(squares / static_cast<double>(width) + epsilon));
    }
    return result;
  }

  // y_pc = (x_pc - m_p) / s_p * g_c + b_c, with m_p as above.
  Tensor normalized(const Tensor& x, const Tensor& scale, Norm norm, const Tensor& gain,
                    const Tensor& bias) override {
    Tensor result(normalized_shape(x, scale, gain, bias));
    float* out = result.writable();
    const std::int64_t width = x.axis(1);
    for (std::int64_t position = 0; position < x.axis(0); ++position) {
      const float* row = x.data() + position * width;
      const double middle = subtracted(row, width, norm);
      const auto divisor = static_cast<double>(scale.data()[position]);
      for (std::int64_t i = 0; i < width; ++i) {
        const double shift = bias.empty() ? 0.0 : static_cast<double>(bias.data()[i]);
        out[position * width + i] = static_cast<float>(
            (static_cast<double>(row[i]) - middle) / divisor * static_cast<double>(gain.data()[i]) + shift);
      }
    }
    return result;
  }

  // (a, b) = (x_i, x_{i+D/2}) becomes (a cos t - b sin t, a sin t + b cos t) with t = position * frequency_i.
  // Source: Su et al. 2021, section 3.2.2, eq. 34; the paper pairs neighbours, Hugging Face's weights pair
  // halves. Yarn multiplies cosine and sine (Peng et al. 2023, section 3.4).
  Tensor rotate(const Tensor& x, std::int64_t first_position, const Rotation& rotation) override {
    Tensor result(rotate_shape(x, first_position, rotation));
    float* out = result.writable();
    const auto half = static_cast<std::int64_t>(rotation.frequencies.size());
    const std::int64_t heads = x.axis(1), width = x.axis(2);
    for (std::int64_t row = 0; row < x.axis(0) * heads; ++row) {
      const float* in = x.data() + row * width;
      float* turned = out + row * width;
      const auto position = static_cast<double>(first_position + row / heads);
      for (std::int64_t i = 0; i < half; ++i) {
        const double angle = position * rotation.frequencies[static_cast<std::size_t>(i)];
        const double cosine = rotation.magnitude * std::cos(angle);
        const double sine = rotation.magnitude * std::sin(angle);
        const double a = static_cast<double>(in[i]), b = static_cast<double>(in[i + half]);
        turned[i] = static_cast<float>(a * cosine - b * sine);
        turned[i + half] = static_cast<float>(a * sine + b * cosine);
      }
      for (std::int64_t i = 2 * half; i < width; ++i) turned[i] = in[i];
    }
    return result;
  }

  // s_hqk = cap(scale * q_qh . k_k(h/g)) + b_hqk, and -inf where the rule hides key k; g query heads share
  // one key head. Source: Vaswani et al. 2017, eq. 1 and section 3.2.3 (mask); Ainslie et al. 2023,
  // section 2.2.
  using Backend::attention_scores;
  Tensor attention_scores(const Tensor& q, const TensorRows& keys, const AttentionRule& rule,
                          const Tensor& bias) override {
    Tensor result(attention_scores_shape(q, keys, rule, bias));
    const Tensor k = keys.joined();
    float* out = result.writable();
    for (std::int64_t head = 0; head < q.axis(1); ++head) {
      for (std::int64_t query = 0; query < q.axis(0); ++query) {
        for (const double score : score_row(q, k, rule, bias, head, query))
          *out++ = static_cast<float>(score);
      }
    }
    return result;
  }

  // Source: Vaswani et al. 2017, eq. 1.
  Tensor softmax(const Tensor& scores) override {
    Tensor result(softmax_shape(scores));
    float* out = result.writable();
    const std::int64_t count = scores.shape().back();
    if (count == 0) return result;
    std::vector<double> row(static_cast<std::size_t>(count)), pattern(row.size());
    for (std::int64_t first = 0; first < scores.size(); first += count) {
      for (std::int64_t key = 0; key < count; ++key) {
        row[static_cast<std::size_t>(key)] = static_cast<double>(scores.data()[first + key]);
      }
      softmax_row(row.data(), count, pattern.data());
      for (const double weight : pattern) *out++ = static_cast<float>(weight);
    }
    return result;
  }

  // z_qhd = sum_k p_hqk v_k(h/g)d. Source: Vaswani et al. 2017, eq. 1.
  Tensor mix_values(const Tensor& pattern, const TensorRows& values) override {
    Tensor result(mix_values_shape(pattern, values));
    const Tensor v = values.joined();
    const std::int64_t heads = pattern.axis(0), queries = pattern.axis(1), keys = pattern.axis(2);
    std::vector<double> row(static_cast<std::size_t>(keys));
    for (std::int64_t head = 0; head < heads; ++head) {
      for (std::int64_t query = 0; query < queries; ++query) {
        for (std::int64_t key = 0; key < keys; ++key) {
          row[static_cast<std::size_t>(key)] =
              static_cast<double>(pattern.data()[(head * queries + query) * keys + key]);
        }
        mix_row(row, v, head, heads, result.writable() + (query * heads + head) * v.axis(2));
      }
    }
    return result;
  }

  // As the three above, without rounding in between.
  using Backend::attend;
  Tensor attend(const Tensor& q, const TensorRows& all_keys, const TensorRows& values,
                const AttentionRule& rule, const Tensor& bias) override {
    Tensor result(attend_shape(q, all_keys, values, rule, bias));
    const Tensor k = all_keys.joined(), v = values.joined();
    const std::int64_t heads = q.axis(1);
    std::vector<double> pattern(static_cast<std::size_t>(k.axis(0)));
    for (std::int64_t head = 0; head < heads; ++head) {
      for (std::int64_t query = 0; query < q.axis(0); ++query) {
        const std::vector<double> scores = score_row(q, k, rule, bias, head, query);
        softmax_row(scores.data(), k.axis(0), pattern.data());
        mix_row(pattern, v, head, heads, result.writable() + (query * heads + head) * v.axis(2));
      }
    }
    return result;
  }

  Tensor add(const Tensor& a, const Tensor& b) override {
    Tensor result(same_shape("add", a, b));
    float* out = result.writable();
    for (std::int64_t i = 0; i < a.size(); ++i) {
      out[i] = static_cast<float>(static_cast<double>(a.data()[i]) + static_cast<double>(b.data()[i]));
    }
    return result;
  }

  Tensor multiply(const Tensor& a, const Tensor& b) override {
    Tensor result(same_shape("multiply", a, b));
    float* out = result.writable();
    for (std::int64_t i = 0; i < a.size(); ++i) {
      out[i] = static_cast<float>(static_cast<double>(a.data()[i]) * static_cast<double>(b.data()[i]));
    }
    return result;
  }

  Tensor scaled(const Tensor& x, double factor) override {
    return each("scaled", x, [&](double value) { return value * factor; });
  }

  Tensor soft_capped(const Tensor& x, double cap) override {
    return each("soft_capped", x, [&](double value) { return cap * std::tanh(value / cap); });
  }

  Tensor activate(const Tensor& x, Activation activation) override {
    return each("activate", x, [&](double value) { return activated(value, activation); });
  }

  Tensor mean_row(const Tensor& x) override {
    Tensor result(mean_row_shape(x));
    for (std::int64_t i = 0; i < x.axis(1); ++i) {
      double sum = 0.0;
      for (std::int64_t row = 0; row < x.axis(0); ++row) {
        sum += static_cast<double>(x.data()[row * x.axis(1) + i]);
      }
      result.writable()[i] = static_cast<float>(sum / static_cast<double>(x.axis(0)));
    }
    return result;
  }

 private:
  template <class Function>
  static Tensor each(std::string_view operation, const Tensor& x, const Function& function) {
    Tensor result(elements_shape(operation, x));
    float* out = result.writable();
    for (std::int64_t i = 0; i < x.size(); ++i) {
      out[i] = static_cast<float>(function(static_cast<double>(x.data()[i])));
    }
    return result;
  }

  // What a norm takes off each value of the row: its mean, or nothing.
  static double subtracted(const float* row, std::int64_t width, Norm norm) {
    if (norm == Norm::rms) return 0.0;
    double sum = 0.0;
    for (std::int64_t i = 0; i < width; ++i) sum += static_cast<double>(row[i]);
    return sum / static_cast<double>(width);
  }

  // One row of attention_scores, not yet rounded.
  static std::vector<double> score_row(const Tensor& q, const Tensor& k, const AttentionRule& rule,
                                       const Tensor& bias, std::int64_t head, std::int64_t query) {
    const std::int64_t heads = q.axis(1), kv_heads = k.axis(1), width = q.axis(2), keys = k.axis(0);
    const std::int64_t kv_head = head / (heads / kv_heads);
    std::vector<double> scores(static_cast<std::size_t>(keys), -infinity);
    const KeyRange range = visible_keys(rule, rule.first_position + query, keys);
    for (std::int64_t key = range.first; key < range.last; ++key) {
      double score = rule.scale * dot(q.data() + (query * heads + head) * width,
                                      k.data() + (key * kv_heads + kv_head) * width, width);
      if (rule.soft_cap > 0.0) score = rule.soft_cap * std::tanh(score / rule.soft_cap);
      if (!bias.empty()) score += static_cast<double>(bias.data()[(head * q.axis(0) + query) * keys + key]);
      scores[static_cast<std::size_t>(key)] = score;
    }
    return scores;
  }

  // The sum over keys of pattern * value for one query and head. A key with weight 0 is not looked at at all:
  // what stands behind the mask cannot matter, not even an infinity (0 * inf would be NaN).
  static void mix_row(const std::vector<double>& pattern, const Tensor& v, std::int64_t head,
                      std::int64_t heads, float* out) {
    const std::int64_t kv_heads = v.axis(1), width = v.axis(2);
    const std::int64_t kv_head = head / (heads / kv_heads);
    std::vector<double> sums(static_cast<std::size_t>(width), 0.0);
    for (std::int64_t key = 0; key < v.axis(0); ++key) {
      const double weight = pattern[static_cast<std::size_t>(key)];
      if (weight == 0.0) continue;
      const float* value = v.data() + (key * kv_heads + kv_head) * width;
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += weight * static_cast<double>(value[i]);
    }
    for (const double sum : sums) *out++ = static_cast<float>(sum);
  }
};

}  // namespace

std::unique_ptr<Backend> make_reference_backend() { return std::make_unique<ReferenceBackend>(); }

}  // namespace headlight

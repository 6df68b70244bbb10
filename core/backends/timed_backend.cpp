// A clock around every operation, and the arithmetic of what the operation had to do.
#include "core/backends/timed_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

namespace headlight {
namespace {

double bytes_of(const Tensor& tensor) { return static_cast<double>(tensor.size()) * sizeof(float); }
double bytes_of(const TensorRows& rows) { return static_cast<double>(rows.size()) * sizeof(float); }
double bytes_of(const Backend::Attention& both) { return bytes_of(both.pattern) + bytes_of(both.z); }

// Products of a query with a key that it sees, of all heads: q [query, head, d_head], k [key, ...].
double seen_pairs(const Tensor& q, const TensorRows& k, const AttentionRule& rule) {
  double pairs = 0.0;
  for (std::int64_t query = 0; query < q.axis(0); ++query) {
    const KeyRange seen = visible_keys(rule, rule.first_position + query, k.axis(0));
    pairs += static_cast<double>(seen.last - seen.first);
  }
  return pairs * static_cast<double>(q.axis(1));
}

// What a call is made of, beside its result.
struct Work {
  double multiply_adds = 0.0;
  double weight_bytes = 0.0;
  double value_bytes = 0.0;  // read
};

class TimedBackend final : public Backend {
 public:
  TimedBackend(Backend& backend, std::vector<OperationCost>& costs, SecondsClock clock)
      : backend_(backend), costs_(costs), clock_(clock) {}

  std::string_view name() const override { return backend_.name(); }
  void finish() override { backend_.finish(); }

  Tensor embed(const Weight& table, std::span<const TokenId> ids) override {
    const double rows = static_cast<double>(ids.size());
    return timed("embed", {0.0, rows * static_cast<double>(row_bytes(table.format, table.columns)), 0.0},
                 [&] { return backend_.embed(table, ids); });
  }
  using Backend::linear;
  Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias) override {
    const std::string operation =
        fmt::format("linear {} x {} {}", weight.rows, weight.columns, number_format_name(weight.format));
    const double products = static_cast<double>(x.size()) * static_cast<double>(weight.rows);
    return timed(operation, {products, static_cast<double>(weight.byte_size()), bytes_of(x) + bytes_of(bias)},
                 [&] { return backend_.linear(x, weight, bias); });
  }
  Tensor norm_scale(const Tensor& x, Norm norm, double epsilon) override {
    return timed("norm_scale", reading(x), [&] { return backend_.norm_scale(x, norm, epsilon); });
  }
  Tensor normalized(const Tensor& x, const Tensor& scale, Norm norm, const Tensor& gain,
                    const Tensor& bias) override {
    return timed("normalized", reading(x, scale, gain, bias),
                 [&] { return backend_.normalized(x, scale, norm, gain, bias); });
  }
  Tensor rotate(const Tensor& x, std::int64_t first_position, const Rotation& rotation) override {
    return timed("rotate", reading(x), [&] { return backend_.rotate(x, first_position, rotation); });
  }
  using Backend::attention_scores;
  Tensor attention_scores(const Tensor& q, const TensorRows& k, const AttentionRule& rule,
                          const Tensor& bias) override {
    Work work = reading(q, k, bias);
    pairs_ = seen_pairs(q, k, rule);
    work.multiply_adds = pairs_ * static_cast<double>(q.axis(2));
    return timed("attention_scores", work, [&] { return backend_.attention_scores(q, k, rule, bias); });
  }
  Tensor softmax(const Tensor& scores) override {
    return timed("softmax", reading(scores), [&] { return backend_.softmax(scores); });
  }
  // The rule is not among the arguments: a pass always mixes what it scored last.
  Tensor mix_values(const Tensor& pattern, const TensorRows& v) override {
    Work work = reading(pattern, v);
    work.multiply_adds =
        std::min(pairs_, static_cast<double>(pattern.size())) * static_cast<double>(v.axis(2));
    return timed("mix_values", work, [&] { return backend_.mix_values(pattern, v); });
  }
  Attention attend_with_pattern(const Tensor& q, const TensorRows& k, const TensorRows& v,
                                const AttentionRule& rule, const Tensor& bias) override {
    return timed("attend_with_pattern", attending(q, k, v, rule, bias),
                 [&] { return backend_.attend_with_pattern(q, k, v, rule, bias); });
  }
  using Backend::attend;
  Tensor attend(const Tensor& q, const TensorRows& k, const TensorRows& v, const AttentionRule& rule,
                const Tensor& bias) override {
    const Work work = attending(q, k, v, rule, bias);
    return timed("attend", work, [&] { return backend_.attend(q, k, v, rule, bias); });
  }
  Tensor add(const Tensor& a, const Tensor& b) override {
    return timed("add", reading(a, b), [&] { return backend_.add(a, b); });
  }
  Tensor multiply(const Tensor& a, const Tensor& b) override {
    return timed("multiply", reading(a, b), [&] { return backend_.multiply(a, b); });
  }
  Tensor scaled(const Tensor& x, double factor) override {
    return timed("scaled", reading(x), [&] { return backend_.scaled(x, factor); });
  }
  Tensor soft_capped(const Tensor& x, double cap) override {
    return timed("soft_capped", reading(x), [&] { return backend_.soft_capped(x, cap); });
  }
  Tensor activate(const Tensor& x, Activation activation) override {
    return timed("activate", reading(x), [&] { return backend_.activate(x, activation); });
  }
  Tensor rows(const Tensor& x, std::int64_t first, std::int64_t last) override {
    return backend_.rows(x, first, last);
  }
  Tensor mean_row(const Tensor& x) override {
    return timed("mean_row", reading(x), [&] { return backend_.mean_row(x); });
  }

 private:
  template <class... Values>
  static Work reading(const Values&... values) {
    Work work;
    work.value_bytes = (bytes_of(values) + ...);
    return work;
  }

  static Work attending(const Tensor& q, const TensorRows& k, const TensorRows& v, const AttentionRule& rule,
                        const Tensor& bias) {
    Work work = reading(q, k, v, bias);
    work.multiply_adds = seen_pairs(q, k, rule) * static_cast<double>(q.axis(2) + v.axis(2));
    return work;
  }

  template <class Call>
  std::invoke_result_t<Call> timed(std::string_view operation, const Work& work, const Call& call) {
    const double start = clock_();
    auto result = call();
    backend_.finish();
    const double seconds = clock_() - start;
    auto cost = std::ranges::find(costs_, operation, &OperationCost::operation);
    if (cost == costs_.end()) cost = costs_.insert(cost, {.operation = std::string(operation)});
    ++cost->calls;
    cost->seconds += seconds;
    cost->multiply_adds += work.multiply_adds;
    cost->weight_bytes += work.weight_bytes;
    cost->value_bytes += work.value_bytes + bytes_of(result);
    return result;
  }

  Backend& backend_;
  std::vector<OperationCost>& costs_;
  SecondsClock clock_;
  double pairs_ = 0.0;  // of the last attention_scores
};

}  // namespace

std::unique_ptr<Backend> make_timed_backend(Backend& backend, std::vector<OperationCost>& costs,
                                            SecondsClock clock) {
  return std::make_unique<TimedBackend>(backend, costs, clock);
}

}  // namespace headlight

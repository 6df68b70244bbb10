// Runs two backends side by side and names the first operation in which they disagree.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/backends/backend.h"

namespace headlight {
namespace {

class CheckedBackend final : public Backend {
 public:
  CheckedBackend(std::unique_ptr<Backend> tested, std::unique_ptr<Backend> reference, double tolerance)
      : tested_(std::move(tested)), reference_(std::move(reference)), tolerance_(tolerance) {}

  std::string_view name() const override { return "checked"; }
  void finish() override { tested_->finish(); }

  Tensor embed(const Weight& table, std::span<const TokenId> ids) override {
    return both("embed", [&](Backend& b) { return b.embed(table, ids); });
  }
  using Backend::linear;
  Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias) override {
    return both("linear", [&](Backend& b) { return b.linear(x, weight, bias); });
  }
  Tensor norm_scale(const Tensor& x, Norm norm, double epsilon) override {
    return both("norm_scale", [&](Backend& b) { return b.norm_scale(x, norm, epsilon); });
  }
  Tensor normalized(const Tensor& x, const Tensor& scale, Norm norm, const Tensor& gain,
                    const Tensor& bias) override {
    return both("normalized", [&](Backend& b) { return b.normalized(x, scale, norm, gain, bias); });
  }
  Tensor rotate(const Tensor& x, std::int64_t first_position, const Rotation& rotation) override {
    return both("rotate", [&](Backend& b) { return b.rotate(x, first_position, rotation); });
  }
  using Backend::attention_scores;
  Tensor attention_scores(const Tensor& q, const TensorRows& k, const AttentionRule& rule,
                          const Tensor& bias) override {
    return both("attention_scores", [&](Backend& b) { return b.attention_scores(q, k, rule, bias); });
  }
  Tensor softmax(const Tensor& scores) override {
    return both("softmax", [&](Backend& b) { return b.softmax(scores); });
  }
  Tensor mix_values(const Tensor& pattern, const TensorRows& v) override {
    return both("mix_values", [&](Backend& b) { return b.mix_values(pattern, v); });
  }
  Attention attend_with_pattern(const Tensor& q, const TensorRows& k, const TensorRows& v,
                                const AttentionRule& rule, const Tensor& bias) override {
    Attention actual = tested_->attend_with_pattern(q, k, v, rule, bias);
    const Attention expected = reference_->attend_with_pattern(q, k, v, rule, bias);
    compare("attend_with_pattern: pattern", actual.pattern, expected.pattern);
    compare("attend_with_pattern: z", actual.z, expected.z);
    return actual;
  }
  using Backend::attend;
  Tensor attend(const Tensor& q, const TensorRows& k, const TensorRows& v, const AttentionRule& rule,
                const Tensor& bias) override {
    return both("attend", [&](Backend& b) { return b.attend(q, k, v, rule, bias); });
  }
  Tensor add(const Tensor& a, const Tensor& b) override {
    return both("add", [&](Backend& backend) { return backend.add(a, b); });
  }
  Tensor multiply(const Tensor& a, const Tensor& b) override {
    return both("multiply", [&](Backend& backend) { return backend.multiply(a, b); });
  }
  Tensor scaled(const Tensor& x, double factor) override {
    return both("scaled", [&](Backend& b) { return b.scaled(x, factor); });
  }
  Tensor soft_capped(const Tensor& x, double cap) override {
    return both("soft_capped", [&](Backend& b) { return b.soft_capped(x, cap); });
  }
  Tensor activate(const Tensor& x, Activation activation) override {
    return both("activate", [&](Backend& b) { return b.activate(x, activation); });
  }
  Tensor rows(const Tensor& x, std::int64_t first, std::int64_t last) override {
    return both("rows", [&](Backend& b) { return b.rows(x, first, last); });
  }
  Tensor mean_row(const Tensor& x) override {
    return both("mean_row", [&](Backend& b) { return b.mean_row(x); });
  }

 private:
  template <class Call>
  Tensor both(std::string_view operation, const Call& call) {
    const Tensor actual = call(*tested_);
    compare(operation, actual, call(*reference_));
    return actual;
  }

  void compare(std::string_view operation, const Tensor& actual, const Tensor& expected) const {
    if (actual.empty() || expected.empty() || actual.shape() != expected.shape()) {
      throw std::logic_error(fmt::format("{}: {} gives shape {}, {} gives {}", operation, tested_->name(),
                                         shape_text(actual.shape()), reference_->name(),
                                         shape_text(expected.shape())));
    }
    double largest = 0.0;
    for (const float value : expected.values()) {
      if (std::isfinite(value)) largest = std::max(largest, std::abs(static_cast<double>(value)));
    }
    for (std::int64_t i = 0; i < expected.size(); ++i) {
      if (agree(actual.data()[i], expected.data()[i], tolerance_ * largest)) continue;
      throw std::logic_error(fmt::format("{}: value {} of {} is {} from {} and {} from {}; {} is allowed",
                                         operation, i, shape_text(expected.shape()), actual.data()[i],
                                         tested_->name(), expected.data()[i], reference_->name(),
                                         tolerance_ * largest));
    }
  }

  // NaN agrees with NaN alone, an infinity with itself alone: a key that one backend masks, the other must
  // mask.
  static bool agree(float actual, float expected, double allowed) {
    if (std::isnan(actual) || std::isnan(expected)) return std::isnan(actual) && std::isnan(expected);
    if (std::isinf(actual) || std::isinf(expected)) return actual == expected;
    return std::abs(static_cast<double>(actual) - static_cast<double>(expected)) <= allowed;
  }

  std::unique_ptr<Backend> tested_, reference_;
  double tolerance_;
};

}  // namespace

std::unique_ptr<Backend> make_checked_backend(std::unique_ptr<Backend> tested,
                                              std::unique_ptr<Backend> reference, double tolerance) {
  return std::make_unique<CheckedBackend>(std::move(tested), std::move(reference), tolerance);
}

}  // namespace headlight

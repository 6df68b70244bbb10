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

  Tensor embed(const Weight& table, std::span<const TokenId> ids) override {
    return both("embed", [&](Backend& b) { return b.embed(table, ids); });
  }
  Tensor linear(const Tensor& x, const Weight& weight) override {
    return both("linear", [&](Backend& b) { return b.linear(x, weight); });
  }
  Tensor rms_scale(const Tensor& x, double epsilon) override {
    return both("rms_scale", [&](Backend& b) { return b.rms_scale(x, epsilon); });
  }
  Tensor scaled_by(const Tensor& x, const Tensor& scale, const Tensor& gain) override {
    return both("scaled_by", [&](Backend& b) { return b.scaled_by(x, scale, gain); });
  }
  Tensor rotate(const Tensor& x, std::int64_t first_position, double base, std::int64_t dimensions) override {
    return both("rotate", [&](Backend& b) { return b.rotate(x, first_position, base, dimensions); });
  }
  Tensor attention_scores(const Tensor& q, const Tensor& k, double scale,
                          std::int64_t first_position) override {
    return both("attention_scores",
                [&](Backend& b) { return b.attention_scores(q, k, scale, first_position); });
  }
  Tensor softmax(const Tensor& scores) override {
    return both("softmax", [&](Backend& b) { return b.softmax(scores); });
  }
  Tensor mix_values(const Tensor& pattern, const Tensor& v) override {
    return both("mix_values", [&](Backend& b) { return b.mix_values(pattern, v); });
  }
  Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, double scale,
                std::int64_t first_position) override {
    return both("attend", [&](Backend& b) { return b.attend(q, k, v, scale, first_position); });
  }
  Tensor add(const Tensor& a, const Tensor& b) override {
    return both("add", [&](Backend& backend) { return backend.add(a, b); });
  }
  Tensor multiply(const Tensor& a, const Tensor& b) override {
    return both("multiply", [&](Backend& backend) { return backend.multiply(a, b); });
  }
  Tensor activate(const Tensor& x, Activation activation) override {
    return both("activate", [&](Backend& b) { return b.activate(x, activation); });
  }

 private:
  template <class Call>
  Tensor both(std::string_view operation, const Call& call) {
    const Tensor actual = call(*tested_);
    const Tensor expected = call(*reference_);
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
    return actual;
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

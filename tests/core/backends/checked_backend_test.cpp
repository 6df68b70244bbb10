// A checker that cannot fail checks nothing: each kind of disagreement is made on purpose.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/backends/backend.h"
#include "tests/core/backends/random_values.h"
#include "tests/core/compare.h"

namespace headlight {
namespace {

constexpr float infinite = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

// The reference, with one operation's result falsified.
class Falsified final : public Backend {
 public:
  Falsified(std::string operation, std::function<void(Tensor&)> change)
      : operation_(std::move(operation)), change_(std::move(change)), right_(make_reference_backend()) {}

  std::string_view name() const override { return "falsified"; }
  Tensor embed(const Weight& table, std::span<const TokenId> ids) override {
    return maybe("embed", right_->embed(table, ids));
  }
  using Backend::linear;
  Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias) override {
    return maybe("linear", right_->linear(x, weight, bias));
  }
  Tensor norm_scale(const Tensor& x, Norm norm, double epsilon) override {
    return maybe("norm_scale", right_->norm_scale(x, norm, epsilon));
  }
  Tensor normalized(const Tensor& x, const Tensor& scale, Norm norm, const Tensor& gain,
                    const Tensor& bias) override {
    return maybe("normalized", right_->normalized(x, scale, norm, gain, bias));
  }
  Tensor rotate(const Tensor& x, std::int64_t first_position, const Rotation& rotation) override {
    return maybe("rotate", right_->rotate(x, first_position, rotation));
  }
  using Backend::attention_scores;
  Tensor attention_scores(const Tensor& q, const TensorRows& k, const AttentionRule& rule,
                          const Tensor& bias) override {
    return maybe("attention_scores", right_->attention_scores(q, k, rule, bias));
  }
  Tensor softmax(const Tensor& scores) override { return maybe("softmax", right_->softmax(scores)); }
  Tensor mix_values(const Tensor& pattern, const TensorRows& v) override {
    return maybe("mix_values", right_->mix_values(pattern, v));
  }
  Attention attend_with_pattern(const Tensor& q, const TensorRows& k, const TensorRows& v,
                                const AttentionRule& rule, const Tensor& bias) override {
    Attention right = right_->attend_with_pattern(q, k, v, rule, bias);
    return {std::move(right.pattern), maybe("attend_with_pattern", std::move(right.z))};
  }
  using Backend::attend;
  Tensor attend(const Tensor& q, const TensorRows& k, const TensorRows& v, const AttentionRule& rule,
                const Tensor& bias) override {
    return maybe("attend", right_->attend(q, k, v, rule, bias));
  }
  Tensor add(const Tensor& a, const Tensor& b) override { return maybe("add", right_->add(a, b)); }
  Tensor multiply(const Tensor& a, const Tensor& b) override {
    return maybe("multiply", right_->multiply(a, b));
  }
  Tensor scaled(const Tensor& x, double factor) override {
    return maybe("scaled", right_->scaled(x, factor));
  }
  Tensor soft_capped(const Tensor& x, double cap) override {
    return maybe("soft_capped", right_->soft_capped(x, cap));
  }
  Tensor activate(const Tensor& x, Activation activation) override {
    return maybe("activate", right_->activate(x, activation));
  }
  Tensor mean_row(const Tensor& x) override { return maybe("mean_row", right_->mean_row(x)); }

 private:
  Tensor maybe(const std::string& operation, Tensor result) const {
    if (operation == operation_) change_(result);
    return result;
  }

  std::string operation_;
  std::function<void(Tensor&)> change_;
  std::unique_ptr<Backend> right_;
};

// Calls every operation once, as a forward pass would.
void run_everything(Backend& backend) {
  RandomValues random(3);
  const Weight weight = random.weight(NumberFormat::q8_0, 12, 32);
  const std::vector<TokenId> ids = {1, 2, 3};
  const Tensor x = backend.embed(weight, ids);
  const Tensor scale = backend.norm_scale(x, Norm::rms, 1e-5);
  const Tensor normal = backend.normalized(x, scale, Norm::rms, random.tensor({32}), Tensor());
  const Tensor q =
      backend.rotate(backend.linear(normal, weight).reshaped({3, 2, 6}), 0, plain_rotation(1e4, 6));
  const Tensor pattern = backend.softmax(backend.attention_scores(q, q, {0.4, 0}));
  const Tensor z = backend.mix_values(pattern, q);
  const Tensor same = backend.attend(q, q, q, {0.4, 0});
  backend.attend_with_pattern(q, q, q, {0.4, 0}, Tensor());
  backend.activate(backend.multiply(backend.add(z, same), z), Activation::silu);
  backend.mean_row(backend.soft_capped(backend.scaled(x, 3.0), 2.0));
}

// The message of the std::logic_error that the check raises; empty when it raises none.
std::string complaint(const std::string& operation, const std::function<void(Tensor&)>& change) {
  const auto checked =
      make_checked_backend(std::make_unique<Falsified>(operation, change), make_reference_backend(), 1e-5);
  try {
    run_everything(*checked);
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "";
}

std::function<void(Tensor&)> replace_last(float value) {
  return [value](Tensor& t) { t.writable()[t.size() - 1] = value; };
}

// A hundredth of the largest value: a thousand times the tolerance.
void shift_first(Tensor& t) {
  float largest = 0.0F;
  for (const float value : t.values()) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  t.writable()[0] += 0.01F * largest;
}

TEST(CheckedBackend, NamesTheOperationThatDiffers) {
  for (const std::string operation :
       {"embed", "linear", "norm_scale", "normalized", "rotate", "attention_scores", "softmax", "mix_values",
        "attend", "attend_with_pattern", "add", "multiply", "scaled", "soft_capped", "activate",
        "mean_row"}) {
    const std::string message = complaint(operation, shift_first);
    EXPECT_EQ(message.substr(0, operation.size() + 1), operation + ":") << message;
  }
}

TEST(CheckedBackend, SeesNanInfinityAndShape) {
  EXPECT_NE(complaint("linear", replace_last(nan)), "");
  EXPECT_NE(complaint("linear", replace_last(infinite)), "");
  EXPECT_NE(complaint("linear", replace_last(-infinite)), "");
  // Query 0 must not see key 1: value 1 of the scores is -inf.
  EXPECT_NE(complaint("attention_scores", [](Tensor& t) { t.writable()[1] = -1e30F; }), "");
  EXPECT_NE(complaint("attention_scores", [](Tensor& t) { t.writable()[1] = infinite; }), "");
  EXPECT_NE(complaint("add", [](Tensor& t) { t = t.rows(0, 2); }), "");
  EXPECT_NE(complaint("add", [](Tensor& t) { t = t.reshaped({t.size()}); }), "");
  EXPECT_NE(complaint("add", [](Tensor& t) { t = Tensor(); }), "");
}

TEST(CheckedBackend, ForgivesWhatIsWithinTheToleranceAndReturnsTheTestedResult) {
  EXPECT_EQ(complaint("none", [](Tensor&) {}), "");
  EXPECT_EQ(complaint("linear", [](Tensor& t) { t.writable()[0] *= 1.000001F; }), "");
  const auto checked =
      make_checked_backend(std::make_unique<Falsified>("add", [](Tensor& t) { t.writable()[0] += 1e-3F; }),
                           make_reference_backend(), 1e-2);
  const Tensor ones({2}, std::vector<float>{1, 1});
  const Tensor sum = checked->add(ones, ones);
  EXPECT_EQ(sum.data()[0], 2.0F + 1e-3F);
  EXPECT_EQ(checked->name(), "checked");
}

TEST(CheckedBackend, FindsNothingBetweenCpuAndReference) {
  const auto checked = make_checked_backend(make_cpu_backend(2), make_reference_backend(), 1e-5);
  EXPECT_NO_THROW(run_everything(*checked));
}

}  // namespace
}  // namespace headlight

// Low-rank adaptation against PyTorch: one product (tests/golden/objectives.json), and a whole small model
// (tests/golden/low_rank.json, made by make_low_rank.py).
#include "core/training/low_rank.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/errors.h"
#include "tests/core/training/golden_training.h"

namespace headlight {
namespace {

std::filesystem::path golden_folder() { return training_folder().parent_path(); }

// As those of the whole gradients: PyTorch's own float32 is within 2e-6 of its float64 in this model.
constexpr double tolerance = 1e-5;

std::vector<float> flat(const nlohmann::json& rows) {
  std::vector<float> values;
  for (const nlohmann::json& row : rows) {
    for (const nlohmann::json& value : row) values.push_back(value.get<float>());
  }
  return values;
}

// y = x·(W + scale B·A)ᵀ; all numbers are multiples of 1/64, and so the same in float32: sums of less than
// ten products are right within a few units of their last place.
TEST(LowRankProduct, AgreesWithPyTorch) {
  const nlohmann::json golden = nlohmann::json::parse(std::ifstream(golden_folder() / "objectives.json"));
  const auto found = std::find_if(golden.at("cases").begin(), golden.at("cases").end(),
                                  [](const nlohmann::json& one) { return one.at("kind") == "low_rank"; });
  ASSERT_NE(found, golden.at("cases").end());
  std::vector<float> weight = flat(found->at("weight"));                               // [6, 5]
  const std::vector<float> x = flat(found->at("x")), d_y = flat(found->at("grad.y"));  // [4, 5], [4, 6]
  LowRank low_rank({{"w", {6, 5}, 0, 30}}, weight, {2, 2.0 * found->at("scale").get<double>(), {"w"}}, 1);
  const std::vector<float> down = flat(found->at("down")), up = flat(found->at("up"));
  std::copy(down.begin(), down.end(), low_rank.values().begin());
  std::copy(up.begin(), up.end(), low_rank.values().begin() + 10);
  low_rank.apply();
  std::vector<float> y(24, 0.0F), d_weight(30, 0.0F);
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t out = 0; out < 6; ++out) {
      for (std::size_t in = 0; in < 5; ++in) {
        y[row * 6 + out] += x[row * 5 + in] * weight[out * 5 + in];
        d_weight[out * 5 + in] += d_y[row * 6 + out] * x[row * 5 + in];
      }
    }
  }
  expect_close(flat(found->at("y")), y, 1e-6, "y");
  const std::span<const float> gradients = low_rank.gradients_from(d_weight);
  expect_close(flat(found->at("grad.down")), gradients.first(10), 1e-6, "A");
  expect_close(flat(found->at("grad.up")), gradients.subspan(10), 1e-6, "B");
}

class LowRankTraining : public testing::Test {
 protected:
  LowRankTraining()
      : golden_(read_training_case("llama_tied")),
        json_(nlohmann::json::parse(std::ifstream(golden_folder() / "low_rank.json"))),
        values_(read_values(golden_folder() / "low_rank.safetensors")),
        parameters_(model_files(*golden_.model), *golden_.model, 1),
        low_rank_(parameters_.list(), parameters_.values(), settings(), 5) {}

  LowRankSettings settings() const {
    return {json_.at("rank").get<std::int64_t>(), json_.at("alpha").get<double>(),
            json_.at("matrices").get<std::vector<std::string>>()};
  }
  void start() {
    for (const Parameter& parameter : low_rank_.list()) {
      const std::vector<float>& from = values_.at("start." + parameter.name);
      ASSERT_EQ(static_cast<std::int64_t>(from.size()), parameter.size) << parameter.name;
      std::copy(from.begin(), from.end(), low_rank_.values().begin() + parameter.first);
    }
    low_rank_.apply();
  }

  GoldenTraining golden_;
  nlohmann::json json_;
  NamedValues values_;
  Parameters parameters_;
  LowRank low_rank_;
};

TEST_F(LowRankTraining, AgreesWithPyTorch) {
  start();
  const nlohmann::json& stored = golden_.json.at("optimizer");
  Optimizer optimizer(low_rank_.list(), low_rank_.values().size(),
                      {.learning_rate = stored.at("peak").get<double>(),
                       .final_share = stored.at("floor").get<double>(),
                       .warm_up = stored.at("warm_up").get<std::int64_t>(),
                       .steps = stored.at("steps").get<std::int64_t>(),
                       .epsilon = stored.at("epsilon").get<double>(),
                       .weight_decay = stored.at("decay").get<double>(),
                       .largest_gradient = stored.at("most_norm").get<double>()});
  Trainer trainer(parameters_, optimizer, 2);
  trainer.adapt(low_rank_);
  const StepReport report = trainer.compute_gradients(examples_of(golden_.json.at("sequences")));
  EXPECT_NEAR(report.loss, json_.at("loss").get<double>(), 1e-5);
  EXPECT_NEAR(report.gradient_length / json_.at("gradient_norm").get<double>(), 1.0, 1e-5);
  const std::span<const float> gradients = low_rank_.gradients_from(trainer.gradients().values());
  ASSERT_EQ(low_rank_.list().size(), 8U);
  for (const Parameter& parameter : low_rank_.list()) {
    expect_close(values_.at("grad." + parameter.name), part(gradients, parameter), tolerance, parameter.name);
  }
  for (std::size_t step = 0; step < stored.at("batches").size(); ++step) {
    const StepReport stepped = trainer.step(examples_of(stored.at("batches").at(step)));
    EXPECT_NEAR(stepped.loss, json_.at("losses").at(step).get<double>(), 1e-4) << step;
  }
  for (const Parameter& parameter : low_rank_.list()) {
    expect_close(values_.at("after." + parameter.name), part(low_rank_.values(), parameter), 1e-4,
                 parameter.name);
  }
}

// At first the model is what it was; later only the named matrices differ.
TEST_F(LowRankTraining, ChangesOnlyWhatItAdapts) {
  const std::vector<float> before(parameters_.values().begin(), parameters_.values().end());
  low_rank_.apply();
  EXPECT_TRUE(std::equal(before.begin(), before.end(), parameters_.values().begin()));
  start();
  for (const Parameter& parameter : parameters_.list()) {
    const bool adapted =
        parameter.name.ends_with("q_proj.weight") || parameter.name.ends_with("down_proj.weight");
    const auto was = part(before, parameter), is = part(parameters_.values(), parameter);
    EXPECT_EQ(std::equal(was.begin(), was.end(), is.begin()), !adapted) << parameter.name;
  }
}

TEST_F(LowRankTraining, RefusesWhatCannotBeAdapted) {
  const auto& list = parameters_.list();
  const std::span<float> values = parameters_.values();
  EXPECT_THROW(LowRank(list, values, {24, 1.0, {"*q_proj*"}}, 1), UserError);
  EXPECT_THROW(LowRank(list, values, {0, 1.0, {"*q_proj*"}}, 1), UserError);
  EXPECT_THROW(LowRank(list, values, {2, 1.0, {"*nothing*"}}, 1), UserError);
  EXPECT_THROW(LowRank(list, values, {2, 1.0, {"*norm*"}}, 1), UserError);  // no matrix
  EXPECT_THROW(LowRank(list, values, {2, 1.0, {}}, 1), UserError);
}

}  // namespace
}  // namespace headlight

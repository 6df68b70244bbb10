// Gradients of every block kind and objective against PyTorch's autograd, and ten steps of AdamW.
#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "core/backends/cuda/device_memory.h"
#include "core/backends/cuda/plugin.h"
#include "core/base/errors.h"
#include "tests/core/backends/host_device.h"
#include "tests/core/training/golden_training.h"

namespace headlight {
namespace {

// PyTorch's own float32 gradients are within 1e-5 of its float64 ones, which are stored; ours sum in another
// order. Relative to the largest number of each tensor.
constexpr double tolerance = 2e-5;
// What is zero in exact arithmetic (a bias of the keys moves all scores of a row alike) is noise below this.
constexpr double noise = 1e-6;

// A case of golden values, and what computes: "cpu", "host" (the stand-in device) or "cuda".
class OnEveryDevice : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  void SetUp() override {
    if (where_ == "cuda" && !cuda_device().memory) GTEST_SKIP() << cuda_device().reason.en;
    if (where_ == "cuda") device_.memory = cuda_device().memory;
    if (where_ == "host") device_.memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log_));
  }
  // Whether the numbers are those that the test is about.
  void expect_computed_there(const Trainer& trainer) const {
    EXPECT_EQ(trainer.on_device(), where_ != "cpu") << trainer.device_note().en;
  }

  const std::string case_ = std::get<0>(GetParam()), where_ = std::get<1>(GetParam());
  HostDeviceLog log_;
  ComputeDevice device_;
};
const std::vector<std::string> places = {"cpu", "host", "cuda"};

class GoldenGradients : public OnEveryDevice {};

// Families whose weights are rearranged at load, and parts that no shipped model has, are refused by name.
bool is_refused(const std::string& name) { return name == "gpt2_tied" || name == "t5_gated"; }

bool has_name(const nlohmann::json& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

TEST_P(GoldenGradients, AgreeWithPyTorch) {
  const GoldenTraining golden = read_training_case(case_);
  if (is_refused(case_)) {
    EXPECT_THROW(Parameters(model_files(*golden.model), *golden.model, 1), FileError);
    return;
  }
  Parameters parameters(model_files(*golden.model), *golden.model, 1);
  Optimizer optimizer(parameters, {});
  Trainer trainer(parameters, optimizer, 2, 2, device_);
  const StepReport report = trainer.compute_gradients(examples_of(golden.json.at("sequences")));
  expect_computed_there(trainer);
  EXPECT_EQ(report.scored, golden.json.at("labelled").get<std::int64_t>());
  EXPECT_NEAR(report.loss, golden.json.at("loss").get<double>(), 1e-5);
  std::size_t compared = 0;
  for (const Parameter& parameter : parameters.list()) {
    if (has_name(golden.json.at("not_trained"), parameter.name)) continue;
    const auto found = golden.gradients.find("grad." + parameter.name);
    ASSERT_NE(found, golden.gradients.end()) << parameter.name;
    const bool is_zero = has_name(golden.json.at("zero_in_exact_arithmetic"), parameter.name);
    expect_within(found->second, part(trainer.gradients().values(), parameter),
                  is_zero ? noise : tolerance * largest_size(found->second), parameter.name);
    ++compared;
  }
  EXPECT_GT(compared, 10U);
}

class GoldenSteps : public OnEveryDevice {};

TEST_P(GoldenSteps, TenStepsAgreeWithPyTorch) {
  const GoldenTraining golden = read_training_case(case_);
  ASSERT_FALSE(golden.after_steps.empty());
  const nlohmann::json& stored = golden.json.at("optimizer");
  Parameters parameters(model_files(*golden.model), *golden.model, 1);
  Optimizer optimizer(parameters, {.learning_rate = stored.at("peak").get<double>(),
                                   .final_share = stored.at("floor").get<double>(),
                                   .warm_up = stored.at("warm_up").get<std::int64_t>(),
                                   .steps = stored.at("steps").get<std::int64_t>(),
                                   .beta1 = stored.at("beta1").get<double>(),
                                   .beta2 = stored.at("beta2").get<double>(),
                                   .epsilon = stored.at("epsilon").get<double>(),
                                   .weight_decay = stored.at("decay").get<double>(),
                                   .largest_gradient = stored.at("most_norm").get<double>()});
  Trainer trainer(parameters, optimizer, 2, 2, device_);
  for (std::size_t step = 0; step < stored.at("batches").size(); ++step) {
    const nlohmann::json& expected = stored.at("log").at(step);
    const StepReport report = trainer.step(examples_of(stored.at("batches").at(step)));
    EXPECT_NEAR(learning_rate_at(optimizer.settings(), optimizer.steps_done()),
                expected.at("rate").get<double>(), 1e-12);
    EXPECT_NEAR(report.loss, expected.at("loss").get<double>(), 1e-4) << step;
    EXPECT_NEAR(report.gradient_length / expected.at("gradient_norm").get<double>(), 1.0, 1e-4) << step;
  }
  expect_computed_there(trainer);
  for (const Parameter& parameter : parameters.list()) {
    const auto found = golden.after_steps.find(parameter.name);
    ASSERT_NE(found, golden.after_steps.end()) << parameter.name;
    // Adam divides by the gradient's size: where it is noise, a step may go either way.
    if (has_name(golden.json.at("zero_in_exact_arithmetic"), parameter.name)) continue;
    expect_within(found->second, part(parameters.values(), parameter),
                  1e-4 * std::max(1.0, largest_size(found->second)), parameter.name);
  }
}

std::string case_name(const testing::TestParamInfo<std::tuple<std::string, std::string>>& info) {
  return std::get<0>(info.param) + "_" + std::get<1>(info.param);
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenGradients,
                         testing::Combine(testing::ValuesIn(training_cases()), testing::ValuesIn(places)),
                         case_name);
INSTANTIATE_TEST_SUITE_P(Cases, GoldenSteps,
                         testing::Combine(testing::Values(std::string("llama_tied"),
                                                          std::string("bert_masked")),
                                          testing::ValuesIn(places)),
                         case_name);

// The same bits on one thread and on two: lanes, not threads, decide the order of sums.
TEST(Trainer, ThreadsChangeNothing) {
  const GoldenTraining golden = read_training_case("llama_tied");
  const nlohmann::json& stored = golden.json.at("optimizer");
  std::vector<float> first;
  for (const int threads : {1, 2}) {
    Parameters parameters(model_files(*golden.model), 7);
    Optimizer optimizer(parameters, {.warm_up = 2, .steps = 10});
    Trainer trainer(parameters, optimizer, threads);
    for (const nlohmann::json& batch : stored.at("batches")) trainer.step(examples_of(batch));
    const std::vector<float> values(parameters.values().begin(), parameters.values().end());
    if (threads == 1) {
      first = values;
    } else {
      EXPECT_EQ(first, values);
    }
  }
}

}  // namespace
}  // namespace headlight

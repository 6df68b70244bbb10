// Objectives through whole models. Their derivatives by logits are held against PyTorch in
// objectives_test.cpp and the way back in gradients_test.cpp: here, that the two are put together right.
#include "core/training/training_objective.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/core/training/golden_training.h"

namespace headlight {
namespace {

// How the loss really changes along the gradient, by central differences of two widths, of which the larger
// takes away most of what the third derivative adds (Richardson 1911): the gradient's length, if it is the
// gradient. The loss has six digits in float32 and the step is a hundredth: of the difference between two of
// them three are left.
void expect_gradient(Parameters& parameters, const Objective& objective,
                     std::span<const TrainingExample> batch) {
  Optimizer optimizer(parameters, {});
  Trainer trainer(parameters, optimizer, 2);
  trainer.aim_at(objective);
  const StepReport report = trainer.compute_gradients(batch);
  ASSERT_GT(report.gradient_length, 1e-3);
  const std::vector<float> start(parameters.values().begin(), parameters.values().end());
  const std::vector<float> gradient(trainer.gradients().values().begin(), trainer.gradients().values().end());
  const auto loss_at = [&](double way) {
    const double factor = way / report.gradient_length;
    for (std::size_t i = 0; i < start.size(); ++i) {
      parameters.values()[i] = start[i] + static_cast<float>(factor * static_cast<double>(gradient[i]));
    }
    return trainer.evaluate(batch).sum / static_cast<double>(report.scored);
  };
  const auto slope = [&](double reach) { return (loss_at(reach) - loss_at(-reach)) / (2.0 * reach); };
  const double found = (4.0 * slope(0.01) - slope(0.02)) / 3.0;
  EXPECT_NEAR(found / report.gradient_length, 1.0, 5e-3);
  EXPECT_NEAR(loss_at(0.0), report.loss, 1e-6 * std::max(1.0, report.loss));
}

class WholeObjectives : public testing::Test {
 protected:
  WholeObjectives()
      : golden_(read_training_case("llama_tied")),
        learner_(model_files(*golden_.model), *golden_.model, 1),
        other_(model_files(*golden_.model), 4),
        batch_(examples_of(golden_.json.at("sequences"))) {}

  GoldenTraining golden_;
  Parameters learner_, other_;
  std::vector<TrainingExample> batch_;
};

TEST_F(WholeObjectives, Distillation) {
  expect_gradient(learner_, distillation_objective(other_.model(), 2.0), batch_);
  Optimizer optimizer(learner_, {});
  Trainer trainer(learner_, optimizer, 2);
  trainer.aim_at(distillation_objective(learner_.model(), 2.0));
  EXPECT_NEAR(trainer.compute_gradients(batch_).loss, 0.0, 1e-5);  // nothing to learn from oneself
}

// Beside itself nothing is preferred yet, and the first steps prefer what they are told to.
TEST_F(WholeObjectives, Preferences) {
  const Parameters reference(model_files(*golden_.model), *golden_.model, 1);
  expect_gradient(learner_, preference_objective(other_.model(), 0.1), batch_);
  Optimizer optimizer(learner_, {.learning_rate = 1e-3, .warm_up = 0, .steps = 20});
  Trainer trainer(learner_, optimizer, 2);
  trainer.aim_at(preference_objective(reference.model(), 0.1));
  const StepReport first = trainer.step(batch_);
  EXPECT_NEAR(first.loss, std::log(2.0), 1e-5);
  EXPECT_EQ(first.scored, 1);
  for (int step = 1; step < 10; ++step) trainer.step(batch_);
  const Loss last = trainer.evaluate(batch_);
  EXPECT_LT(last.sum, 0.6);
  EXPECT_EQ(last.right, 1);
  EXPECT_THROW(trainer.evaluate(std::span(batch_).first(1)), std::logic_error);
}

TEST_F(WholeObjectives, PolicyGradient) {
  // The weight of each token is held fixed in the gradient, so that only the part without a penalty is the
  // derivative of what is summed.
  batch_[0].advantage = 0.7;
  batch_[1].advantage = -0.4;
  expect_gradient(learner_, policy_objective(other_.model(), 0.0), batch_);
}

TEST_F(WholeObjectives, RewardModel) {
  const GoldenTraining bert = read_training_case("bert_classes");
  ModelFiles files = model_files(*bert.model);
  files.config["id2label"] = {{"0", "reward"}};
  files.config.erase("label2id");
  files.config.erase("num_labels");
  Parameters judge(files, 3);
  const std::vector<TrainingExample> pair = examples_of(bert.json.at("sequences"));
  Optimizer optimizer(judge, {.learning_rate = 1e-3, .warm_up = 0, .steps = 100});
  Trainer trainer(judge, optimizer, 2);
  trainer.aim_at(reward_objective());
  EXPECT_NEAR(trainer.step(pair).loss, std::log(2.0), 0.1);
  for (int step = 1; step < 80; ++step) trainer.step(pair);
  EXPECT_LT(trainer.evaluate(pair).sum, 0.5);
  EXPECT_EQ(trainer.evaluate(pair).right, 1);
  expect_gradient(judge, reward_objective(), pair);
}

}  // namespace
}  // namespace headlight

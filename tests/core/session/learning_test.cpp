// The learning view's worker: the same numbers as a plain trainer, pauses, states that can be looked at
// again, and what it says of bad input.
#include "core/session/learning.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <thread>

#include "core/base/errors.h"
#include "core/forward/forward_pass.h"
#include "core/model_files/model_file.h"
#include "core/training/training_run.h"

namespace headlight {
namespace {

using Clock = std::chrono::steady_clock;

// Waits for a snapshot like this; null when it does not come.
std::shared_ptr<const LearningSnapshot> wait_for(const Learning& learning,
                                                 const std::function<bool(const LearningSnapshot&)>& is_there,
                                                 int most_seconds = 60) {
  const auto end = Clock::now() + std::chrono::seconds(most_seconds);
  while (Clock::now() < end) {
    const auto snapshot = learning.snapshot();
    if (snapshot && is_there(*snapshot)) return snapshot;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ADD_FAILURE() << "it did not come";
  return nullptr;
}

bool is_paused(const LearningSnapshot& snapshot) { return snapshot.phase == LearningPhase::paused; }
bool is_over(const LearningSnapshot& snapshot) { return snapshot.is_over(); }
auto reaches(std::int64_t step) {
  return [step](const LearningSnapshot& snapshot) { return snapshot.step >= step; };
}

std::string a_text() {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += "The cat number " + std::to_string(i) + " sat on the mat. 고양이가 매트에 앉았다.\n\n";
  }
  return text;
}

LearningChoices text_choices() {
  LearningChoices choices;
  choices.task = LearningTask::text;
  choices.text = a_text();
  choices.steps = 60;
  return choices;
}

// What a run of the command line would do with the same choices, on one thread.
std::unique_ptr<TrainingRun> plain_run(const LearningChoices& choices) {
  LearningTexts texts = learning_texts(choices);
  return std::make_unique<TrainingRun>(std::move(texts.config), std::move(texts.corpus), /*threads=*/1);
}

std::vector<float> weights_of(const Parameters& parameters) {
  return {parameters.values().begin(), parameters.values().end()};
}

TEST(Learning, OneUpdateIsThatOfAPlainTrainerBitByBit) {
  const LearningChoices choices = text_choices();
  const auto run = plain_run(choices);
  Parameters parameters(run->parameters().files(), static_cast<std::uint64_t>(choices.seed));
  Optimizer optimizer(parameters, run->config().training.optimizer);
  Trainer trainer(parameters, optimizer, /*threads=*/1, run->config().training.lanes);
  const StepReport of_run = run->step();  // draws the batch
  const StepReport report = trainer.step(run->batch());
  EXPECT_EQ(of_run.loss, report.loss);

  Learning learning;
  learning.start(choices, /*pause_at=*/0);
  const auto before = wait_for(learning, is_paused);
  ASSERT_TRUE(before);
  EXPECT_EQ(before->step, 0);
  learning.one_update();
  const auto after = wait_for(learning, reaches(1));
  ASSERT_TRUE(after && after->update);
  EXPECT_EQ(after->phase, LearningPhase::paused);
  EXPECT_EQ(after->update->loss_before, report.loss);
  EXPECT_EQ(after->update->gradient_length, report.gradient_length);
  EXPECT_EQ(after->update->tokens, report.tokens);
  EXPECT_EQ(after->update->loss_after,
            trainer.evaluate(run->batch()).sum / static_cast<double>(after->update->scored));
  EXPECT_FALSE(after->update->example.empty());
  learning.stop();
  const auto stopped = wait_for(learning, is_over);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(*stopped->checkpoints.back()->weights, weights_of(parameters));
  // The parts are all of it: their lengths together are the whole gradient's.
  double squares = 0.0;
  for (const LearningPart& part : after->parts) squares += part.gradient * part.gradient;
  EXPECT_NEAR(std::sqrt(squares), report.gradient_length, 1e-9 * report.gradient_length);
}

TEST(Learning, KeptStatesAreThoseOfTheRunAndCanBeOpened) {
  const LearningChoices choices = text_choices();
  Learning learning;
  learning.start(choices);
  const auto done = wait_for(learning, is_over);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->phase, LearningPhase::finished) << done->error;
  EXPECT_EQ(done->curve.size(), 60U);
  std::vector<std::int64_t> steps;
  for (const auto& state : done->checkpoints) steps.push_back(state->step);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 10, 13, 16, 20, 25, 32, 40, 50, 60}));
  const auto run = plain_run(choices);
  EXPECT_EQ(*done->checkpoints[0]->weights, weights_of(run->parameters()));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(static_cast<float>(run->step().loss), done->curve[static_cast<std::size_t>(i)].loss) << i;
  }
  EXPECT_EQ(*done->checkpoints[1]->weights, weights_of(run->parameters()));
  EXPECT_EQ(done->checkpoints[1]->sample, run->sample(done->prompt, 40, 1));
  while (!run->finished()) run->step();
  EXPECT_EQ(*done->checkpoints.back()->weights, weights_of(run->parameters()));

  const auto folder = std::filesystem::temp_directory_path() / "headlight_learning_test";
  std::filesystem::remove_all(folder);
  learning.write(10, (folder / "ten").string());
  const auto written =
      wait_for(learning, [](const LearningSnapshot& snapshot) { return snapshot.saved.count == 1; });
  ASSERT_TRUE(written);
  EXPECT_EQ(written->saved.error, "");
  const auto model = load_model((folder / "ten").string(), "ten");
  ForwardRequest request;
  for (const LearningToken& token : done->probe) request.tokens.push_back(token.id);
  const auto trace = run_forward(model, *make_cpu_backend(1), request);
  // The opened model's attention is what the state showed, to the last bit.
  const HeadWall& wall = *done->checkpoints[1]->wall;
  ASSERT_TRUE(wall.is_exact());
  for (std::int64_t query = 0; query < wall.queries; ++query) {
    const auto row = trace->map_row(Hook::pattern, 1, 2, query);
    for (std::int64_t key = 0; key <= query; ++key) {
      EXPECT_EQ(row[static_cast<std::size_t>(key)], wall.thumbnail(1, 2)[query * wall.side + key]);
    }
  }
  learning.write(10, "/proc/nowhere/model");
  const auto failed =
      wait_for(learning, [](const LearningSnapshot& snapshot) { return snapshot.saved.count == 2; });
  ASSERT_TRUE(failed);
  EXPECT_NE(failed->saved.error, "");
  std::filesystem::remove_all(folder);
}

TEST(Learning, PausesGoesOnAndEndsAtOnce) {
  LearningChoices choices = text_choices();
  choices.steps = 100'000;
  const auto start = Clock::now();
  {
    Learning learning;
    learning.start(choices);
    ASSERT_TRUE(wait_for(learning, reaches(5)));
    learning.pause();
    const auto paused = wait_for(learning, is_paused);
    ASSERT_TRUE(paused);
    EXPECT_EQ(paused->now->step, paused->step);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(learning.snapshot()->step, paused->step);
    learning.go_on();
    ASSERT_TRUE(wait_for(learning, reaches(paused->step + 3)));
    learning.one_update();  // of a run that goes: pauses it
    const auto one = wait_for(learning, is_paused);
    ASSERT_TRUE(one);
    EXPECT_TRUE(one->update);
    learning.go_on();
    ASSERT_TRUE(wait_for(learning, reaches(one->step + 3)));
    choices.seed = 2;
    learning.start(choices, 0);  // instead
    const auto other = wait_for(learning, [](const LearningSnapshot& snapshot) {
      return snapshot.choices.seed == 2 && is_paused(snapshot);
    });
    ASSERT_TRUE(other);
    EXPECT_EQ(other->step, 0);
    learning.go_on();
    ASSERT_TRUE(wait_for(learning, reaches(2)));
    const auto called_off = Clock::now();
    learning.stop();
    ASSERT_TRUE(wait_for(learning, is_over));
    EXPECT_LT(Clock::now() - called_off, std::chrono::seconds(5));
    choices.task = LearningTask::letters;
    learning.start(choices);  // and is given up while it is prepared
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(60));
}

TEST(Learning, SaysWhatIsWrongWithATextOrASetting) {
  const auto error_of = [](const LearningChoices& choices) {
    Learning learning;
    learning.start(choices);
    const auto failed = wait_for(learning, is_over);
    if (!failed) return std::string();
    EXPECT_EQ(failed->phase, LearningPhase::failed);
    EXPECT_TRUE(failed->checkpoints.empty());
    return failed->error;
  };
  LearningChoices choices = text_choices();
  choices.text = "too short";
  EXPECT_EQ(error_of(choices),
            "The text to learn from has 9 bytes; 1000 to 300000 were expected. Paste more of it.");
  choices.text = std::string(2000, '\n');
  EXPECT_NE(error_of(choices).find("Add more text"), std::string::npos);
  choices.text = std::string(2000, '\xff');
  EXPECT_NE(error_of(choices).find("UTF-8"), std::string::npos);
  choices = text_choices();
  choices.learning_rate = 0.0;
  EXPECT_NE(error_of(choices).find("learning rate"), std::string::npos);
}

TEST(Learning, ARunThatWentAstrayKeepsItsLastGoodStates) {
  LearningChoices choices = text_choices();
  choices.learning_rate = most_learning_rate;
  choices.steps = 400;
  Learning learning;
  learning.start(choices);
  const auto failed = wait_for(learning, is_over);
  ASSERT_TRUE(failed);
  ASSERT_EQ(failed->phase, LearningPhase::failed);
  EXPECT_NE(failed->error.find("try a third of it"), std::string::npos) << failed->error;
  ASSERT_FALSE(failed->checkpoints.empty());
  for (const float weight : *failed->checkpoints.back()->weights) ASSERT_TRUE(std::isfinite(weight));
  EXPECT_TRUE(failed->now->wall);
}

TEST(Learning, RepeatedLettersAreLearntBelowWhatGuessingCosts) {
  LearningChoices choices;
  choices.steps = 150;
  Learning learning;
  learning.start(choices);
  const auto done = wait_for(learning, is_over, 120);
  ASSERT_TRUE(done);
  ASSERT_EQ(done->phase, LearningPhase::finished) << done->error;
  EXPECT_EQ(done->plan.parameters, learning_plan(choices).parameters);
  EXPECT_EQ(done->plan.parameters, 197'760);  // as assets/models/tiny_induction has
  EXPECT_NEAR(done->guessing, std::log(259.0), 1e-12);
  EXPECT_NEAR(done->guessing_letters, std::log(26.0), 1e-12);
  EXPECT_GT(done->unknowable, 0.8);
  EXPECT_LT(done->unknowable, 1.1075);  // what tiny_induction comes to on other texts
  EXPECT_GT(done->curve.front().loss, 5.0F);
  EXPECT_LT(done->curve.back().loss, done->guessing_letters);
  for (const HeadScoreRow& row : done->now->scores.rows) {
    EXPECT_GE(row[HeadScore::induction], 0.0);
    EXPECT_LE(row[HeadScore::induction], 1.0);
  }
}

// Of the model that comes with the program: its card names the heads.
TEST(LearningProbe, FindsTheInductionHeadOfATrainedModel) {
  const auto file = open_model_file(std::string(HEADLIGHT_SOURCE_DIR) + "/assets/models/tiny_induction");
  const Parameters parameters(model_files(*file), *file, 1);
  const LearningProbe probe(parameters, "kqzmtwkqzmtw", 10,
                            ordinary_tokens(*parameters.tokenizer(), "abcdefghijklmnopqrstuvwxyz"));
  const LearningState state = probe.look(parameters);
  EXPECT_GT(state.scores.of(1, 0)[HeadScore::induction], 0.8);
  EXPECT_LT(state.scores.of(0, 1)[HeadScore::induction], 0.2);
  EXPECT_EQ(state.wall->side, 13);
}

TEST(Learning, KeepsTenStatesInEachPowerOfTen) {
  std::vector<std::int64_t> kept;
  for (std::int64_t step = 0; step <= 1000; ++step) {
    if (is_kept_step(step, 1000)) kept.push_back(step);
  }
  EXPECT_EQ(kept, (std::vector<std::int64_t>{0,   10,  13,  16,  20,  25,  32,  40,  50,  63,  80,
                                             100, 130, 160, 200, 250, 320, 400, 500, 630, 800, 1000}));
  EXPECT_TRUE(is_kept_step(5000, 10'000'000));
  EXPECT_FALSE(is_kept_step(3200, 10'000'000));
}

}  // namespace
}  // namespace headlight

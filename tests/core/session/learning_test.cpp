// The learning view's worker: the same numbers as a plain trainer, pauses, states that can be looked at
// again, and what it says of bad input.
#include "core/session/learning.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <thread>

#include "core/backends/cuda/device_memory.h"
#include "core/base/errors.h"
#include "core/forward/forward_pass.h"
#include "core/model_files/model_file.h"
#include "core/session/learning_wish.h"
#include "core/training/training_run.h"
#include "tests/core/backends/host_device.h"
#include "tests/core/said_in_both.h"
#include "tests/core/source_dir.h"

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

// One step: the stand-in is slow, and whole runs on it are those of device_training_test.cpp.
TEST(Learning, LearnsOnADevice) {
  const LearningChoices choices = text_choices();
  HostDeviceLog log;
  {
    Learning learning;
    learning.start(choices, /*pause_at=*/1,
                   {std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log))});
    const auto there = wait_for(learning, reaches(1));
    ASSERT_TRUE(there);
    EXPECT_NE(there->device_note.en.find("Trains on Host"), std::string::npos) << there->device_note.en;
    EXPECT_NE(there->device_note.ko.find("Host에서 학습합니다"), std::string::npos) << there->device_note.ko;
    const auto run = plain_run(choices);
    EXPECT_NEAR(static_cast<double>(there->curve.at(0).loss), run->step().loss, 1e-4);
    EXPECT_TRUE(run->device_note().empty());
  }
  EXPECT_EQ(log.used, 0);
}

TEST(Learning, KeptStatesAreThoseOfTheRunAndCanBeOpened) {
  const LearningChoices choices = text_choices();
  Learning learning;
  learning.start(choices);
  const auto done = wait_for(learning, is_over);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->phase, LearningPhase::finished) << done->error.en;
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
  EXPECT_EQ(written->saved.error.en, "");
  EXPECT_EQ(written->saved.step, 10);
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
  EXPECT_NE(failed->saved.error.en, "");
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
    expect_said_in_both(failed->error);
    return failed->error.en;
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
  EXPECT_NE(failed->error.en.find("try a third of it"), std::string::npos) << failed->error.en;
  expect_said_in_both(failed->error);
  ASSERT_FALSE(failed->checkpoints.empty());
  for (const float weight : *failed->checkpoints.back()->weights) ASSERT_TRUE(std::isfinite(weight));
  EXPECT_TRUE(failed->now->wall);
}

// Between two steps too, as when memory is full: what was kept can still be opened.
TEST(Learning, ARunThatFailedOutsideAStepKeepsItsStatesAndWritesThem) {
  std::atomic<bool> is_full = false;
  Learning learning([&] {
    if (is_full.exchange(false)) throw std::runtime_error("memory is full");
  });
  learning.start(text_choices(), /*pause_at=*/10);
  const auto paused = wait_for(
      learning, [](const LearningSnapshot& snapshot) { return is_paused(snapshot) && snapshot.step == 10; });
  ASSERT_TRUE(paused);
  is_full = true;
  learning.one_update();
  const auto failed = wait_for(learning, is_over);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->phase, LearningPhase::failed);
  EXPECT_EQ(failed->error.en, "memory is full");
  EXPECT_EQ(failed->checkpoints.size(), paused->checkpoints.size());

  const auto folder = std::filesystem::temp_directory_path() / "headlight_learning_failed_test";
  std::filesystem::remove_all(folder);
  learning.write(-1, folder.string());
  const auto written =
      wait_for(learning, [](const LearningSnapshot& snapshot) { return snapshot.saved.count == 1; });
  ASSERT_TRUE(written);
  EXPECT_EQ(written->saved.error.en, "");
  EXPECT_EQ(written->saved.step, 10);
  EXPECT_EQ(written->phase, LearningPhase::failed);
  EXPECT_NO_THROW(load_model(folder.string(), "kept"));
  std::filesystem::remove_all(folder);
}

TEST(Learning, RepeatedLettersAreLearntBelowWhatGuessingCosts) {
  LearningChoices choices;
  choices.steps = 150;
  Learning learning;
  learning.start(choices);
  const auto done = wait_for(learning, is_over, 120);
  ASSERT_TRUE(done);
  ASSERT_EQ(done->phase, LearningPhase::finished) << done->error.en;
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

// A model that learnt a_text(), in a folder.
class LearntBefore : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::filesystem::temp_directory_path() / "headlight_learnt_before";
    std::filesystem::remove_all(folder_);
    Learning learning;
    learning.start(text_choices());
    ASSERT_TRUE(wait_for(learning, is_over));
    learning.write(-1, folder_.string());
    const auto written =
        wait_for(learning, [](const LearningSnapshot& snapshot) { return snapshot.saved.count == 1; });
    ASSERT_TRUE(written);
    ASSERT_EQ(written->saved.error.en, "");
    learnt_ = written;
  }
  static void TearDownTestSuite() {
    std::filesystem::remove_all(folder_);
    learnt_.reset();
  }
  void SetUp() override { ASSERT_TRUE(learnt_); }

  static LearningChoices from_it(LearningStart start) {
    LearningChoices choices = text_choices();
    choices.start = start;
    choices.from = folder_.string();
    choices.steps = 20;
    return choices;
  }
  static std::shared_ptr<const LearningSnapshot> run(const LearningChoices& choices) {
    Learning learning;
    learning.start(choices);
    return wait_for(learning, is_over);
  }

  static inline std::filesystem::path folder_;
  static inline std::shared_ptr<const LearningSnapshot> learnt_;
};

TEST_F(LearntBefore, LearnsAnotherTextFromWhereItStood) {
  LearningChoices choices = from_it(LearningStart::learnt);
  for (char& letter : choices.text) {
    if (letter == 'm') letter = 'h';
  }
  const auto done = run(choices);
  ASSERT_TRUE(done);
  ASSERT_EQ(done->phase, LearningPhase::finished) << done->error.en;
  EXPECT_EQ(*done->checkpoints.front()->weights, *learnt_->checkpoints.back()->weights);
  EXPECT_EQ(done->plan.parameters, learnt_->plan.parameters);
  EXPECT_EQ(done->plan.parameters, learning_plan(choices).parameters);
  EXPECT_FALSE(done->rival);
  const double before = done->checkpoints.front()->measures.held_out;
  const double after = done->checkpoints.back()->measures.held_out;
  EXPECT_LT(after, before - 0.1);
  // What is held out is not learnt from: each tenth of the sixty paragraphs.
  const LearningTexts texts = learning_texts(choices);
  std::string held, learnt;
  for (const std::string& text : texts.held_out) held += text;
  for (const CorpusDocument& document : texts.corpus.train) learnt += document.text;
  for (int i = 0; i < 60; ++i) {
    const std::string paragraph =
        "The cat nuhber " + std::to_string(i) + " sat on the hat. 고양이가 매트에 앉았다.";
    EXPECT_EQ(held.find(paragraph) != std::string::npos, i % 10 == 9) << i;
    EXPECT_EQ(learnt.find(paragraph) != std::string::npos, i % 10 != 9) << i;
  }
}

TEST_F(LearntBefore, TeachesAStudentBesideAnUntaughtOne) {
  LearningChoices choices = from_it(LearningStart::taught);
  choices.rival = true;
  const auto done = run(choices);
  ASSERT_TRUE(done);
  ASSERT_EQ(done->phase, LearningPhase::finished) << done->error.en;
  ASSERT_TRUE(done->rival);
  EXPECT_FALSE(done->rival->is_recurrent);
  EXPECT_EQ(done->rival->error.en, "");
  EXPECT_EQ(done->rival->parameters, done->plan.parameters);
  // Both begin alike, and the teacher is as good on these texts as it was at its end.
  EXPECT_EQ(done->checkpoints.front()->measures.held_out, done->checkpoints.front()->rival.held_out);
  EXPECT_NEAR(done->teacher, learnt_->checkpoints.back()->measures.held_out,
              1e-5);  // float32, in another order
  EXPECT_NE(done->checkpoints.back()->measures.held_out, done->checkpoints.back()->rival.held_out);
  EXPECT_LT(done->checkpoints.back()->measures.held_out, done->checkpoints.front()->measures.held_out - 0.5);
  // The one beside it is what an ordinary run with the same tokens comes to.
  LearningTexts texts = learning_texts(choices);
  TrainingRun plain(rival_config(choices, texts.config, 0, 0), texts.corpus, /*threads=*/1);
  for (const float loss : done->rival->losses) EXPECT_EQ(static_cast<float>(plain.step().loss), loss);
}

TEST_F(LearntBefore, ComesToWriteMoreOfWhatIsWishedFor) {
  LearningChoices choices = from_it(LearningStart::preferred);
  choices.wish = "t";
  choices.learning_rate = 1e-3;
  const auto done = run(choices);
  ASSERT_TRUE(done);
  ASSERT_EQ(done->phase, LearningPhase::finished) << done->error.en;
  EXPECT_NEAR(done->guessing, std::log(2.0), 1e-12);
  EXPECT_NEAR(static_cast<double>(done->curve.front().loss), std::log(2.0), 1e-5);  // it agrees with itself
  EXPECT_LT(done->curve.back().loss, done->curve.front().loss);
  const double before = done->checkpoints.front()->measures.wished;
  const double after = done->checkpoints.back()->measures.wished;
  EXPECT_GT(before, 0.0);
  EXPECT_GT(after, before * 1.2);

  choices.wish = "zebra";
  const auto failed = run(choices);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->phase, LearningPhase::failed);
  EXPECT_NE(failed->error.en.find("letters that it writes now and then"), std::string::npos)
      << failed->error.en;
  choices.wish = "";
  EXPECT_NE(run(choices)->error.en.find("1 to 24 were expected"), std::string::npos);
}

TEST_F(LearntBefore, SaysWhenItIsNotThereAnyMore) {
  LearningChoices choices = from_it(LearningStart::learnt);
  choices.from += "_before";
  EXPECT_FALSE(learnt_plan(choices.from));
  const auto failed = run(choices);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->phase, LearningPhase::failed);
  EXPECT_NE(failed->error.en.find("is not in " + choices.from), std::string::npos) << failed->error.en;
}

TEST(Learning, ARecurrentNetworkLearnsBesideAndIsNoLarger) {
  LearningChoices choices;
  choices.steps = 8;
  choices.rival = true;
  Learning learning;
  learning.start(choices);
  const auto done = wait_for(learning, is_over, 120);
  ASSERT_TRUE(done);
  ASSERT_EQ(done->phase, LearningPhase::finished) << done->error.en;
  ASSERT_TRUE(done->rival);
  const LearningRival& rival = *done->rival;
  EXPECT_TRUE(rival.is_recurrent);
  EXPECT_LE(rival.parameters, done->plan.parameters);
  EXPECT_GT(rival.parameters, done->plan.parameters * 9 / 10);
  EXPECT_EQ(rival.losses.size(), 8U);
  EXPECT_LT(rival.losses.back(), rival.losses.front());
  EXPECT_GT(rival.tokens_a_second, 0.0);
  EXPECT_NE(done->now->rival_sample, "");
  for (const auto& state : done->checkpoints) {
    for (const LearningMeasures* measures : {&state->measures, &state->rival}) {
      EXPECT_TRUE(std::isfinite(measures->held_out));
      EXPECT_EQ(measures->copied.size(), static_cast<std::size_t>(copied_periods));
    }
  }
  // The model that is looked at learns as it does alone.
  choices.rival = false;
  learning.start(choices);
  const auto alone = wait_for(
      learning, [](const LearningSnapshot& snapshot) { return snapshot.is_over() && !snapshot.rival; }, 120);
  ASSERT_TRUE(alone);
  EXPECT_EQ(*alone->checkpoints.back()->weights, *done->checkpoints.back()->weights);
  EXPECT_TRUE(alone->checkpoints.back()->measures.copied.empty());
}

TEST(LearningWish, CountsWithoutOverlap) {
  EXPECT_EQ(times_wished("aaaa ab", "aa"), 2);
  EXPECT_EQ(times_wished("눈이 와요. 좋아요", "요"), 2);
  EXPECT_EQ(times_wished("abc", ""), 0);
}

// Of the model that comes with the program: it copies at every distance that its training had.
TEST(LearningProbe, FindsWhatATrainedModelCopies) {
  const auto file = open_model_file(source_dir() + "/assets/models/tiny_induction");
  const Parameters parameters(model_files(*file), *file, 1);
  const std::vector<double> copied = copied_by_period(parameters, *make_cpu_backend(1));
  ASSERT_EQ(copied.size(), static_cast<std::size_t>(copied_periods));
  for (std::size_t i = 0; i < 5; ++i) EXPECT_GT(copied[i], 0.9) << first_copied_period + 2 * i;
}

// Of the model that comes with the program: its card names the heads.
TEST(LearningProbe, FindsTheInductionHeadOfATrainedModel) {
  const auto file = open_model_file(source_dir() + "/assets/models/tiny_induction");
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

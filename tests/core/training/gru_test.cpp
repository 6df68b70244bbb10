// The recurrent network against PyTorch's: tests/golden/gru, made by make_gru.py.
#include "core/training/gru.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/backends/cpu/cpu_backend.h"
#include "core/backends/cpu/instruction_sets.h"
#include "core/base/errors.h"
#include "core/training/checkpoint.h"
#include "tests/core/training/golden_training.h"

namespace headlight {
namespace {

// PyTorch's own float32 gradients are within 3e-7 of its float64 ones, which are stored; our exponentials are
// right within 1.5 ulp, and our sums are in another order. Relative to the largest number of each tensor.
constexpr double tolerance = 2e-6;

class Gru : public testing::TestWithParam<std::string> {
 protected:
  std::filesystem::path folder() const { return training_folder().parent_path() / "gru" / GetParam(); }
  nlohmann::json golden() const { return nlohmann::json::parse(std::ifstream(folder() / "golden.json")); }
  std::shared_ptr<const ModelFile> file() const { return open_model_file(folder().string()); }
};

TEST_P(Gru, AgreesWithPyTorch) {
  const auto stored = file();
  const NamedValues values = read_values(folder() / "golden.safetensors");
  Parameters parameters(model_files(*stored), *stored, 1);
  ASSERT_NE(parameters.gru(), nullptr);
  EXPECT_EQ(parameters.model(), nullptr);
  const std::vector<TrainingExample> examples = examples_of(golden().at("sequences"));
  const auto backend = make_cpu_backend(1);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const GruTrace trace = gru_pass(*parameters.gru(), *backend, chosen_kernels(), examples[i].tokens);
    expect_close(values.at("logits." + std::to_string(i)), trace.logits.values(), tolerance, "logits");
  }
  Optimizer optimizer(parameters, {});
  Trainer trainer(parameters, optimizer, 2);
  const StepReport report = trainer.compute_gradients(examples);
  EXPECT_EQ(report.scored, golden().at("labelled").get<std::int64_t>());
  EXPECT_NEAR(report.loss, golden().at("loss").get<double>(), 1e-6 * report.loss);
  EXPECT_NEAR(report.gradient_length, golden().at("gradient_norm").get<double>(),
              1e-6 * report.gradient_length);
  for (const Parameter& parameter : parameters.list()) {
    expect_close(values.at("grad." + parameter.name), part(trainer.gradients().values(), parameter),
                 tolerance, parameter.name);
  }
}

// Token by token from the state, as a text is made: the same bits as in one go.
TEST_P(Gru, GoesOnFromAState) {
  const auto stored = file();
  const Parameters parameters(model_files(*stored), *stored, 1);
  const auto tokens = golden().at("sequences").at(0).at("ids").get<std::vector<TokenId>>();
  const auto backend = make_cpu_backend(1);
  const GruTrace whole = gru_pass(*parameters.gru(), *backend, chosen_kernels(), tokens);
  Tensor state;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const GruTrace one =
        gru_pass(*parameters.gru(), *backend, chosen_kernels(), std::span(tokens).subspan(i, 1), state);
    const auto row = static_cast<std::int64_t>(i);
    const Tensor expected = whole.logits.rows(row, row + 1);
    EXPECT_TRUE(std::equal(expected.values().begin(), expected.values().end(), one.logits.values().begin()))
        << i;
    state = last_state(one);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Gru, testing::Values("one_layer", "two_layers"),
                         [](const auto& case_info) { return case_info.param; });

ModelFiles small_files() {
  return {{{"model_type", "gru"}, {"vocab_size", 12}, {"hidden_size", 24}, {"num_layers", 2}}, {}};
}

// A token that must be remembered while others pass: from guessing to knowing, on one thread and on two the
// same, and the same again from the files.
TEST(GruTraining, LearnsToRemember) {
  std::vector<TrainingExample> batch;
  for (TokenId first = 1; first < 6; ++first) {
    batch.push_back({{first, 7, 8, 9, 10}, {not_scored, not_scored, not_scored, not_scored, first}, {}});
  }
  std::vector<float> once;
  for (const int threads : {1, 2}) {
    Parameters parameters(small_files(), 3);
    Optimizer optimizer(parameters, {.learning_rate = 2e-2, .warm_up = 5, .steps = 150, .weight_decay = 0.0});
    Trainer trainer(parameters, optimizer, threads);
    const double before = trainer.evaluate(batch).sum / 5.0;
    EXPECT_NEAR(before, std::log(12.0), 0.1);
    for (int step = 0; step < 150; ++step) trainer.step(batch);
    const Loss after = trainer.evaluate(batch);
    EXPECT_LT(after.sum / 5.0, 0.05);
    EXPECT_EQ(after.right, 5);
    const std::vector<float> values(parameters.values().begin(), parameters.values().end());
    if (threads == 2) {
      EXPECT_EQ(once, values);
    }
    once = values;
    const std::string folder = testing::TempDir() + "gru_files";
    std::filesystem::remove_all(folder);
    write_model(parameters, folder, /*half=*/false);
    const auto written = open_model_file(folder);
    const Parameters read(model_files(*written), *written, 1);
    EXPECT_TRUE(std::equal(values.begin(), values.end(), read.values().begin()));
  }
}

TEST(GruTraining, RefusesSizesThatMakeNoSense) {
  for (const char* key : {"vocab_size", "hidden_size", "num_layers"}) {
    ModelFiles missing = small_files(), zero = small_files();
    missing.config.erase(key);
    zero.config[key] = 0;
    EXPECT_THROW(Parameters(missing, 1), FileError) << key;
    EXPECT_THROW(Parameters(zero, 1), FileError) << key;
  }
  const auto stored = open_model_file((training_folder().parent_path() / "gru/one_layer").string());
  ModelFiles wider = model_files(*stored);
  wider.config["hidden_size"] = 20;
  EXPECT_THROW(Parameters(wider, *stored, 1), FileError);
}

}  // namespace
}  // namespace headlight

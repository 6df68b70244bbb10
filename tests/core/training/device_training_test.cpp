// Training on the stand-in device: what crosses the bus, what the CPU would have computed, and every call
// made to fail in turn. Golden values on it: gradients_test.cpp.
#include <gtest/gtest.h>

#include <cmath>

#include "core/backends/cpu/cpu_backend.h"
#include "core/backends/cuda/device_backend.h"
#include "core/training/device_gradient_operations.h"
#include "core/training/training_objective.h"
#include "tests/core/backends/host_device.h"
#include "tests/core/training/golden_training.h"
#include "tests/core/training/tiny_runs.h"

namespace headlight {
namespace {

struct Stand {
  HostDeviceLog log;
  ComputeDevice device(ProductPrecision precision = ProductPrecision::f32) {
    return {std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log)), precision};
  }
};

// A model of a golden case with what trains it.
struct Trained {
  explicit Trained(const std::string& name, ComputeDevice device = {}, int threads = 2)
      : Trained(read_training_case(name), std::move(device), threads) {}
  explicit Trained(const GoldenTraining& golden, ComputeDevice device = {}, int threads = 2)
      : batch(examples_of(golden.json.at("sequences"))),
        parameters(model_files(*golden.model), *golden.model, 1),
        optimizer(parameters, {.learning_rate = 1e-2, .warm_up = 1, .steps = 10}),
        trainer(parameters, optimizer, threads, 2, std::move(device)) {}

  std::vector<float> gradients() {
    trainer.compute_gradients(batch);
    return {trainer.gradients().values().begin(), trainer.gradients().values().end()};
  }
  std::vector<float> weights() const { return {parameters.values().begin(), parameters.values().end()}; }

  std::vector<TrainingExample> batch;
  Parameters parameters;
  Optimizer optimizer;
  Trainer trainer;
};

// The length of the difference, as a share of that of `expected`.
double apart(const std::vector<float>& found, const std::vector<float>& expected) {
  EXPECT_EQ(found.size(), expected.size());
  double difference = 0.0, size = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto exact = static_cast<double>(expected[i]);
    difference += std::pow(static_cast<double>(found.at(i)) - exact, 2);
    size += exact * exact;
  }
  EXPECT_GT(size, 0.0);
  return std::sqrt(difference / size);
}

// As for the golden values: sums in another order move each gradient by less than that.
constexpr double same = 2e-5;

TEST(DeviceTraining, NothingComesBackButLogitsAndGradients) {
  for (const char* name : {"llama_tied", "bert_masked", "bert_classes", "marian_gelu", "mistral_window"}) {
    SCOPED_TRACE(name);
    Stand stand;
    Trained trained(name, stand.device());
    trained.gradients();  // beside the CPU
    ASSERT_TRUE(trained.trainer.on_device()) << trained.trainer.device_note().en;
    const std::int64_t before = stand.log.fetched;
    trained.gradients();
    const ArchitectureDescription& a = trained.parameters.model()->architecture;
    std::int64_t numbers = 2 * static_cast<std::int64_t>(trained.parameters.values().size());
    for (const TrainingExample& text : trained.batch) {
      numbers += a.head == OutputHead::classifier
                     ? a.labels
                     : static_cast<std::int64_t>(text.tokens.size()) * a.vocabulary;
    }
    EXPECT_EQ(stand.log.fetched - before, numbers * static_cast<std::int64_t>(sizeof(float)));
  }
}

// A matrix, the identity at first, and a bias that is its second row.
TEST(DeviceMirror, HoldsItsNumbersAndNoOthersAsTheyWereSent) {
  Stand stand;
  const std::shared_ptr<DeviceMemory> memory = stand.device().memory;
  const auto backend = make_device_backend(memory, make_cpu_backend(1));
  const std::shared_ptr<float[]> block(new float[8]{9, 9, 1, 0, 0, 1, 9, 9});
  const Weight weight{NumberFormat::f32, 2, 2, reinterpret_cast<const std::byte*>(block.get() + 2), block};
  const Tensor bias = Tensor::view({2}, block, block.get() + 4), x({1, 2}, std::vector<float>{1, 2});
  const auto product = [&](const Tensor& shift = {}) {
    const Tensor y = backend->linear(x, weight, shift);
    return std::vector<float>(y.values().begin(), y.values().end());
  };
  {
    const auto mirror = memory->mirror({block.get() + 2, 4});
    for (const int outside : {0, 1, 6, 7}) EXPECT_EQ(memory->mirrored(block.get() + outside), nullptr);
    const std::shared_ptr<const float> first = memory->mirrored(block.get() + 2);
    for (int inside = 2; inside < 6; ++inside)
      EXPECT_EQ(memory->mirrored(block.get() + inside).get(), first.get() + inside - 2);
    mirror->send();
    EXPECT_EQ(product(bias), (std::vector<float>{1, 3}));
    block[4] = 5.0F;
    EXPECT_EQ(product(bias), (std::vector<float>{1, 3}));
    mirror->send();
    EXPECT_EQ(product(), (std::vector<float>{1, 7}));
    EXPECT_EQ(product(bias), (std::vector<float>{6, 8}));
  }
  EXPECT_EQ(memory->mirrored(block.get() + 2), nullptr);
  EXPECT_EQ(product(), (std::vector<float>{1, 7}));  // a weight like any other from here on
}

// Older values move to the host; what is still being added to does not.
TEST(DeviceTraining, SumsStayWhereThereIsNoRoom) {
  Stand stand;
  stand.log.memory = std::size_t{1} << 20;
  const ComputeDevice device = stand.device();
  const auto backend = make_device_backend(device.memory, make_cpu_backend(1));
  const auto operations = make_device_gradient_operations(device, *backend);
  const Tensor ones({1, 1000}, std::vector<float>(1000, 1.0F));
  Tensor sum = operations->zeros({1, 1000});
  const Tensor read = operations->brought(ones);
  float* const at = operations->address(sum);
  const auto others = device.memory->allocate(device.memory->device().free_memory(), "a test");
  const auto more = device.memory->allocate(4000, "a test");
  EXPECT_EQ(device.memory->address(read), nullptr);
  ASSERT_NE(device.memory->address(sum), nullptr);
  operations->scale(1.0F, 1000, at);
  EXPECT_EQ(sum.values()[999], 0.0F);
}

TEST(DeviceTraining, SeesWeightsThatTheHostChanged) {
  Stand stand;
  Trained there("llama_tied", stand.device()), here("llama_tied");
  there.gradients();
  ASSERT_TRUE(there.trainer.on_device());
  // Each on its own: a matrix, and gains and biases, which a backend keeps elsewhere.
  for (const Parameter& parameter : here.parameters.list()) {
    SCOPED_TRACE(parameter.name);
    const std::vector<float> before = here.gradients();
    for (Trained* one : {&there, &here}) {
      float* values = one->parameters.values().data() + parameter.first;
      for (std::int64_t i = 0; i < parameter.size; ++i) values[i] = values[i] * 1.25F + 0.01F;
    }
    const std::vector<float> expected = here.gradients();
    ASSERT_GT(apart(before, expected), 50 * same);
    EXPECT_LT(apart(there.gradients(), expected), same);
    EXPECT_NEAR(there.trainer.evaluate(there.batch).sum, here.trainer.evaluate(here.batch).sum, 1e-4);
  }
}

TEST(DeviceTraining, GivesTheSameBitsEachTime) {
  std::vector<float> first;
  for (const int threads : {1, 2}) {
    Stand stand;
    Trained trained("llama_tied", stand.device(), threads);
    for (int i = 0; i < 3; ++i) trained.trainer.step(trained.batch);
    ASSERT_TRUE(trained.trainer.on_device());
    if (threads == 1) first = trained.weights();
    EXPECT_EQ(trained.weights(), first);
  }
}

TEST(DeviceTraining, AsksAnotherModelThereAsWell) {
  Stand stand;
  const GoldenTraining golden = read_training_case("llama_tied");
  Trained there(golden, stand.device()), here(golden);
  const Parameters teacher(model_files(*golden.model), 5);
  for (Trained* one : {&there, &here}) one->trainer.aim_at(distillation_objective(teacher.model(), 2.0));
  there.gradients();
  EXPECT_LT(apart(there.gradients(), here.gradients()), same);
  EXPECT_TRUE(there.trainer.on_device());
}

// Fewer digits show, and stay within the bound that the first gradients are held to.
TEST(DeviceTraining, ProductsOfFewerDigitsAreWithinTheirBound) {
  Trained here("llama_tied");
  const std::vector<float> expected = here.gradients();
  for (const ProductPrecision precision : {ProductPrecision::tf32, ProductPrecision::bf16}) {
    Stand stand;
    Trained there("llama_tied", stand.device(precision));
    const double away = apart(there.gradients(), expected);
    EXPECT_TRUE(there.trainer.on_device()) << there.trainer.device_note().en;
    EXPECT_GT(away, 50 * same) << "more digits than it says";
    EXPECT_LT(away, Trainer::most_difference(precision) / 2);
  }
}

// The first number of a product is a quarter too large.
class WrongDevice final : public HostDevice {
 public:
  using HostDevice::HostDevice;
  DeviceStatus multiply(const Products& products) override {
    const DeviceStatus status = HostDevice::multiply(products);
    products.out[0] *= 1.25F;
    return status;
  }
};

TEST(DeviceTraining, ADeviceThatCountsWronglyIsNotUsed) {
  HostDeviceLog log;
  Trained there("llama_tied", {std::make_shared<DeviceMemory>(std::make_unique<WrongDevice>(log))});
  Trained here("llama_tied");
  EXPECT_EQ(there.gradients(), here.gradients());
  EXPECT_FALSE(there.trainer.on_device());
  EXPECT_NE(there.trainer.device_note().en.find("differ from the CPU's"), std::string::npos);
  EXPECT_NE(there.trainer.device_note().ko.find("CPU로 학습을 이어 갑니다"), std::string::npos);
  EXPECT_EQ(log.used, 0);
}

// The losses of whole runs: of every kind of model, and of matrices of low rank.
TEST(DeviceTraining, RunsGiveTheLossesOfTheCpu) {
  for (const char* kind : {"next_token", "masked", "translation", "classes", "low_rank"}) {
    SCOPED_TRACE(kind);
    const bool low_rank = std::string(kind) == "low_rank";
    TinyRun tiny(low_rank ? "next_token" : kind);
    if (low_rank) {
      tiny.open("start")->write_model_files();
      tiny.config["start_from"] = tiny / "start";
      tiny.config.erase("tokenizer");
      tiny.config["model"] = nlohmann::json::object();
      tiny.config["training"]["low_rank"] = {{"rank", 2}, {"matrices", {"*_proj.weight"}}};
    }
    Stand stand;
    const auto here = tiny.open("here"), there = tiny.open("there", 2, stand.device());
    while (!here->finished()) {
      const double expected = here->step().loss;
      EXPECT_NEAR(there->step().loss, expected, 1e-4 * expected) << here->steps_done();
    }
    EXPECT_NE(there->device_note().en.find("Trains on Host"), std::string::npos) << there->device_note().en;
    EXPECT_NEAR(there->measure().losses.at(0).per_token, here->measure().losses.at(0).per_token, 1e-3);
  }
}

TEST(DeviceTraining, RecurrentNetworksStayWithTheCpu) {
  TinyRun tiny("next_token");
  tiny.config["model"] = {{"model_type", "gru"}, {"hidden_size", 8}, {"num_layers", 1}};
  tiny.config["training"]["context"] = 32;
  Stand stand;
  const auto here = tiny.open("here"), there = tiny.open("there", 1, stand.device());
  EXPECT_EQ(there->step().loss, here->step().loss);
  EXPECT_NE(there->device_note().en.find("trained by the CPU"), std::string::npos);
  EXPECT_EQ(stand.log.calls, 0);
}

// Two steps and what they cost, with one call that fails, for want of memory or for good: the weights are
// those of the CPU, and nothing stays behind.
TEST(DeviceTraining, EveryCallMayFail) {
  const GoldenTraining golden = read_training_case("llama_tied");
  const auto run = [](Trained& trained) {
    trained.batch.resize(1);
    trained.batch[0].tokens.resize(5);
    trained.batch[0].labels.resize(5);
    for (int i = 0; i < 2; ++i) trained.trainer.step(trained.batch);
    return trained.trainer.evaluate(trained.batch).sum;
  };
  Trained here(golden);
  const double loss = run(here);
  std::int64_t calls = 0;
  {
    Stand stand;
    Trained there(golden, stand.device(), 1);
    run(there);
    ASSERT_TRUE(there.trainer.on_device());
    calls = stand.log.calls;
  }
  ASSERT_GT(calls, 500);
  for (const DeviceStatus failure : {HostDeviceLog::out_of_memory, HostDeviceLog::lost}) {
    int left = 0;
    for (std::int64_t number = 0; number < calls; ++number) {
      Stand stand;
      stand.log.fail_at = number;
      stand.log.failure = failure;
      {
        Trained there(golden, stand.device(), 1);
        EXPECT_NEAR(run(there), loss, 1e-4 * loss);
        EXPECT_LT(apart(there.weights(), here.weights()), 1e-4);
        EXPECT_EQ(there.optimizer.steps_done(), 2);
        if (!there.trainer.on_device()) {
          ++left;
          EXPECT_NE(there.trainer.device_note().en.find("The CPU goes on"), std::string::npos);
        }
      }
      EXPECT_EQ(stand.log.used, 0) << "call " << number;
      EXPECT_EQ(stand.log.strangers, 0) << "call " << number;
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(left, calls / 4);  // where memory is short, older values make room
  }
}

}  // namespace
}  // namespace headlight

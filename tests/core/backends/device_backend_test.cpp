// The backend over a device, on a stand-in in the host's memory and, where there is one, on the GPU:
// operation by operation beside the reference, with weights that do not fit, and with every call made to fail
// in turn.
#include "core/backends/cuda/device_backend.h"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "core/backends/cuda/plugin.h"
#include "core/base/errors.h"
#include "core/forward/forward_pass.h"
#include "core/model/model.h"
#include "tests/core/backends/host_device.h"
#include "tests/core/backends/random_values.h"
#include "tests/core/compare.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

constexpr float infinite = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

// Fractions of the largest magnitude of the reference's result. float32 rounds at 6e-8 of a value. Here sums
// are float32 too, in 128 parts: sqrt(1536 / 128) roundings in a part and seven behind it, times four.
constexpr double exact = 0.0, few = 5e-7, functions = 2e-6, sums = 4e-6, attention = 2e-5;

::testing::AssertionResult agree(const Tensor& actual, const Tensor& expected, double tolerance) {
  double largest = 0.0;
  for (const float value : expected.values()) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(static_cast<double>(value)));
  }
  return all_close(actual, expected, tolerance * largest, 0.0);
}

struct Stand {
  HostDeviceLog log;
  std::shared_ptr<DeviceMemory> memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log));
  std::unique_ptr<Backend> backend = make_device_backend(memory, make_cpu_backend(1));
};

class DeviceBackends : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (GetParam() == std::string("cuda")) {
      device = cuda_device().memory;
      if (!device) GTEST_SKIP() << cuda_device().reason.en;
    }
    tested = make_device_backend(device, make_cpu_backend(1));
  }

  Stand stand;
  std::shared_ptr<DeviceMemory> device = stand.memory;
  RandomValues random{20261122};
  std::unique_ptr<Backend> tested, reference = make_reference_backend();
};

constexpr NumberFormat formats[] = {
    NumberFormat::f32,    NumberFormat::f16,  NumberFormat::bf16, NumberFormat::q4_0, NumberFormat::q4_1,
    NumberFormat::q5_0,   NumberFormat::q5_1, NumberFormat::q8_0, NumberFormat::f64,  NumberFormat::q2_k,
    NumberFormat::q3_k,   NumberFormat::q4_k, NumberFormat::q5_k, NumberFormat::q6_k, NumberFormat::iq4_nl,
    NumberFormat::iq4_xs, NumberFormat::i8};

TEST_P(DeviceBackends, UnpacksEveryFormatToTheSameBits) {
  for (const NumberFormat format : formats) {
    const Weight table = random.weight(format, 7, 768);
    const std::vector<TokenId> ids = {6, 0, 6, 3, 1};
    EXPECT_TRUE(agree(tested->embed(table, ids), reference->embed(table, ids), exact))
        << number_format_name(format);
  }
}

TEST_P(DeviceBackends, LinearOfFewAndOfManyRows) {
  for (const NumberFormat format : formats) {
    const Weight weight = random.weight(format, 130, 768);
    const Tensor bias = random.tensor({130});
    for (const std::int64_t positions : {1, 8, 9, 40}) {
      const Tensor x = random.tensor({positions, 768});
      EXPECT_TRUE(agree(tested->linear(x, weight), reference->linear(x, weight), sums))
          << number_format_name(format) << ", " << positions;
      EXPECT_TRUE(agree(tested->linear(x, weight, bias), reference->linear(x, weight, bias), sums))
          << number_format_name(format) << ", " << positions << " with bias";
    }
  }
}

// Rounding to 11 and to 8 bits moves a factor by at most 2^-11 and 2^-8 of itself; cutting off, as a GPU may
// do for TF32, by twice that. Over a sum of random products these errors grow with the root of their number,
// as the sum does: the bounds are 2^-10 and 2^-8 of the largest result.
TEST_P(DeviceBackends, ProductsOfFewerDigitsAreAskedForByName) {
  const bool has_units =
      GetParam() == std::string("host") || device->device().facts().compute_capability >= 80;
  const Weight weight = random.weight(NumberFormat::f32, 128, 768);
  const Tensor x = random.tensor({40, 768}), few_rows = random.tensor({8, 768});
  const Tensor expected = reference->linear(x, weight);
  double before = 0.0;
  for (const auto& [precision, name, bound] : {std::tuple(ProductPrecision::f32, "cuda", sums),
                                               std::tuple(ProductPrecision::tf32, "cuda-tf32", 1e-3),
                                               std::tuple(ProductPrecision::bf16, "cuda-bf16", 4e-3)}) {
    if (precision != ProductPrecision::f32 && !has_units) continue;
    const auto backend = make_device_backend(device, make_cpu_backend(1), precision);
    EXPECT_EQ(backend->name(), name);
    const Tensor product = backend->linear(x, weight);
    EXPECT_TRUE(agree(product, expected, bound)) << name;
    if (precision != ProductPrecision::f32) {
      EXPECT_FALSE(agree(product, expected, before)) << name << " keeps more digits than it says";
    }
    EXPECT_TRUE(agree(backend->linear(few_rows, weight), reference->linear(few_rows, weight), sums)) << name;
    before = bound / 20.0;
  }
}

TEST_P(DeviceBackends, NoRowsAtAllGiveAnEmptyResult) {
  const Weight weight = random.weight(NumberFormat::q8_0, 3, 32);
  const Tensor none = random.tensor({0, 2, 8});
  EXPECT_EQ(tested->linear(random.tensor({0, 32}), weight, random.tensor({3})).shape(), (Shape{0, 3}));
  EXPECT_EQ(tested->add(random.tensor({0, 32}), random.tensor({0, 32})).shape(), (Shape{0, 32}));
  EXPECT_EQ(tested->attend(none, none, none, {1, 0}).shape(), none.shape());
}

TEST_P(DeviceBackends, NormsAndElements) {
  for (const std::int64_t width : {1, 17, 576, 1100}) {
    for (const std::int64_t rows : {1, 5}) {
      const Tensor a = random.tensor({rows, width}, 3.0F), b = random.tensor({rows, width});
      const Tensor gain = random.tensor({width}), bias = random.tensor({width});
      for (const Norm norm : {Norm::layer, Norm::rms}) {
        const Tensor scale = reference->norm_scale(a, norm, 1e-5);
        // The mean is taken off by subtraction: a few roundings of the larger number.
        EXPECT_TRUE(agree(tested->norm_scale(a, norm, 1e-5), scale, 2e-6)) << width;
        const Tensor with = norm == Norm::layer ? bias : Tensor();
        EXPECT_TRUE(agree(tested->normalized(a, scale, norm, gain, with),
                          reference->normalized(a, scale, norm, gain, with), width == 1 ? 1e-3 : 2e-6))
            << width;
      }
      EXPECT_TRUE(agree(tested->add(a, b), reference->add(a, b), exact));
      EXPECT_TRUE(agree(tested->multiply(a, b), reference->multiply(a, b), exact));
      EXPECT_TRUE(agree(tested->scaled(a, 0.3), reference->scaled(a, 0.3), few));
      EXPECT_TRUE(agree(tested->soft_capped(a, 2.0), reference->soft_capped(a, 2.0), functions));
      EXPECT_TRUE(agree(tested->mean_row(a), reference->mean_row(a), few));
      for (const Activation kind :
           {Activation::silu, Activation::gelu, Activation::gelu_tanh, Activation::relu, Activation::tanh}) {
        EXPECT_TRUE(agree(tested->activate(a, kind), reference->activate(a, kind), functions))
            << static_cast<int>(kind);
      }
    }
  }
}

TEST_P(DeviceBackends, Rotate) {
  for (const std::int64_t dimensions : {0, 6, 64}) {
    for (const std::int64_t first : {0, 5, 8000}) {
      const Tensor x = random.tensor({17, 9, 64});
      EXPECT_TRUE(agree(tested->rotate(x, first, plain_rotation(1e5, dimensions)),
                        reference->rotate(x, first, plain_rotation(1e5, dimensions)), few))
          << dimensions << " dimensions from " << first;
    }
  }
}

TEST_P(DeviceBackends, AttentionUnderEveryRule) {
  struct Case {
    std::int64_t queries, keys, heads, kv_heads, width;
    AttentionRule rule;
  };
  const Case cases[] = {
      {1, 1, 1, 1, 64, {.scale = 0.125}},
      {17, 17, 9, 3, 64, {.scale = 0.125}},
      {5, 140, 9, 3, 33, {.scale = 0.2, .first_position = 135}},
      {4, 9, 2, 1, 16, {.scale = 0.25, .first_position = 2}},
      {40, 40, 4, 2, 8, {.scale = 0.3, .window = 3}},
      {40, 40, 4, 2, 8, {.scale = 0.3, .causal = false, .window = 3}},
      {12, 20, 4, 4, 8, {.scale = 0.3, .causal = false, .soft_cap = 5.0}},
      {3, 300, 3, 1, 64, {.scale = 0.125, .first_position = 297, .window = 100, .soft_cap = 30.0}}};
  for (const Case& one : cases) {
    SCOPED_TRACE(one.queries);
    const Tensor q = random.tensor({one.queries, one.heads, one.width}, 2.0F);
    const Tensor k = random.tensor({one.keys, one.kv_heads, one.width});
    const Tensor v = random.tensor({one.keys, one.kv_heads, one.width});
    for (const Tensor& bias : {Tensor(), random.tensor({one.heads, one.queries, one.keys})}) {
      const Tensor scores = reference->attention_scores(q, k, one.rule, bias),
                   pattern = reference->softmax(scores);
      EXPECT_TRUE(agree(tested->attention_scores(q, k, one.rule, bias), scores, sums));
      EXPECT_TRUE(agree(tested->softmax(scores), pattern, functions));
      EXPECT_TRUE(agree(tested->mix_values(pattern, v), reference->mix_values(pattern, v), sums));
      const Tensor z = reference->attend(q, k, v, one.rule, bias);
      EXPECT_TRUE(agree(tested->attend(q, k, v, one.rule, bias), z, attention));
      for (const std::int64_t first : {std::int64_t{0}, one.keys / 3, one.keys - 1}) {
        const auto cut = [first](const Tensor& rows) {
          return TensorRows(std::vector<Tensor>{rows.leading(first), rows.rows(first, rows.axis(0))});
        };
        const Backend::Attention both = tested->attend_with_pattern(q, cut(k), cut(v), one.rule, bias);
        EXPECT_TRUE(agree(both.pattern, pattern, attention)) << first;
        EXPECT_TRUE(agree(both.z, z, attention)) << first;
      }
    }
  }
}

TEST_P(DeviceBackends, SpecialNumbersStayWhatTheyAre) {
  std::vector<float> values(4 * 19, -infinite);
  for (std::size_t i = 0; i < 19; ++i) values[19 + i] = i % 3 ? -infinite : static_cast<float>(i);
  for (std::size_t i = 0; i < 18; ++i) values[2 * 19 + i] = 1.0F;
  values[2 * 19 + 7] = nan;
  values[3 * 19 + 2] = infinite;
  const Tensor scores({1, 4, 19}, values);
  const Tensor pattern = tested->softmax(scores);
  EXPECT_TRUE(agree(pattern, reference->softmax(scores), functions));
  EXPECT_EQ(pattern.data()[19 + 1], 0.0F);

  const Tensor q = random.tensor({10, 2, 8}), k = random.tensor({10, 2, 8});
  Tensor v = random.tensor({10, 2, 8});
  std::fill_n(v.writable() + 7 * 16, 16, nan);  // key 7: seen by the queries 7, 8 and 9
  const Tensor z = tested->attend(q, k, v, {.scale = 0.3});
  EXPECT_TRUE(agree(z, reference->attend(q, k, v, {.scale = 0.3}), attention));
  EXPECT_FALSE(std::isnan(z.data()[6 * 16]));
  EXPECT_TRUE(std::isnan(z.data()[7 * 16]));
}

TEST_P(DeviceBackends, WrongShapesAreOurBug) {
  const Weight weight = random.weight(NumberFormat::q4_1, 3, 32);
  EXPECT_THROW(tested->linear(random.tensor({2, 64}), weight), std::logic_error);
  EXPECT_THROW(tested->embed(weight, std::vector<TokenId>{3}), std::logic_error);
  EXPECT_THROW(tested->add(random.tensor({2, 3}), random.tensor({3, 2})), std::logic_error);
  EXPECT_THROW(tested->mix_values(random.tensor({2, 1, 3}), random.tensor({4, 2, 8})), std::logic_error);
}

INSTANTIATE_TEST_SUITE_P(On, DeviceBackends, ::testing::Values("host", "cuda"),
                         [](const auto& item) { return std::string(item.param); });

// What lies on a device is read by several threads of a window.
TEST(DeviceMemory, ValuesAreFetchedOnceAndByAnyThread) {
  Stand stand;
  RandomValues random{3};
  const Tensor a = random.tensor({64, 32});
  const Tensor sum = stand.backend->add(a, a);
  ASSERT_TRUE(sum.far_values());
  const std::int64_t before = stand.log.calls;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) readers.emplace_back([&] { EXPECT_EQ(sum.values()[7], 2.0F * a.values()[7]); });
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(stand.log.calls - before, 1);
}

TEST(DeviceMemory, AWeightIsSentOnceAndLeavesWithItsOwner) {
  Stand stand;
  RandomValues random{4};
  const Tensor x = random.tensor({2, 64});
  {
    const Weight weight = random.weight(NumberFormat::q8_0, 40, 64);
    stand.backend->linear(x, weight);
    const std::int64_t calls = stand.log.calls;
    stand.backend->linear(x, weight);
    EXPECT_LT(stand.log.calls - calls, calls);
    EXPECT_EQ(stand.memory->share().here, weight.byte_size());
  }
  EXPECT_EQ(stand.memory->share().here, 0);
  const Weight next = random.weight(NumberFormat::q8_0, 41, 64);
  stand.backend->linear(x, next);
  EXPECT_EQ(stand.log.used, next.byte_size());
}

std::shared_ptr<const Model> tiny_model() {
  return load_model(source_dir() + "/tests/golden/tiny_llama_heads.gguf", "tiny");
}

ForwardRequest short_text() {
  ForwardRequest request;
  request.tokens = {1, 5, 9, 2, 7, 5, 9, 2, 30, 31, 12};
  return request;
}

// All numbers of the two traces, hook by hook.
void expect_same_trace(const Trace& actual, const Trace& expected) {
  for (const HookInfo& info : all_hooks()) {
    for (std::int64_t layer = 0; layer < (info.in_block ? expected.model().architecture.layers : 1);
         ++layer) {
      if (!has_hook(info.hook, expected.model().architecture) || !expected.has(info.hook, layer)) continue;
      EXPECT_TRUE(agree(actual.at(info.hook, layer), expected.at(info.hook, layer), 2e-5))
          << hook_name(info.hook, layer);
    }
  }
}

// Half of the weights fit: the CPU does the rest, and every number stays the same.
TEST(DeviceMemory, WhatDoesNotFitIsLeftToTheCpu) {
  const auto model = tiny_model();
  const auto expected = run_forward(model, *make_cpu_backend(1), short_text());
  HostDeviceLog roomy;
  std::int64_t whole = 0;
  {
    const auto memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(roomy));
    expect_same_trace(*run_forward(model, *make_device_backend(memory, make_cpu_backend(1)), short_text()),
                      *expected);
    whole = memory->share().here;
    EXPECT_EQ(memory->share().left_out, 0);
  }
  EXPECT_EQ(roomy.used, 0);
  // Somebody else has most of the device: half of the weights fit beside the eighth that is kept free.
  HostDeviceLog narrow;
  narrow.memory = std::size_t{64} << 20;
  const auto memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(narrow));
  const auto others = memory->allocate(narrow.memory / 8 * 7 - static_cast<std::size_t>(whole / 2), "a test");
  expect_same_trace(*run_forward(model, *make_device_backend(memory, make_cpu_backend(1)), short_text()),
                    *expected);
  EXPECT_GT(memory->share().here, 0);
  EXPECT_GT(memory->share().left_out, 0);
}

// A text that is typed, taken back and written anew: what a pass leaves behind stays on the device until
// somebody reads it, and then no row comes twice.
TEST(DeviceMemory, ATextThatGrowsStaysOnTheDevice) {
  const auto model = tiny_model();
  Stand stand;
  const auto cpu = make_cpu_backend(1);
  ForwardRequest request = short_text();
  std::vector<std::shared_ptr<const Trace>> traces;
  const auto run = [&](std::vector<TokenId> tokens, std::shared_ptr<const Trace> previous) {
    SCOPED_TRACE(tokens.size());
    request.tokens = std::move(tokens);
    request.previous = std::move(previous);
    const std::int64_t before = stand.log.fetched;
    traces.push_back(run_forward(model, *stand.backend, request));
    EXPECT_EQ(stand.log.fetched, before);
    EXPECT_EQ(traces.back()->reused_positions > 0, request.previous != nullptr);
  };
  const auto longer = [](std::vector<TokenId> tokens, int by, TokenId id) {
    for (int i = 0; i < by; ++i) tokens.push_back(id + i % 20);
    return tokens;
  };
  run(request.tokens, nullptr);
  for (int key = 0; key < 20; ++key)
    run(longer(request.tokens, 1, key), traces.back());  // past a block's end
  const auto typed = traces.back();
  run(longer(typed->tokens(), 2, 3), typed);
  run(longer(typed->tokens(), 2, 7), typed);  // the rows behind `typed` are taken: copied elsewhere
  run(longer(traces.back()->tokens(), 1, 9), traces.back());
  run(longer({1, 5, 9, 2}, 12, 4), typed);  // most of the first block is not needed
  run(longer(typed->tokens(), 12, 2), typed);
  const std::int64_t before = stand.log.fetched;
  typed->row(Hook::logits, 0, typed->positions() - 1);
  const std::int64_t row = model->architecture.vocabulary * static_cast<std::int64_t>(sizeof(float));
  EXPECT_LE(stand.log.fetched - before, 16 * row);
  for (const auto& trace : traces) {
    SCOPED_TRACE(trace->positions());
    request.tokens = trace->tokens();
    request.previous = nullptr;
    expect_same_trace(*trace, *run_forward(model, *cpu, request));
  }
}

// As many texts as fit, and then more: the oldest values go to the host, and nobody is told.
TEST(DeviceMemory, OldValuesMoveToTheHostWhereThereIsNoRoom) {
  const auto model = tiny_model();
  Stand stand;
  const auto cpu = make_cpu_backend(1);
  ForwardRequest request = short_text();
  std::int64_t of_one = 0;
  {
    const auto first = run_forward(model, *stand.backend, request);
    of_one = stand.log.used;
  }
  of_one -= stand.log.used;  // the weights stay
  const std::size_t free = stand.memory->device().free_memory();
  const auto others = stand.memory->allocate(free - 3 * static_cast<std::size_t>(of_one), "a test");
  std::vector<std::shared_ptr<const Trace>> traces;
  for (TokenId first = 1; first <= 8; ++first) {
    request.tokens[0] = first;
    const std::int64_t fetched = stand.log.fetched;
    traces.push_back(run_forward(model, *stand.backend, request));
    EXPECT_EQ(stand.log.fetched > fetched, first > 3) << first;
  }
  request.previous = traces.front();  // the keys and values of its beginning lie on the host now
  request.tokens = traces.front()->tokens();
  request.tokens.push_back(6);
  traces.push_back(run_forward(model, *stand.backend, request));
  EXPECT_GT(traces.back()->reused_positions, 0);
  for (const auto& trace : traces) {
    SCOPED_TRACE(trace->tokens().front());
    request.tokens = trace->tokens();
    request.previous = nullptr;
    expect_same_trace(*trace, *run_forward(model, *cpu, request));
  }
}

TEST(DeviceMemory, GainsAndBiasesAreSentOnce) {
  Stand stand;
  RandomValues random{7};
  const Tensor x = stand.backend->scaled(random.tensor({3, 32}), 1.0), scale = random.tensor({3, 1});
  const Tensor gain = random.tensor({32});
  std::int64_t used = 0;
  {
    const Tensor bias = random.tensor({32});
    const auto calls = [&] {
      const std::int64_t before = stand.log.calls;
      stand.backend->normalized(x, scale, Norm::layer, gain, bias);
      return stand.log.calls - before;
    };
    const std::int64_t first = calls();
    EXPECT_EQ(calls(), first - 4);  // room and a copy for each of the two
    used = stand.log.used;
  }
  // What nobody has any more makes place for what comes next, which may lie at the same address.
  const Tensor another = random.tensor({32});
  const Tensor expected = make_cpu_backend(1)->normalized(x, scale, Norm::layer, gain, another);
  EXPECT_TRUE(agree(stand.backend->normalized(x, scale, Norm::layer, gain, another), expected, 2e-6));
  EXPECT_EQ(stand.log.used, used);
}

TEST(DeviceMemory, RowsThatCameAreNotFetchedAgain) {
  Stand stand;
  RandomValues random{6};
  const auto far = [&](Shape shape) { return stand.backend->scaled(random.tensor(std::move(shape)), 1.0); };
  // [head, row, key]: two heads, room for four rows of five keys.
  const Tensor first = far({2, 2, 4}), second = far({2, 1, 5}), here = random.tensor({2, 1, 5});
  const auto room = first.far_values()->room(2, 4, 5);
  const auto number = [](const Tensor& of, std::int64_t head, std::int64_t row, std::int64_t key) {
    return of.values()[static_cast<std::size_t>((head * of.axis(1) + row) * of.axis(2) + key)];
  };
  const Tensor all = Tensor::far({2, 4, 5}, room);
  room->write(0, 2, first, 2);
  const std::int64_t before = stand.log.fetched;
  for (std::int64_t head : {0, 1}) EXPECT_EQ(number(all, head, 1, 3), number(first, head, 1, 3));
  const std::int64_t then = stand.log.fetched;
  EXPECT_EQ(then - before, (2 * 2 * 5 + first.size()) * static_cast<std::int64_t>(sizeof(float)));
  room->write(2, 1, second, 1);
  room->write(3, 1, here, 1);  // what the CPU computed, where not all weights fit
  for (std::int64_t head : {0, 1}) {
    EXPECT_EQ(number(all, head, 1, 3), number(first, head, 1, 3));
    EXPECT_EQ(number(all, head, 2, 4), number(second, head, 0, 4));
    EXPECT_EQ(number(all, head, 3, 0), number(here, head, 0, 0));
  }
  EXPECT_EQ(stand.log.fetched - then, (2 * 2 * 5 + second.size()) * static_cast<std::int64_t>(sizeof(float)));
}

// Each call fails once, for want of memory or for good: the pass says so, or its numbers are the right ones,
// and nothing stays behind.
TEST(DeviceFaults, EveryCallMayFail) {
  const auto model = tiny_model();
  // A text, and the same with a token more, whose trace re-uses the first one's.
  const auto run = [&](Backend& backend) {
    ForwardRequest request = short_text();
    request.previous = run_forward(model, backend, request);
    request.tokens.push_back(4);
    return run_forward(model, backend, request);
  };
  const auto expected = run(*make_cpu_backend(1));
  std::int64_t calls = 0;
  {
    Stand stand;
    run(*stand.backend);
    calls = stand.log.calls;
  }
  ASSERT_GT(calls, 100);
  for (const DeviceStatus failure : {HostDeviceLog::out_of_memory, HostDeviceLog::lost}) {
    int refused = 0;
    for (std::int64_t number = 0; number < calls; ++number) {
      HostDeviceLog log;
      log.fail_at = number;
      log.failure = failure;
      {
        const auto memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log));
        const auto backend = make_device_backend(memory, make_cpu_backend(1));
        try {
          // A weight that found no room is no fault: the CPU multiplies by it.
          expect_same_trace(*run(*backend), *expected);
        } catch (const DeviceError& error) {
          ++refused;
          EXPECT_NE(std::string(error.what()).find("Host"), std::string::npos);
        }
      }
      EXPECT_EQ(log.used, 0) << "call " << number;
      EXPECT_EQ(log.strangers, 0) << "call " << number;
      if (HasFailure()) return;
    }
    EXPECT_GT(refused, calls / 4);  // where memory is short, older values make room
  }
}

TEST(DeviceFaults, ValuesOfALostDeviceAreNotANumber) {
  HostDeviceLog log;
  log.failure = HostDeviceLog::lost;
  const auto memory = std::make_shared<DeviceMemory>(std::make_unique<HostDevice>(log));
  const auto backend = make_device_backend(memory, make_cpu_backend(1));
  RandomValues random{5};
  const Tensor sum = backend->add(random.tensor({3, 4}), random.tensor({3, 4}));
  log.fail_at = log.calls;
  for (const float value : sum.values()) EXPECT_TRUE(std::isnan(value));
  EXPECT_THROW(backend->scaled(sum, 2.0), DeviceError);
}

TEST(DeviceSelfTest, PassesOnASoundDeviceAndSaysWhatElseIsWrong) {
  Stand stand;
  EXPECT_EQ(self_test(stand.memory), "");
  stand.log.for_good = true;
  stand.log.fail_at = stand.log.calls + 5;
  EXPECT_NE(self_test(stand.memory).find("out of memory"), std::string::npos);
}

}  // namespace
}  // namespace headlight

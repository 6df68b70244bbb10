// A comparison that cannot fail checks nothing: each kind of difference is made on purpose.
#include "core/analysis/self_check.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/errors.h"
#include "core/forward/forward_pass.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

std::shared_ptr<const Trace> tiny_trace(std::vector<Intervention> changes = {}) {
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.tokens = {3, 1, 4, 1, 5};
  request.interventions = std::move(changes);
  return run_forward(tiny_model(), *make_reference_backend(), request);
}

std::map<std::string, NumpyArray> as_arrays(const Trace& trace) {
  std::map<std::string, NumpyArray> arrays;
  for (const auto& [hook, layer] : {std::pair{Hook::embed, 0}, {Hook::pattern, 1}, {Hook::logits, 0}}) {
    const Tensor tensor = trace.at(hook, layer);
    arrays[hook_name(hook, layer)] = {tensor.shape(), {tensor.values().begin(), tensor.values().end()}};
  }
  return arrays;
}

TEST(SelfCheck, EqualTracesDifferNowhere) {
  const auto hooks = compare_traces(*tiny_trace(), *tiny_trace());
  EXPECT_GT(hooks.size(), 15U);
  for (const HookDifference& hook : hooks) {
    EXPECT_EQ(hook.absolute, 0.0) << hook.name;
    EXPECT_GT(hook.values, 0) << hook.name;
  }
}

TEST(SelfCheck, NamesTheHookAndTheLayerOfADifference) {
  const auto changed = tiny_trace({{Hook::mlp_out, 1, {}, {}, Scale{1.5F}}});
  for (const HookDifference& hook : compare_traces(*changed, *tiny_trace())) {
    if (hook.name == "blocks.{l}.hook_mlp_out") {
      EXPECT_NEAR(hook.relative, 0.5, 1e-6);
      EXPECT_EQ(hook.layer, 1);
    }
    if (hook.name == "blocks.{l}.hook_resid_mid") {
      EXPECT_EQ(hook.layer, 2);  // later layers alone
    }
    if (hook.name == "hook_embed") {
      EXPECT_EQ(hook.absolute, 0.0);
    }
  }
}

TEST(SelfCheck, ComparesWithArrays) {
  const auto trace = tiny_trace();
  auto arrays = as_arrays(*trace);
  arrays["tokens"] = {{5}, {3, 1, 4, 1, 5}};
  arrays["somebody.else"] = {{1}, {0}};
  std::vector<std::string> unknown;
  auto hooks = compare_with_arrays(*trace, arrays, unknown);
  EXPECT_EQ(unknown, std::vector<std::string>{"somebody.else"});
  EXPECT_EQ(hooks.size(), 3U);
  for (const HookDifference& hook : hooks) EXPECT_EQ(hook.absolute, 0.0);

  arrays["logits"].values[7] = NAN;
  for (const HookDifference& hook : compare_with_arrays(*trace, arrays, unknown)) {
    EXPECT_EQ(std::isinf(hook.absolute), hook.name == "logits") << hook.name;
  }
  arrays["logits"].shape[0] = 4;
  EXPECT_THROW(compare_with_arrays(*trace, arrays, unknown), UserError);
  EXPECT_THROW(compare_with_arrays(*trace, {{"tokens", {{1}, {3}}}}, unknown), UserError);
}

// The 128 bytes that numpy.save writes for numpy.arange(3, dtype="<f4"), by hand.
std::string npy(const std::string& header, const std::string& data) {
  std::string bytes = "\x93NUMPY";
  bytes += '\x01';
  bytes += '\0';
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  return bytes + header + data;
}

const std::string three_floats = std::string("\0\0\0\0\0\0\x80\x3f\0\0\0\x40", 12);

TEST(Npy, ReadsTypesAndShapes) {
  const auto read = [](const std::string& header, const std::string& data) {
    return parse_npy(npy(header, data), "x");
  };
  const NumpyArray array = read("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n", three_floats);
  EXPECT_EQ(array.shape, Shape{3});
  EXPECT_EQ(array.values, (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(read("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }\n", three_floats).shape,
            (Shape{1, 3}));
  EXPECT_EQ(read("{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", three_floats).values.size(),
            1U);
  EXPECT_EQ(
      read("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }\n", std::string("\xfe\xff\xff\xff", 4))
          .values,
      std::vector<double>{-2});
}

TEST(Npy, RefusesWhatIsNotAnArray) {
  const std::string good = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n", three_floats);
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_THROW(parse_npy(good.substr(0, length), "x"), FileError) << length;
  }
  for (const char* header : {"{'descr': '>f4', 'fortran_order': False, 'shape': (3,), }",
                             "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
                             "{'descr': '<f4', 'fortran_order': True, 'shape': (3,), }",
                             "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }",
                             "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
                             "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
                             "{'descr': '<f4', 'fortran_order': False, 'shape': (x,), }",
                             "{'descr': '<f4', 'shape': (3,), }", "{}"}) {
    EXPECT_THROW(parse_npy(npy(header, three_floats), "x"), FileError) << header;
  }
}

}  // namespace
}  // namespace headlight

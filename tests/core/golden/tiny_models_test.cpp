// The tiny models against what transformers computes for them: every hook, both backends.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/forward/forward_pass.h"
#include "tests/core/golden/golden_values.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

// transformers' own float32 and float64 differ by up to 5.5e-6 of a tensor's largest value on these models
// (see float32_against_float64 in the files); two float32 programs that sum in different orders may differ by
// a few times that. The faults of SeesEveryFieldOfTheDescription are hundreds of times larger.
Tolerance tiny_tolerance(Hook) { return {.absolute = 0.0, .relative = 2e-5}; }

const std::string tiny_names[] = {"tiny_llama_q", "tiny_llama_every_untied", "tiny_llama_heads",
                                  "tiny_llama_wide", "tiny_llama_partial"};

std::shared_ptr<const Model> load_tiny(const GoldenFile& golden) {
  return load_model(source_dir() + "/tests/golden/" + golden.model, golden.model);
}

Agreement run_case(const std::shared_ptr<const Model>& model, Backend& backend, const GoldenCase& golden) {
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.tokens = golden.ids;
  return hold_against(*run_forward(model, backend, request), golden, tiny_tolerance);
}

class TinyModels : public testing::TestWithParam<std::string> {};

TEST_P(TinyModels, DescriptionIsTheOneThatTransformersUses) {
  const GoldenFile golden = read_golden(GetParam());
  const ArchitectureDescription ours = load_tiny(golden)->architecture;
  const nlohmann::json& theirs = golden.architecture;
  EXPECT_EQ(ours.layers, theirs.at("layers"));
  EXPECT_EQ(ours.d_model, theirs.at("d_model"));
  EXPECT_EQ(ours.heads, theirs.at("heads"));
  EXPECT_EQ(ours.kv_heads, theirs.at("kv_heads"));
  EXPECT_EQ(ours.d_head, theirs.at("d_head"));
  EXPECT_EQ(ours.d_mlp, theirs.at("d_mlp"));
  EXPECT_EQ(ours.vocabulary, theirs.at("vocabulary"));
  EXPECT_EQ(ours.norm_epsilon, theirs.at("norm_epsilon"));
  EXPECT_EQ(ours.rotary.base, theirs.at("rotary_base"));
  EXPECT_EQ(ours.rotary.dimensions, theirs.at("rotary_dimensions"));
  EXPECT_DOUBLE_EQ(ours.attention_scale, theirs.at("attention_scale"));
  EXPECT_EQ(ours.tied_output, theirs.at("tied_output"));
}

void expect_all_cases(const std::string& name, Backend& backend) {
  const GoldenFile golden = read_golden(name);
  const std::shared_ptr<const Model> model = load_tiny(golden);
  ASSERT_FALSE(golden.cases.empty());
  for (const GoldenCase& one : golden.cases) {
    const Agreement agreement = run_case(model, backend, one);
    EXPECT_TRUE(agreement.passed()) << name << " " << one.name << ": " << agreement.failure;
    fmt::print("{} {} {}: {} values, worst {:.0f} % of what is allowed, {}\n", backend.name(), name, one.name,
               agreement.compared, 100.0 * agreement.worst_share, agreement.worst_place);
  }
}

TEST_P(TinyModels, ReferenceBackend) { expect_all_cases(GetParam(), *make_reference_backend()); }
TEST_P(TinyModels, CpuBackend) { expect_all_cases(GetParam(), *make_cpu_backend(2)); }

TEST_P(TinyModels, TextsBecomeTheSameIds) {
  const GoldenFile golden = read_golden(GetParam());
  const std::shared_ptr<const Model> model = load_tiny(golden);
  int texts = 0;
  for (const GoldenCase& one : golden.cases) {
    if (!one.text) continue;
    std::vector<TokenId> ids;
    for (const Token& token : model->tokenizer->encode(*one.text)) ids.push_back(token.id);
    EXPECT_EQ(ids, one.ids) << *one.text;
    ++texts;
  }
  EXPECT_GT(texts, 0);
}

// The golden values would notice a description that is read wrongly, field by field.
TEST_P(TinyModels, SeesEveryFieldOfTheDescription) {
  const GoldenFile golden = read_golden(GetParam());
  const std::shared_ptr<const Model> model = load_tiny(golden);
  const auto backend = make_reference_backend();
  const auto changed_fails = [&](const char* field, auto change) {
    auto changed = std::make_shared<Model>(*model);
    change(*changed);
    EXPECT_FALSE(run_case(changed, *backend, golden.cases.front()).passed()) << field;
  };
  changed_fails("norm_epsilon", [](Model& m) { m.architecture.norm_epsilon *= 3.0; });
  changed_fails("rotary_base", [](Model& m) { m.architecture.rotary.base *= 1.1; });
  changed_fails("rotary_dimensions", [](Model& m) { m.architecture.rotary.dimensions -= 2; });
  changed_fails("attention_scale", [](Model& m) { m.architecture.attention_scale *= 1.01; });
  changed_fails("layers", [](Model& m) {
    --m.architecture.layers;
    m.blocks.pop_back();
  });
  if (!model->architecture.tied_output) {
    changed_fails("tied_output", [](Model& m) { m.unembedding = m.embedding; });
  }
  changed_fails("gate and in swapped", [](Model& m) { std::swap(m.blocks[0].w_gate, m.blocks[0].w_in); });
}

INSTANTIATE_TEST_SUITE_P(Golden, TinyModels, testing::ValuesIn(tiny_names),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace headlight

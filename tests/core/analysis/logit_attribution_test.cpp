// Shares that add up to the logit for every family, each of them against transformers, and the shares of
// single tokens and neurons against those of their head and MLP.
#include "core/analysis/logit_attribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/analysis/block_statistics.h"
#include "tests/core/analysis/lens_golden.h"

namespace headlight {
namespace {

const auto go_on = [] { return false; };

bool attributable(const ArchitectureDescription& a) {
  const AttributionKind kind = attribution_kind(a);
  return kind == AttributionKind::final_norm || kind == AttributionKind::every_norm;
}

// Σ |share|: what rounding is relative to.
double magnitude_of(const LogitAttribution& result) {
  double sum = std::abs(result.embedding) + std::abs(result.positions) + std::abs(result.token_types) +
               std::abs(result.constant);
  for (const LayerContribution& layer : result.layers) {
    for (const double head : layer.heads) sum += std::abs(head);
    for (const double head : layer.cross) sum += std::abs(head);
    sum += std::abs(layer.attention_bias) + std::abs(layer.cross_bias) + std::abs(layer.mlp);
  }
  return sum;
}

// Every hook is rounded to float32 (6e-8 of it) and the shares are what was captured, so the sum is off by
// the roundings of the additions between them: within 1e-6 of Σ |share| in models of at most three layers.
TEST(LogitAttribution, AddsUpToTheLogitInEveryFamily) {
  int divided = 0, refused = 0;
  for (const std::string& name : family_names()) {
    if (name.ends_with(".gguf")) continue;
    const auto model = load_family(name);
    const GoldenCase golden = golden_of_family(name).cases.front();
    ForwardRequest request;
    request.tokens = golden.ids;
    request.source_tokens = golden.source_ids;
    const auto trace = run_forward(model, *make_cpu_backend(2), request);
    if (!attributable(model->architecture)) {
      ++refused;
      EXPECT_THROW(logit_attribution(trace, 0, 1, std::nullopt, go_on), std::logic_error) << name;
      continue;
    }
    ++divided;
    for (std::int64_t position = 0; position < trace->positions(); ++position) {
      for (const auto& distractor : {std::optional<TokenId>(), std::optional<TokenId>(9)}) {
        const auto result = logit_attribution(trace, position, 5, distractor, go_on);
        EXPECT_NEAR(result->sum, result->logit, 1e-6 * magnitude_of(*result)) << name << " " << position;
        if (!result->capped) {
          const std::span<const float> logits = trace->row(Hook::logits, 0, position);
          EXPECT_EQ(result->logit,
                    static_cast<double>(logits[5]) - (distractor ? static_cast<double>(logits[9]) : 0.0));
        }
      }
    }
  }
  EXPECT_GE(divided, 20);
  EXPECT_GE(refused, 5);
}

TEST(LogitAttribution, SharesAreThoseOfTransformers) {
  for (const nlohmann::json& golden : lens_golden()) {
    if (!golden.contains("attribution")) continue;
    const auto trace = trace_of_golden(golden);
    if (!trace) continue;
    const nlohmann::json& expected = golden.at("attribution");
    const auto result = logit_attribution(trace, expected.at("position"), expected.at("target"),
                                          expected.at("distractor").get<TokenId>(), go_on);
    const std::string name = golden.at("model");
    // Families: float32 against float64 over at most three layers. SmolLM2: its float32 stream is off by 1e-5
    // of what it carries after 30 layers, transformers' own as well.
    const double tolerance = name == "smollm2" ? 2e-3 : 2e-5;
    EXPECT_NEAR(result->logit, expected.at("logit").get<double>(), tolerance) << name;
    EXPECT_NEAR(result->sum, result->logit, 1e-3) << name;
    EXPECT_NEAR(result->embedding, expected.at("embedding").get<double>(), tolerance) << name;
    EXPECT_NEAR(result->positions, expected.at("positions").get<double>(), tolerance) << name;
    EXPECT_NEAR(result->constant, expected.at("constant").get<double>(), tolerance) << name;
    ASSERT_EQ(result->layers.size(), expected.at("layers").size());
    for (std::size_t layer = 0; layer < result->layers.size(); ++layer) {
      const nlohmann::json& here = expected.at("layers").at(layer);
      const LayerContribution& ours = result->layers[layer];
      EXPECT_NEAR(ours.mlp, here.at("mlp").get<double>(), tolerance) << name << " " << layer;
      EXPECT_NEAR(ours.attention_bias, here.at("attention_bias").get<double>(), tolerance)
          << name << " " << layer;
      for (std::size_t head = 0; head < ours.heads.size(); ++head) {
        EXPECT_NEAR(ours.heads[head], here.at("heads").at(head).get<double>(), tolerance)
            << name << " " << layer;
      }
      for (std::size_t head = 0; head < ours.cross.size(); ++head) {
        EXPECT_NEAR(ours.cross[head], here.at("cross").at(head).get<double>(), tolerance)
            << name << " " << layer;
      }
    }
  }
}

TEST(LogitAttribution, TokensAddUpToTheirHeadAndNeuronsToTheirMlp) {
  for (const char* name :
       {"gpt2_tied", "llama_grouped", "gemma2_capped", "gpt_neox_parallel", "bart_gelu", "t5_gated"}) {
    const auto model = load_family(name);
    const ArchitectureDescription& a = model->architecture;
    const GoldenCase golden = golden_of_family(name).cases.front();
    ForwardRequest request;
    request.tokens = golden.ids;
    request.source_tokens = golden.source_ids;
    const auto trace = run_forward(model, *make_cpu_backend(2), request);
    const std::int64_t position = trace->positions() - 1;
    const auto result = logit_attribution(trace, position, 5, std::nullopt, go_on);
    for (const bool cross : {false, true}) {
      if (cross && !a.cross_attention) continue;
      for (std::int64_t layer = 0; layer < a.layers; ++layer) {
        const LayerContribution& here = result->layers[static_cast<std::size_t>(layer)];
        for (std::int64_t head = 0; head < a.heads; ++head) {
          const auto row = trace->map_row(cross ? Hook::cross_pattern : Hook::pattern, layer, head, position);
          const std::vector<double> sources =
              source_contributions(*trace, *result, layer, head, cross, {row.begin(), row.end()});
          const double sum = std::accumulate(sources.begin(), sources.end(), 0.0);
          const double whole = (cross ? here.cross : here.heads)[static_cast<std::size_t>(head)];
          // z is the same sum, rounded to float32 once a dimension.
          EXPECT_NEAR(sum, whole, 1e-5 * (1.0 + std::abs(whole))) << name << " L" << layer << " H" << head;
        }
      }
    }
    // All neurons of a layer: what they add to one token's logit is the MLP's share of it, less the bias of
    // W_out.
    const auto backend = make_cpu_backend(2);
    const NeuronWritings neurons =
        neuron_writings(trace, *backend, a.layers - 1, position, static_cast<std::size_t>(a.d_mlp));
    ASSERT_TRUE(neurons.has_tokens) << name;
    ASSERT_EQ(neurons.neurons.size(), static_cast<std::size_t>(a.d_mlp));
    for (std::size_t i = 1; i < neurons.neurons.size(); ++i) {
      EXPECT_GE(std::abs(neurons.neurons[i - 1].activation), std::abs(neurons.neurons[i].activation));
    }
    const NeuronWriting& strongest = neurons.neurons.front();
    const TokenId token = strongest.up.front().token;
    const auto of_token = logit_attribution(trace, position, token, std::nullopt, go_on);
    const Weight& w_out = model->blocks[static_cast<std::size_t>(a.layers - 1)].w_out;
    double sum = 0.0;
    const std::vector<float> unembedding = weight_row(model->unembedding, token);
    for (const NeuronWriting& neuron : neurons.neurons) {
      std::vector<double> column;
      for (std::int64_t row = 0; row < w_out.rows; ++row) {
        column.push_back(neuron.activation * static_cast<double>(weight_row(
                                                 w_out, row)[static_cast<std::size_t>(neuron.neuron)]));
      }
      column = carried_to_output(*trace, a.layers - 1, position, std::move(column));
      double added = 0.0;
      for (std::size_t i = 0; i < column.size(); ++i) {
        added += column[i] * static_cast<double>(unembedding[i]) * a.output_scale;
      }
      if (neuron.neuron == strongest.neuron) {
        EXPECT_NEAR(added, static_cast<double>(strongest.up.front().logit), 1e-5 * (1.0 + std::abs(added)))
            << name;
      }
      sum += added;
    }
    if (model->blocks.back().b_out.empty()) {
      EXPECT_NEAR(sum, of_token->layers.back().mlp, 1e-5 * (1.0 + std::abs(sum))) << name;
    }
  }
}

}  // namespace
}  // namespace headlight

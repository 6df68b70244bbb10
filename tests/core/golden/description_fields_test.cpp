// Every field of a description matters: read wrongly, it changes what the model puts out. And what
// config.json says and this program does not compute is refused by name.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/errors.h"
#include "core/forward/forward_pass.h"
#include "core/model_files/model_file.h"
#include "tests/core/golden/family_models.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

Tensor output(const Trace& trace) {
  const ArchitectureDescription& a = trace.model().architecture;
  return trace.at(last_hook(a), last_layer(a));
}

// The last case: the longest text, beyond windows and trained contexts.
std::shared_ptr<const Trace> run_last_case(const std::shared_ptr<const Model>& model,
                                           const std::string& name) {
  const GoldenCase golden = golden_of_family(name).cases.back();
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.tokens = golden.ids;
  request.source_tokens = golden.source_ids;
  return run_forward(model, *make_reference_backend(), request);
}

double largest_change(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return INFINITY;
  double largest = 0.0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    largest =
        std::max(largest, std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i])));
  }
  return largest;
}

struct FieldChange {
  const char* model;
  const char* field;
  void (*change)(Model& model);
};

// One line for each field, on a model that has the part. Sizes (layers, heads …) are held by the shapes of
// the weights, which load_model checks.
const FieldChange field_changes[] = {
    {"gemma2_capped", "embedding_scale", [](Model& m) { m.architecture.embedding_scale = 1.0; }},
    {"gpt2_tied", "positions", [](Model& m) { m.architecture.positions = PositionTable::none; }},
    {"marian_shared", "positions", [](Model& m) { m.architecture.positions = PositionTable::none; }},
    {"bert_masked", "token_types", [](Model& m) { m.architecture.token_types = false; }},
    {"bert_masked", "embedding_norm", [](Model& m) { m.architecture.embedding_norm = false; }},
    {"bart_gelu", "embedding_norm", [](Model& m) { m.architecture.embedding_norm = false; }},
    {"gpt2_tied", "norm", [](Model& m) { m.architecture.norm = Norm::rms; }},
    {"llama_grouped", "norm_epsilon", [](Model& m) { m.architecture.norm_epsilon *= 1e4; }},
    {"gpt_neox_parallel", "wiring", [](Model& m) { m.architecture.wiring = Wiring::sequential; }},
    {"gpt_neox_sequential", "wiring", [](Model& m) { m.architecture.wiring = Wiring::parallel; }},
    {"bert_masked", "wiring", [](Model& m) { m.architecture.wiring = Wiring::sequential; }},
    {"gemma2_capped", "sandwich_norms", [](Model& m) { m.architecture.sandwich_norms = false; }},
    {"llama_grouped", "final_norm", [](Model& m) { m.architecture.final_norm = false; }},
    {"bert_masked", "causal", [](Model& m) { m.architecture.causal = true; }},
    {"llama_grouped", "causal", [](Model& m) { m.architecture.causal = false; }},
    {"llama_grouped", "rotary.base", [](Model& m) { m.architecture.rotary.base *= 2.0; }},
    {"llama_grouped", "rotary.dimensions", [](Model& m) { m.architecture.rotary.dimensions -= 2; }},
    {"llama_biases_linear", "rotary.scaling",
     [](Model& m) { m.architecture.rotary.scaling = RotaryScaling::none; }},
    {"llama_biases_linear", "rotary.factor", [](Model& m) { m.architecture.rotary.factor *= 1.5; }},
    {"llama_dynamic", "rotary.original_context",
     [](Model& m) { m.architecture.rotary.original_context = 10; }},
    {"llama_yarn", "rotary.beta_fast", [](Model& m) { m.architecture.rotary.beta_fast *= 8.0; }},
    {"llama_yarn", "rotary.beta_slow", [](Model& m) { m.architecture.rotary.beta_slow *= 8.0; }},
    {"llama_yarn", "rotary.magnitude", [](Model& m) { m.architecture.rotary.magnitude = 1.0; }},
    {"llama_llama3", "rotary.low_factor", [](Model& m) { m.architecture.rotary.low_factor *= 1.5; }},
    {"llama_llama3", "rotary.high_factor", [](Model& m) { m.architecture.rotary.high_factor *= 1.5; }},
    {"llama_llama3.gguf", "rotary.divisors", [](Model& m) { m.architecture.rotary.divisors.clear(); }},
    {"gemma3_plain", "local_rotary", [](Model& m) { m.architecture.local_rotary = m.architecture.rotary; }},
    {"mistral_window", "window", [](Model& m) { m.architecture.window += 1; }},
    {"gemma3_plain", "local_layers", [](Model& m) { m.architecture.local_layers.flip(); }},
    {"llama_grouped", "attention_scale", [](Model& m) { m.architecture.attention_scale *= 1.1; }},
    {"gpt2_untied_relu", "scale_by_layer",
     [](Model& m) { m.architecture.scale_by_layer = !m.architecture.scale_by_layer; }},
    {"gemma2_capped", "attention_soft_cap", [](Model& m) { m.architecture.attention_soft_cap = 0.0; }},
    {"t5_relu", "relative_distance", [](Model& m) { m.architecture.relative_distance += 40; }},
    {"t5_relu", "relative_buckets", [](Model& m) { m.architecture.relative_buckets = 0; }},
    {"llama_grouped", "gated", [](Model& m) { m.architecture.gated = false; }},
    {"llama_grouped", "activation", [](Model& m) { m.architecture.activation = Activation::gelu; }},
    {"bert_masked", "head", [](Model& m) { m.architecture.head = OutputHead::language_model; }},
    {"bert_classes", "head_activation", [](Model& m) { m.architecture.head_activation = Activation::relu; }},
    {"t5_relu", "output_scale", [](Model& m) { m.architecture.output_scale = 1.0; }},
    {"gemma2_capped", "logit_soft_cap", [](Model& m) { m.architecture.logit_soft_cap = 0.0; }},
    {"sentence_mean", "pooling", [](Model& m) { m.architecture.pooling = Pooling::first; }},
    {"sentence_mean", "unit_embedding", [](Model& m) { m.architecture.unit_embedding = false; }},
    // Parts whose flag decides at load whether the tensor is read.
    {"llama_biases_linear", "attention_bias", [](Model& m) { m.blocks[0].attention.b_q = Tensor(); }},
    {"llama_biases_linear", "attention_output_bias", [](Model& m) { m.blocks[0].attention.b_o = Tensor(); }},
    {"llama_biases_linear", "mlp_bias", [](Model& m) { m.blocks[0].b_out = Tensor(); }},
    {"qwen3_plain", "query_key_norm", [](Model& m) { m.blocks[0].attention.q_norm = Tensor(); }},
    {"bert_masked", "output_bias", [](Model& m) { m.output_bias = Tensor(); }},
    {"llama_grouped", "tied_output", [](Model& m) { m.unembedding = m.embedding; }},
};

TEST(DescriptionFields, EachOneChangesTheOutput) {
  for (const FieldChange& item : field_changes) {
    const auto model = load_family(item.model);
    const auto before = run_last_case(model, item.model);
    const auto changed = std::make_shared<Model>(*model);
    item.change(*changed);
    const double change = largest_change(output(*before), output(*run_last_case(changed, item.model)));
    // Ten times what the golden values allow, for outputs of the size of one.
    EXPECT_GT(change, 1e-4) << item.model << ": " << item.field;
  }
}

// The case's directory with one key of config.json set to another value.
class ChangedConfig : public testing::Test {
 protected:
  std::string changed(const std::string& name, const std::string& key, const nlohmann::json& value) {
    const fs::path from = fs::path(source_dir()) / "tests/golden/families" / name;
    const fs::path to = fs::path(testing::TempDir()) / ("changed_" + name);
    fs::remove_all(to);
    fs::copy(from, to, fs::copy_options::recursive);
    nlohmann::json config = nlohmann::json::parse(std::ifstream(from / "config.json"));
    nlohmann::json* place = &config;
    std::string rest = key;
    for (std::size_t dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
      place = &(*place)[rest.substr(0, dot)];
      rest = rest.substr(dot + 1);
    }
    (*place)[rest] = value;
    std::ofstream(to / "config.json") << config;
    return to.string();
  }

  std::string refusal(const std::string& path) {
    try {
      load_weights(open_model_file(path), "changed");
    } catch (const FileError& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(ChangedConfig, IsRefusedByNameWhereItIsNotComputed) {
  struct Case {
    const char *model, *key;
    nlohmann::json value;
  };
  const Case cases[] = {
      {"llama_grouped", "hidden_act", "quick_gelu"},
      {"llama_grouped", "rope_scaling", {{"rope_type", "longrope"}, {"factor", 2.0}}},
      {"llama_grouped", "rope_scaling", {{"type", "su"}, {"factor", 2.0}}},
      {"llama_grouped", "quantization_config", {{"quant_method", "gptq"}}},
      {"llama_grouped", "model_type", "mamba"},
      {"llama_grouped", "architectures", {"LlamaForSequenceClassification"}},
      {"llama_grouped", "num_key_value_heads", 3},
      {"llama_grouped", "rms_norm_eps", "small"},
      {"llama_grouped", "rms_norm_eps", -1.0},
      {"llama_grouped", "num_hidden_layers", 0},
      {"llama_grouped", "num_hidden_layers", 1e99},
      {"llama_grouped", "attention_bias", 1},
      {"llama_grouped", "partial_rotary_factor", 0.5},
      {"gpt2_tied", "add_cross_attention", true},
      {"gpt2_tied", "activation_function", "mish"},
      {"gemma2_capped", "use_bidirectional_attention", true},
      {"gemma3_plain", "attn_logit_softcapping", 30.0},
      {"gemma2_capped", "layer_types", {"full_attention", "chunked_attention"}},
      {"bert_masked", "is_decoder", true},
      {"bert_masked", "position_embedding_type", "relative_key"},
      {"bert_masked", "architectures", {"BertForQuestionAnswering"}},
      {"bert_classes", "id2label", {{"0", "A"}, {"7", "B"}}},
      {"t5_relu", "feed_forward_proj", "gated-mish"},
      {"t5_relu", "relative_attention_num_buckets", 6},
      {"bart_gelu", "normalize_before", true},
      {"bart_gelu", "architectures", {"BartForQuestionAnswering"}},
  };
  for (const Case& item : cases) {
    const std::string message = refusal(changed(item.model, item.key, item.value));
    EXPECT_NE(message, "") << item.model << " " << item.key << " = " << item.value;
    const std::string name = std::string(item.key) == "rope_scaling" ? "rope_type" : item.key;
    const bool names_it =
        message.find(name) != std::string::npos || message.find("model type") != std::string::npos;
    EXPECT_TRUE(names_it) << item.model << " " << item.key << ": " << message;
  }
}

TEST_F(ChangedConfig, SizesThatDoNotFitTheWeightsAreRefused) {
  for (const auto& [key, value] : {std::pair{"hidden_size", 24},
                                   {"intermediate_size", 7},
                                   {"vocab_size", 7},
                                   {"num_hidden_layers", 9},
                                   {"num_hidden_layers", 1},
                                   {"head_dim", 2}}) {
    EXPECT_NE(refusal(changed("llama_grouped", key, value)), "") << key;
  }
}

}  // namespace
}  // namespace headlight

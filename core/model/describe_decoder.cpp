// Decoder families as Hugging Face stores them. Each one: its fields, then its names.
#include <algorithm>
#include <cmath>

#include "core/base/said_in_both.h"
#include "core/model/architecture_table.h"
#include "core/model/hugging_face_keys.h"
#include "core/model_files/model_file.h"

namespace headlight {
namespace {

// Radford et al. 2019: LayerNorm, learned positions, GELU.
ModelDescription describe_gpt2(const ModelFile& file) {
  const DescriptionKeys config(file, "");
  config.must_be("add_cross_attention", false);
  ModelPart part;
  ArchitectureDescription& a = part.architecture;
  a.layers = config.count_or("n_layer", 12, 4096);
  a.d_model = config.count_or("n_embd", 768, most_values);
  a.heads = a.kv_heads = config.count_or("n_head", 12, 65536);
  if (a.d_model % a.heads != 0) config.refuse("n_head", "does not divide n_embd");
  a.d_head = a.d_model / a.heads;
  a.d_mlp = config.count_or("n_inner", 4 * a.d_model, most_values);
  a.vocabulary = config.count_or("vocab_size", 50257, most_values);
  a.context = config.count_or("n_positions", 1024, most_values);
  a.positions = PositionTable::learned;
  a.norm = Norm::layer;
  a.norm_epsilon = config.positive_or("layer_norm_epsilon", 1e-5);
  a.attention_scale =
      config.flag_or("scale_attn_weights", true) ? usual_attention_scale(static_cast<double>(a.d_head)) : 1.0;
  a.scale_by_layer = config.flag_or("scale_attn_by_inverse_layer_idx", false);
  a.attention_bias = a.attention_output_bias = a.mlp_bias = true;
  a.gated = false;
  a.activation = config.activation_or("activation_function", "gelu_new");

  const std::string prefix = name_prefix(file, "transformer.", "wte.weight");
  const std::string block = prefix + "h.{l}.";
  part.names = {.embedding = prefix + "wte.weight",
                .position_table = prefix + "wpe.weight",
                .ln_final = prefix + "ln_f.weight",
                .ln1 = block + "ln_1.weight",
                .ln2 = block + "ln_2.weight",
                .q = block + "attn.c_attn.weight",
                .o = block + "attn.c_proj.weight",
                .in = block + "mlp.c_fc.weight",
                .out = block + "mlp.c_proj.weight",
                .unembedding = "lm_head.weight"};
  part.form = {.fused = FusedQkv::blocks,
               .transposed = true,
               .ignored = {"*.attn.bias", "*.attn.masked_bias", "lm_head.weight"}};
  a.tied_output = is_tied(config, true, "lm_head.weight", part.names.embedding);
  return {.main = std::move(part), .encoder = {}, .decoder_start = {}, .label_names = {}};
}

// Black et al. 2022, Biderman et al. 2023 (Pythia): partial rotary, attention and MLP side by side.
ModelDescription describe_gpt_neox(const ModelFile& file) {
  const DescriptionKeys config(file, "");
  ModelPart part;
  ArchitectureDescription& a = part.architecture;
  a.layers = config.count_or("num_hidden_layers", 44, 4096);
  a.d_model = config.count_or("hidden_size", 6144, most_values);
  a.heads = a.kv_heads = config.count_or("num_attention_heads", 64, 65536);
  if (a.d_model % a.heads != 0) config.refuse("num_attention_heads", "does not divide hidden_size");
  a.d_head = a.d_model / a.heads;
  a.d_mlp = config.count_or("intermediate_size", 24576, most_values);
  a.vocabulary = config.count_or("vocab_size", 50432, most_values);
  a.context = config.count_or("max_position_embeddings", 2048, most_values);
  a.norm = Norm::layer;
  a.norm_epsilon = config.positive_or("layer_norm_eps", 1e-5);
  a.wiring = config.flag_or("use_parallel_residual", true) ? Wiring::parallel : Wiring::sequential;
  a.rotary = a.local_rotary =
      read_rotary(config, a, {.base = "rotary_emb_base", .fraction = "rotary_pct", .usual_fraction = 0.25});
  a.attention_scale = usual_attention_scale(static_cast<double>(a.d_head));
  a.attention_bias = a.attention_output_bias = config.flag_or("attention_bias", true);
  a.mlp_bias = true;
  a.gated = false;
  a.activation = config.activation_or("hidden_act", "gelu");

  const std::string prefix = name_prefix(file, "gpt_neox.", "embed_in.weight");
  const std::string block = prefix + "layers.{l}.";
  const std::string output = file.find("embed_out.weight") ? "embed_out.weight" : "lm_head.weight";
  part.names = {.embedding = prefix + "embed_in.weight",
                .ln_final = prefix + "final_layer_norm.weight",
                .ln1 = block + "input_layernorm.weight",
                .ln2 = block + "post_attention_layernorm.weight",
                .q = block + "attention.query_key_value.weight",
                .o = block + "attention.dense.weight",
                .in = block + "mlp.dense_h_to_4h.weight",
                .out = block + "mlp.dense_4h_to_h.weight",
                .unembedding = output};
  part.form = {.fused = FusedQkv::per_head,
               .ignored = {"*.attention.bias", "*.attention.masked_bias", "*.rotary_emb.inv_freq", output}};
  a.tied_output = is_tied(config, false, output, part.names.embedding);
  return {.main = std::move(part), .encoder = {}, .decoder_start = {}, .label_names = {}};
}

// What Llama and all that grew from it share: RMSNorm, rotary, gated MLP, grouped heads.
// Source: Touvron et al. 2023.
struct Usual {
  std::int64_t d_model, d_mlp, layers, heads, kv_heads, context, vocabulary;  // kv_heads 0: as heads
  std::int64_t d_head;                                                        // 0: d_model / heads
};

ArchitectureDescription llama_like(const DescriptionKeys& config, const Usual& usual) {
  ArchitectureDescription a;
  a.layers = config.count_or("num_hidden_layers", usual.layers, 4096);
  a.d_model = config.count_or("hidden_size", usual.d_model, most_values);
  a.heads = config.count_or("num_attention_heads", usual.heads, 65536);
  const bool says_null = config.file().metadata().contains("num_key_value_heads");
  a.kv_heads = config.count_or("num_key_value_heads",
                               usual.kv_heads == 0 || says_null ? a.heads : usual.kv_heads, a.heads);
  check_heads(config, a, "num_key_value_heads");
  const bool head_is_null = config.file().metadata().contains("head_dim");
  if (!config.has("head_dim") && (usual.d_head == 0 || head_is_null) && a.d_model % a.heads != 0) {
    config.refuse("num_attention_heads", "does not divide hidden_size, and there is no head_dim");
  }
  a.d_head = config.count_or(
      "head_dim", usual.d_head == 0 || head_is_null ? a.d_model / a.heads : usual.d_head, most_values);
  a.d_mlp = config.whole_or("intermediate_size", usual.d_mlp);
  a.vocabulary = config.count_or("vocab_size", usual.vocabulary, most_values);
  a.context = config.count_or("max_position_embeddings", usual.context, most_values);
  a.norm_epsilon = config.positive_or("rms_norm_eps", 1e-6);
  a.attention_scale = usual_attention_scale(static_cast<double>(a.d_head));
  return a;
}

// Dynamic scaling reaches beyond the trained context, as far as its factor says.
void stretch_context(ArchitectureDescription& a) {
  if (a.rotary.scaling != RotaryScaling::dynamic) return;
  const double stretched = static_cast<double>(a.context) * std::max(1.0, a.rotary.factor);
  a.context = static_cast<std::int64_t>(std::min(stretched, static_cast<double>(most_values)));
}

WeightNames llama_names(const std::string& prefix) {
  const std::string block = prefix + "layers.{l}.";
  return {.embedding = prefix + "embed_tokens.weight",
          .ln_final = prefix + "norm.weight",
          .ln1 = block + "input_layernorm.weight",
          .ln2 = block + "post_attention_layernorm.weight",
          .q = block + "self_attn.q_proj.weight",
          .k = block + "self_attn.k_proj.weight",
          .v = block + "self_attn.v_proj.weight",
          .o = block + "self_attn.o_proj.weight",
          .q_norm = block + "self_attn.q_norm.weight",
          .k_norm = block + "self_attn.k_norm.weight",
          .in = block + "mlp.up_proj.weight",
          .gate = block + "mlp.gate_proj.weight",
          .out = block + "mlp.down_proj.weight",
          .unembedding = "lm_head.weight"};
}

ModelDescription with_llama_names(const DescriptionKeys& config, ArchitectureDescription a,
                                  bool usually_tied) {
  ModelPart part;
  part.names = llama_names(name_prefix(config.file(), "model.", "embed_tokens.weight"));
  part.form.ignored = {"*.rotary_emb.inv_freq", "lm_head.weight"};
  a.tied_output = is_tied(config, usually_tied, "lm_head.weight", part.names.embedding);
  part.architecture = std::move(a);
  return {.main = std::move(part), .encoder = {}, .decoder_start = {}, .label_names = {}};
}

ModelDescription describe_llama(const ModelFile& file) {
  const DescriptionKeys config(file, "");
  ArchitectureDescription a = llama_like(config, {4096, 11008, 32, 32, 0, 2048, 32000, 0});
  a.rotary = a.local_rotary = read_rotary(config, a);
  stretch_context(a);
  a.attention_bias = a.attention_output_bias = config.flag_or("attention_bias", false);
  a.mlp_bias = config.flag_or("mlp_bias", false);
  a.activation = config.activation_or("hidden_act", "silu");
  ModelDescription description = with_llama_names(config, a, false);
  if (!a.has_mlp()) {  // transformers keeps matrices without numbers, and a norm that nobody reads
    std::vector<std::string>& ignored = description.main.form.ignored;
    ignored.insert(ignored.end(), {"*.mlp.*", "*.post_attention_layernorm.weight"});
  }
  return description;
}

// Jiang et al. 2023: every layer looks back only so far.
ModelDescription describe_mistral(const ModelFile& file) {
  const DescriptionKeys config(file, "");
  ArchitectureDescription a = llama_like(config, {4096, 14336, 32, 32, 8, 131072, 32000, 0});
  a.rotary = a.local_rotary = read_rotary(config, a);
  stretch_context(a);
  a.activation = config.activation_or("hidden_act", "silu");
  if (config.has("sliding_window") || !file.metadata().contains("sliding_window")) {
    a.window = config.count_or("sliding_window", 4096, most_values);
    a.local_layers.assign(static_cast<std::size_t>(a.layers), true);
  }
  return with_llama_names(config, std::move(a), false);
}

// Yang et al. 2024 (Qwen 2: biases of q, k, v) and 2025 (Qwen 3: norms of q and k instead).
ModelDescription describe_qwen(const ModelFile& file, bool third) {
  const DescriptionKeys config(file, "");
  ArchitectureDescription a = llama_like(config, {4096, 22016, 32, 32, 32, 32768, 151936, third ? 128 : 0});
  a.rotary = a.local_rotary = read_rotary(config, a);
  stretch_context(a);
  a.activation = config.activation_or("hidden_act", "silu");
  a.query_key_norm = third;
  a.attention_output_bias = third && config.flag_or("attention_bias", false);
  a.attention_bias = !third || a.attention_output_bias;
  const bool slides = config.flag_or("use_sliding_window", false) &&
                      (config.has("sliding_window") || !file.metadata().contains("sliding_window"));
  if (slides) {
    a.window = config.count_or("sliding_window", 4096, most_values);
    const std::int64_t first = config.whole_or("max_window_layers", 28);
    for (std::int64_t layer = 0; layer < a.layers; ++layer) a.local_layers.push_back(layer >= first);
    if (config.has("layer_types")) a.local_layers = read_layer_types(config, a.layers);
  } else if (config.has("layer_types")) {
    for (const bool local : read_layer_types(config, a.layers)) {
      if (local) config.refuse("layer_types", "names sliding layers, but there is no sliding window");
    }
  }
  return with_llama_names(config, std::move(a), false);
}

// Gemma Team 2024 and 2025: norms on both sides of each part, local and global layers, scaled embeddings.
ModelDescription describe_gemma(const ModelFile& file, bool third) {
  const DescriptionKeys config(file, "");
  ArchitectureDescription a =
      llama_like(config, {2304, 9216, 26, 8, 4, third ? 131072 : 8192, third ? 262208 : 256000, 256});
  a.embedding_scale = std::sqrt(static_cast<double>(a.d_model));
  a.sandwich_norms = true;
  a.attention_scale = usual_attention_scale(config.positive_or("query_pre_attn_scalar", 256.0));
  a.attention_bias = a.attention_output_bias = config.flag_or("attention_bias", false);
  a.activation = config.activation_or("hidden_activation", "gelu_pytorch_tanh");
  config.must_be("use_bidirectional_attention", false);
  const auto cap_or = [&](const char* key, double otherwise) {  // null: no cap
    return file.metadata().contains(key) && !config.has(key) ? 0.0 : config.positive_or(key, otherwise);
  };
  a.logit_soft_cap =
      config.has("final_logit_softcapping") || !third ? cap_or("final_logit_softcapping", 30.0) : 0.0;
  if (third) {
    config.must_be_absent("attn_logit_softcapping");
    a.query_key_norm = true;
    a.rotary = read_rotary(config, a, {.usual_base = 1e6});
    a.local_rotary = read_rotary(
        config, a, {.base = "rope_local_base_freq", .layer_type = "sliding_attention", .scaled = false});
  } else {
    a.attention_soft_cap = cap_or("attn_logit_softcapping", 50.0);
    a.rotary = a.local_rotary = read_rotary(config, a);
  }
  stretch_context(a);
  if (config.has("sliding_window") || !file.metadata().contains("sliding_window")) {
    a.window = config.count_or("sliding_window", 4096, most_values);
    const std::int64_t pattern = third ? config.count_or("sliding_window_pattern", 6, 4096) : 2;
    for (std::int64_t layer = 0; layer < a.layers; ++layer)
      a.local_layers.push_back((layer + 1) % pattern != 0);
    if (config.has("layer_types")) a.local_layers = read_layer_types(config, a.layers);
  } else {
    config.must_be_absent("layer_types");
  }

  ModelDescription description = with_llama_names(config, std::move(a), true);
  WeightNames& names = description.main.names;
  names.ln1_post = names.ln2;
  const std::string block = names.ln1.substr(0, names.ln1.find("input_layernorm"));
  names.ln2 = block + "pre_feedforward_layernorm.weight";
  names.ln2_post = block + "post_feedforward_layernorm.weight";
  description.main.form.gain_is_offset = true;
  return description;
}

}  // namespace

ModelDescription describe_decoder(const ModelFile& file, const std::string& model_type) {
  const DescriptionKeys config(file, "");
  const std::string name = model_class(config);
  if (name.ends_with("Classification") || name.ends_with("QuestionAnswering")) {
    config.refuse("architectures", in_both("is {}; of decoders this version computes the next token only",
                                           "{}인데, 이 버전은 디코더에서 다음 토큰만 계산합니다", name));
  }
  const auto described = [&] {
    if (model_type == "gpt2") return describe_gpt2(file);
    if (model_type == "gpt_neox") return describe_gpt_neox(file);
    if (model_type == "mistral") return describe_mistral(file);
    if (model_type == "qwen2") return describe_qwen(file, false);
    if (model_type == "qwen3") return describe_qwen(file, true);
    if (model_type == "gemma2") return describe_gemma(file, false);
    if (model_type == "gemma3_text") return describe_gemma(file, true);
    return describe_llama(file);
  };
  ModelDescription description = described();
  description.main.architecture.family = model_type;
  return description;
}

}  // namespace headlight

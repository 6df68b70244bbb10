// Encoder-decoder families as Hugging Face stores them: two descriptions that share much.
#include <fmt/format.h>

#include <cmath>

#include "core/base/said_in_both.h"
#include "core/model/architecture_table.h"
#include "core/model/hugging_face_keys.h"
#include "core/model_files/model_file.h"

namespace headlight {
namespace {

// The encoder is the decoder's twin that sees the whole text, has no output layer and reads nobody.
void make_encoder(ArchitectureDescription& a) {
  a.causal = false;
  a.cross_attention = false;
  a.head = OutputHead::none;
  a.output_bias = false;
  a.output_scale = 1.0;
}

std::optional<std::int64_t> decoder_start(const DescriptionKeys& config, std::int64_t usual) {
  const std::int64_t token = config.whole_or("decoder_start_token_id", usual);
  return token;
}

// Raffel et al. 2020: RMSNorm, relative position bias, no biases, scores without a scale.
ModelDescription describe_t5(const DescriptionKeys& config) {
  const ModelFile& file = config.file();
  ArchitectureDescription a;
  a.d_model = config.count_or("d_model", 512, most_values);
  a.d_head = config.count_or("d_kv", 64, most_values);
  a.d_mlp = config.count_or("d_ff", 2048, most_values);
  a.heads = a.kv_heads = config.count_or("num_heads", 8, 65536);
  a.vocabulary = config.count_or("vocab_size", 32128, most_values);
  a.context = config.count_or("n_positions", 512, most_values);  // trained on; the bias itself has no end
  a.relative_buckets = config.count_or("relative_attention_num_buckets", 32, 65536);
  a.relative_distance = config.count_or("relative_attention_max_distance", 128, most_values);
  if (a.relative_buckets % 4 != 0 || a.relative_distance <= a.relative_buckets / 2) {
    config.refuse("relative_attention_num_buckets",
                  fmt::format("is {} with a maximal distance of {}; this version computes multiples of 4 and "
                              "distances above half of them",
                              a.relative_buckets, a.relative_distance));
  }
  a.norm_epsilon = config.positive_or("layer_norm_epsilon", 1e-6);
  a.attention_scale = 1.0;
  const std::string projection = config.text_or("feed_forward_proj", "relu");
  a.gated = projection.starts_with("gated-");
  if (projection == "gated-gelu") {
    a.activation = Activation::gelu_tanh;  // so says the family's code
  } else {
    const nlohmann::json name = {{"feed_forward_proj", a.gated ? projection.substr(6) : projection}};
    a.activation = DescriptionKeys(file, name, "").activation_or("feed_forward_proj", "relu");
  }
  // transformers 5 writes what it made of it as well; the two must agree.
  config.must_be("is_gated_act", a.gated);
  if (config.has("dense_act_fn") && config.activation_or("dense_act_fn", "") != a.activation) {
    config.refuse("dense_act_fn", "is another activation than feed_forward_proj names");
  }
  const std::string embedding = "shared.weight";
  a.tied_output = is_tied(config, true, "lm_head.weight", embedding);
  // The original scales what its output layer reads, version 1.1 does not; old files say so by untying.
  if (config.flag_or("scale_decoder_outputs", config.flag_or("tie_word_embeddings", true))) {
    a.output_scale = 1.0 / std::sqrt(static_cast<double>(a.d_model));
  }

  const auto names = [&](const std::string& side, int mlp_part) {
    const std::string block = side + ".block.{l}.layer.";
    const std::string mlp = block + std::to_string(mlp_part) + ".DenseReluDense.";
    WeightNames result = {
        .embedding = embedding,
        .ln_final = side + ".final_layer_norm.weight",
        .ln1 = block + "0.layer_norm.weight",
        .ln2 = block + std::to_string(mlp_part) + ".layer_norm.weight",
        .q = block + "0.SelfAttention.q.weight",
        .k = block + "0.SelfAttention.k.weight",
        .v = block + "0.SelfAttention.v.weight",
        .o = block + "0.SelfAttention.o.weight",
        .in = mlp + (a.gated ? "wi_1.weight" : "wi.weight"),
        .gate = mlp + "wi_0.weight",
        .out = mlp + "wo.weight",
        .relative_bias = side + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight",
        .unembedding = "lm_head.weight"};
    if (mlp_part == 2) {
      result.ln_cross = block + "1.layer_norm.weight";
      result.cross_q = block + "1.EncDecAttention.q.weight";
      result.cross_k = block + "1.EncDecAttention.k.weight";
      result.cross_v = block + "1.EncDecAttention.v.weight";
      result.cross_o = block + "1.EncDecAttention.o.weight";
    }
    return result;
  };
  ModelDescription description;
  const std::int64_t encoder_layers = config.count_or("num_layers", 6, 4096);
  ModelPart encoder = {a, names("encoder", 1), {}};
  encoder.architecture.layers = encoder_layers;
  make_encoder(encoder.architecture);
  a.layers = config.count_or("num_decoder_layers", encoder_layers, 4096);
  a.cross_attention = true;
  description.main = {a, names("decoder", 2), {}};
  description.main.form.ignored = {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight",
                                   "lm_head.weight", "*EncDecAttention.relative_attention_bias.weight"};
  description.encoder = std::move(encoder);
  description.decoder_start = decoder_start(config, 0);
  return description;
}

WeightNames bart_names(const std::string& prefix, bool decoder) {
  const std::string side = prefix + (decoder ? "decoder." : "encoder.");
  const std::string block = side + "layers.{l}.";
  WeightNames names = {.embedding = prefix + "shared.weight",
                       .position_table = side + "embed_positions.weight",
                       .embedding_norm = side + "layernorm_embedding.weight",
                       .ln1 = block + "self_attn_layer_norm.weight",
                       .ln2 = block + "final_layer_norm.weight",
                       .q = block + "self_attn.q_proj.weight",
                       .k = block + "self_attn.k_proj.weight",
                       .v = block + "self_attn.v_proj.weight",
                       .o = block + "self_attn.out_proj.weight",
                       .in = block + "fc1.weight",
                       .out = block + "fc2.weight",
                       .unembedding = "lm_head.weight",
                       .output_bias = "final_logits_bias"};
  if (decoder) {
    names.ln_cross = block + "encoder_attn_layer_norm.weight";
    names.cross_q = block + "encoder_attn.q_proj.weight";
    names.cross_k = block + "encoder_attn.k_proj.weight";
    names.cross_v = block + "encoder_attn.v_proj.weight";
    names.cross_o = block + "encoder_attn.out_proj.weight";
  }
  return names;
}

// Lewis et al. 2020 (BART) and Junczys-Dowmunt et al. 2018 (Marian): the wiring of the original transformer.
ModelDescription describe_bart(const DescriptionKeys& config, bool marian) {
  const ModelFile& file = config.file();
  config.must_be("normalize_before", false);
  config.must_be("add_final_layer_norm", false);
  ArchitectureDescription a;
  a.d_model = config.count_or("d_model", 1024, most_values);
  a.vocabulary = config.count_or("vocab_size", marian ? 58101 : 50265, most_values);
  a.context = config.count_or("max_position_embeddings", 1024, most_values);
  a.positions = marian ? PositionTable::sinusoidal : PositionTable::learned;
  if (config.flag_or("scale_embedding", false)) a.embedding_scale = std::sqrt(static_cast<double>(a.d_model));
  a.embedding_norm = !marian;
  a.norm = Norm::layer;
  a.norm_epsilon = 1e-5;  // fixed in the family's code
  a.wiring = Wiring::post_norm;
  a.final_norm = false;
  a.attention_bias = a.attention_output_bias = a.mlp_bias = true;
  a.gated = false;
  a.activation = config.activation_or("activation_function", "gelu");

  const auto part = [&](bool decoder) {
    const std::string side = decoder ? "decoder" : "encoder";
    ModelPart result;
    result.architecture = a;
    ArchitectureDescription& b = result.architecture;
    b.layers = config.count_or(side + "_layers", 12, 4096);
    b.heads = b.kv_heads = config.count_or(side + "_attention_heads", 16, 65536);
    if (b.d_model % b.heads != 0) config.refuse(side + "_attention_heads", "does not divide d_model");
    b.d_head = b.d_model / b.heads;
    b.attention_scale = usual_attention_scale(static_cast<double>(b.d_head));
    b.d_mlp = config.count_or(side + "_ffn_dim", 4096, most_values);
    const std::string probe = side + ".layers.0.fc1.weight";
    const std::string prefix = name_prefix(file, "model.", probe);
    result.names = bart_names(prefix, decoder);
    result.form.position_offset = marian ? 0 : 2;
    if (marian && !config.flag_or("share_encoder_decoder_embeddings", true)) {
      result.names.embedding = prefix + side + ".embed_tokens.weight";
      if (decoder) b.vocabulary = config.count_or("decoder_vocab_size", a.vocabulary, most_values);
    } else if (const std::string copy = prefix + "encoder.embed_tokens.weight";
               file.find(result.names.embedding) == nullptr && file.find(copy) != nullptr) {
      result.names.embedding = copy;  // some writers keep one of the copies instead of the shared table
    }
    return result;
  };
  ModelDescription description;
  description.encoder = part(false);
  make_encoder(description.encoder->architecture);
  description.main = part(true);
  ModelPart& main = description.main;
  main.architecture.cross_attention = true;
  main.architecture.tied_output = is_tied(config, true, "lm_head.weight", main.names.embedding);
  main.architecture.output_bias = file.find("final_logits_bias") != nullptr;
  main.form.ignored = {"*coder.embed_tokens.weight", "lm_head.weight", "*.version", "*shared.weight"};
  if (marian) main.form.ignored.emplace_back("*embed_positions.weight");
  description.decoder_start = decoder_start(config, marian ? 58100 : 2);
  return description;
}

}  // namespace

ModelDescription describe_encoder_decoder(const ModelFile& file, const std::string& model_type) {
  const DescriptionKeys config(file, "");
  const std::string name = model_class(config);
  const bool known = name.empty() || name.ends_with("ForConditionalGeneration") ||
                     name.ends_with("MTModel") || name.ends_with("WithLMHeadModel") ||
                     name == "BartModel";  // its output is the tied table
  if (!known) {
    config.refuse("architectures",
                  in_both("is {}; of this family this version computes text to text",
                          "{}인데, 이 버전은 이 계열에서 글에서 글로 가는 모델만 계산합니다", name));
  }
  ModelDescription description =
      model_type == "t5" ? describe_t5(config) : describe_bart(config, model_type == "marian");
  description.main.architecture.family = description.encoder->architecture.family = model_type;
  return description;
}

}  // namespace headlight

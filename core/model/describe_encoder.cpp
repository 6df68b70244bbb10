// Encoder families as Hugging Face stores them, with their heads: masked token, class, sentence embedding.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/model/architecture_table.h"
#include "core/model/hugging_face_keys.h"
#include "core/model_files/model_file.h"

namespace headlight {
namespace {

OutputHead head_of_class(const DescriptionKeys& config) {
  const std::string name = model_class(config);
  if (name.empty() || name.ends_with("Model")) return OutputHead::none;
  if (name.ends_with("ForMaskedLM") || name.ends_with("ForPreTraining")) return OutputHead::masked_lm;
  if (name.ends_with("ForSequenceClassification")) return OutputHead::classifier;
  config.refuse(
      "architectures",
      in_both("is {}; of this family this version computes the bare model, ForMaskedLM and "
              "ForSequenceClassification",
              "{}인데, 이 버전은 이 계열에서 기본 모델, ForMaskedLM, ForSequenceClassification을 계산합니다",
              name));
}

// "id2label": {"0": "NEGATIVE", "1": "POSITIVE"}; two without names when the file does not say.
std::vector<std::string> read_labels(const DescriptionKeys& config) {
  std::vector<std::string> names;
  if (!config.has("id2label")) {
    const std::int64_t count = config.count_or("num_labels", 2, 65536);
    for (std::int64_t label = 0; label < count; ++label) names.push_back(fmt::format("LABEL_{}", label));
    return names;
  }
  const nlohmann::json& labels = config.at("id2label");
  if (!labels.is_object() || labels.empty()) config.refuse("id2label", "is not an object of names");
  for (std::size_t label = 0; label < labels.size(); ++label) {
    const auto found = labels.find(std::to_string(label));
    if (found == labels.end() || !found->is_string()) {
      config.refuse("id2label", fmt::format("has no name for label {} of {}", label, labels.size()));
    }
    names.push_back(found->get<std::string>());
  }
  return names;
}

nlohmann::json companion_json(const ModelFile& file, const std::string& name) {
  const std::optional<std::string> text = file.companion(name);
  if (!text) {
    throw told<FileError>("{}: '{}' is missing beside the weights.", "{}: 가중치 옆에 '{}' 파일이 없습니다.",
                          file.path(), name);
  }
  nlohmann::json parsed = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) {
    throw told<FileError>("{}: '{}' is not JSON; fetch the model again.",
                          "{}: '{}' 파일이 JSON이 아닙니다. 모델을 다시 내려받아 주세요.", file.path(), name);
  }
  return parsed;
}

Pooling read_pooling(const ModelFile& file, const std::string& folder) {
  const std::string name = folder + "/config.json";
  const auto known = companion_names();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw told<FileError>("{}: 'modules.json' keeps its pooling in '{}'; '1_Pooling' is expected.",
                          "{}: 'modules.json'의 풀링 폴더가 '{}'인데, '1_Pooling'이어야 합니다.", file.path(),
                          folder);
  }
  const nlohmann::json json = companion_json(file, name);
  const DescriptionKeys keys(file, json, name + ": ");
  if (keys.has("pooling_mode")) {
    const std::string mode = keys.text("pooling_mode");
    if (mode == "mean") return Pooling::mean;
    if (mode == "cls") return Pooling::first;
    keys.refuse("pooling_mode", "is '" + mode + "'; this version computes mean and cls");
  }
  for (const char* mode : {"pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens",
                           "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"}) {
    keys.must_be(mode, false);
  }
  const bool first = keys.flag_or("pooling_mode_cls_token", false);
  const bool mean = keys.flag_or("pooling_mode_mean_tokens", false);
  if (first == mean) {
    keys.refuse("pooling_mode_mean_tokens",
                "and pooling_mode_cls_token are the same; this version computes one of them");
  }
  return mean ? Pooling::mean : Pooling::first;
}

// modules.json of a sentence encoder: transformer, pooling, and perhaps division by the length.
void read_sentence_modules(const ModelFile& file, ArchitectureDescription& a) {
  if (!file.companion("modules.json")) return;
  const nlohmann::json modules = companion_json(file, "modules.json");
  if (!modules.is_array()) {
    throw told<FileError>("{}: 'modules.json' is not a list of modules.",
                          "{}: 'modules.json'이 모듈의 목록이 아닙니다.", file.path());
  }
  for (const nlohmann::json& module : modules) {
    if (!module.is_object()) {
      throw told<FileError>("{}: 'modules.json' holds something else than modules.",
                            "{}: 'modules.json'에 모듈이 아닌 것이 있습니다.", file.path());
    }
    const DescriptionKeys keys(file, module, "modules.json: ");
    const std::string type = keys.text("type");
    const std::string kind = type.substr(type.rfind('.') + 1);
    if (kind == "Pooling") {
      a.pooling = read_pooling(file, keys.text("path"));
    } else if (kind == "Normalize") {
      a.unit_embedding = true;
    } else if (kind != "Transformer") {
      keys.refuse("type",
                  fmt::format("is '{}'; this version computes Transformer, Pooling and Normalize", type));
    }
  }
}

// What BERT and its followers share (Devlin et al. 2019): post-norm, learned positions, GELU.
ArchitectureDescription bert_like(const DescriptionKeys& config) {
  config.must_be("is_decoder", false);
  config.must_be("add_cross_attention", false);
  config.must_be("position_embedding_type", "absolute");
  ArchitectureDescription a;
  a.layers = config.count_or("num_hidden_layers", 12, 4096);
  a.d_model = config.count_or("hidden_size", 768, most_values);
  a.heads = config.count_or("num_attention_heads", 12, 65536);
  a.d_mlp = config.count_or("intermediate_size", 3072, most_values);
  a.context = config.count_or("max_position_embeddings", 512, most_values);
  a.norm_epsilon = config.positive_or("layer_norm_eps", 1e-12);
  a.activation = config.activation_or("hidden_act", "gelu");
  a.token_types = true;
  return a;
}

void finish(const DescriptionKeys& config, ArchitectureDescription& a) {
  if (a.d_model % a.heads != 0) config.refuse("num_attention_heads", "does not divide hidden_size");
  a.kv_heads = a.heads;
  a.d_head = a.d_model / a.heads;
  a.attention_scale = usual_attention_scale(static_cast<double>(a.d_head));
  a.positions = PositionTable::learned;
  a.embedding_norm = true;
  a.norm = Norm::layer;
  a.wiring = Wiring::post_norm;
  a.final_norm = false;
  a.causal = false;
  a.gated = false;
  a.attention_bias = a.attention_output_bias = a.mlp_bias = true;
  a.head = head_of_class(config);
  a.output_bias = a.head != OutputHead::none;
}

WeightNames bert_names(const std::string& prefix) {
  const std::string block = prefix + "encoder.layer.{l}.";
  return {.embedding = prefix + "embeddings.word_embeddings.weight",
          .position_table = prefix + "embeddings.position_embeddings.weight",
          .token_types = prefix + "embeddings.token_type_embeddings.weight",
          .embedding_norm = prefix + "embeddings.LayerNorm.weight",
          .ln1 = block + "attention.output.LayerNorm.weight",
          .ln2 = block + "output.LayerNorm.weight",
          .q = block + "attention.self.query.weight",
          .k = block + "attention.self.key.weight",
          .v = block + "attention.self.value.weight",
          .o = block + "attention.output.dense.weight",
          .in = block + "intermediate.dense.weight",
          .out = block + "output.dense.weight"};
}

ModelPart describe_bert(const DescriptionKeys& config) {
  const ModelFile& file = config.file();
  ModelPart part;
  ArchitectureDescription& a = part.architecture;
  a = bert_like(config);
  a.vocabulary = config.count_or("vocab_size", 30522, most_values);
  finish(config, a);
  const std::string prefix = name_prefix(file, "bert.", "embeddings.word_embeddings.weight");
  part.names = bert_names(prefix);
  part.form.ignored = {"*embeddings.position_ids", "cls.seq_relationship.*", "*pooler.dense.*"};
  if (a.head == OutputHead::masked_lm) {
    a.head_activation = a.activation;
    part.names.head_dense = "cls.predictions.transform.dense.weight";
    part.names.head_norm = "cls.predictions.transform.LayerNorm.weight";
    part.names.unembedding = "cls.predictions.decoder.weight";
    part.names.output_bias = file.find("cls.predictions.decoder.bias") && !file.find("cls.predictions.bias")
                                 ? "cls.predictions.decoder.bias"
                                 : "cls.predictions.bias";
    part.form.ignored.insert(part.form.ignored.end(), {"cls.predictions.decoder.*", "cls.predictions.bias"});
    a.tied_output = is_tied(config, true, part.names.unembedding, part.names.embedding);
  }
  if (a.head == OutputHead::classifier) {
    a.head_activation = Activation::tanh;  // of the pooler, whatever hidden_act says
    part.names.head_dense = prefix + "pooler.dense.weight";
    part.names.unembedding = "classifier.weight";
  }
  return part;
}

// Liu et al. 2019: BERT with its positions counted from behind the padding token.
ModelPart describe_roberta(const DescriptionKeys& config) {
  const ModelFile& file = config.file();
  ModelPart part;
  ArchitectureDescription& a = part.architecture;
  a = bert_like(config);
  a.vocabulary = config.count_or("vocab_size", 50265, most_values);
  part.form.position_offset = config.whole_or("pad_token_id", 1) + 1;
  if (a.context <= part.form.position_offset) {
    config.refuse("max_position_embeddings", "leaves no position behind pad_token_id");
  }
  a.context -= part.form.position_offset;
  finish(config, a);
  part.names = bert_names(name_prefix(file, "roberta.", "embeddings.word_embeddings.weight"));
  part.form.ignored = {"*embeddings.position_ids", "*pooler.dense.*"};
  if (a.head == OutputHead::masked_lm) {
    a.head_activation = Activation::gelu;  // whatever hidden_act says
    part.names.head_dense = "lm_head.dense.weight";
    part.names.head_norm = "lm_head.layer_norm.weight";
    part.names.unembedding = "lm_head.decoder.weight";
    part.names.output_bias = file.find("lm_head.decoder.bias") && !file.find("lm_head.bias")
                                 ? "lm_head.decoder.bias"
                                 : "lm_head.bias";
    part.form.ignored.insert(part.form.ignored.end(), {"lm_head.decoder.*", "lm_head.bias"});
    a.tied_output = is_tied(config, true, part.names.unembedding, part.names.embedding);
  }
  if (a.head == OutputHead::classifier) {
    a.head_activation = Activation::tanh;
    part.names.head_dense = "classifier.dense.weight";
    part.names.unembedding = "classifier.out_proj.weight";
  }
  return part;
}

// Sanh et al. 2019: BERT without segments and with half the layers.
ModelPart describe_distilbert(const DescriptionKeys& config) {
  const ModelFile& file = config.file();
  ModelPart part;
  ArchitectureDescription& a = part.architecture;
  a.layers = config.count_or("n_layers", 6, 4096);
  a.d_model = config.count_or("dim", 768, most_values);
  a.heads = config.count_or("n_heads", 12, 65536);
  a.d_mlp = config.count_or("hidden_dim", 3072, most_values);
  a.vocabulary = config.count_or("vocab_size", 30522, most_values);
  a.context = config.count_or("max_position_embeddings", 512, most_values);
  a.norm_epsilon = 1e-12;  // fixed in the family's code
  a.activation = config.activation_or("activation", "gelu");
  finish(config, a);
  const std::string prefix = name_prefix(file, "distilbert.", "embeddings.word_embeddings.weight");
  const std::string block = prefix + "transformer.layer.{l}.";
  part.names = {.embedding = prefix + "embeddings.word_embeddings.weight",
                .position_table = prefix + "embeddings.position_embeddings.weight",
                .embedding_norm = prefix + "embeddings.LayerNorm.weight",
                .ln1 = block + "sa_layer_norm.weight",
                .ln2 = block + "output_layer_norm.weight",
                .q = block + "attention.q_lin.weight",
                .k = block + "attention.k_lin.weight",
                .v = block + "attention.v_lin.weight",
                .o = block + "attention.out_lin.weight",
                .in = block + "ffn.lin1.weight",
                .out = block + "ffn.lin2.weight"};
  part.form.ignored = {"*embeddings.position_ids"};
  if (a.head == OutputHead::masked_lm) {
    a.head_activation = a.activation;
    part.names.head_dense = "vocab_transform.weight";
    part.names.head_norm = "vocab_layer_norm.weight";
    part.names.unembedding = "vocab_projector.weight";
    part.form.ignored.emplace_back("vocab_projector.weight");
    a.tied_output = is_tied(config, true, part.names.unembedding, part.names.embedding);
  }
  if (a.head == OutputHead::classifier) {
    a.head_activation = Activation::relu;  // fixed in the family's code
    part.names.head_dense = "pre_classifier.weight";
    part.names.unembedding = "classifier.weight";
  }
  return part;
}

}  // namespace

ModelDescription describe_encoder(const ModelFile& file, const std::string& model_type) {
  const DescriptionKeys config(file, "");
  ModelDescription description;
  description.main = model_type == "distilbert" ? describe_distilbert(config)
                     : model_type == "bert"     ? describe_bert(config)
                                                : describe_roberta(config);
  ArchitectureDescription& a = description.main.architecture;
  a.family = model_type;
  if (a.head == OutputHead::classifier) {
    description.label_names = read_labels(config);
    a.labels = static_cast<std::int64_t>(description.label_names.size());
  }
  read_sentence_modules(file, a);
  return description;
}

}  // namespace headlight

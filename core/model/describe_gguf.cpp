// The half of the table that reads GGUF metadata. GGUF names tensors alike in all families.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/model/architecture_table.h"
#include "core/model/description_keys.h"
#include "core/model_files/model_file.h"

namespace headlight {
namespace {

const WeightNames gguf_names = {.embedding = "token_embd.weight",
                                .position_table = "position_embd.weight",
                                .ln_final = "output_norm.weight",
                                .ln1 = "blk.{l}.attn_norm.weight",
                                .ln2 = "blk.{l}.ffn_norm.weight",
                                .ln1_post = "blk.{l}.post_attention_norm.weight",
                                .ln2_post = "blk.{l}.post_ffw_norm.weight",
                                .q = "blk.{l}.attn_q.weight",
                                .k = "blk.{l}.attn_k.weight",
                                .v = "blk.{l}.attn_v.weight",
                                .o = "blk.{l}.attn_output.weight",
                                .q_norm = "blk.{l}.attn_q_norm.weight",
                                .k_norm = "blk.{l}.attn_k_norm.weight",
                                .in = "blk.{l}.ffn_up.weight",
                                .gate = "blk.{l}.ffn_gate.weight",
                                .out = "blk.{l}.ffn_down.weight",
                                .unembedding = "output.weight",
                                .rotary_divisors = "rope_freqs.weight"};

// Sizes, which every family names alike.
ArchitectureDescription sizes(const DescriptionKeys& keys) {
  keys.must_be_absent("expert_count");
  ArchitectureDescription a;
  a.layers = keys.count("block_count", 4096);
  a.d_model = keys.count("embedding_length", most_values);
  a.heads = keys.count("attention.head_count", 65536);
  a.kv_heads = keys.count_or("attention.head_count_kv", a.heads, a.heads);
  check_heads(keys, a, "attention.head_count_kv");
  if (!keys.has("attention.key_length") && a.d_model % a.heads != 0) {
    keys.refuse("attention.head_count",
                fmt::format("is {}, which does not divide the width {}", a.heads, a.d_model));
  }
  a.d_head = keys.count_or("attention.key_length", a.d_model / a.heads, most_values);
  if (keys.count_or("attention.value_length", a.d_head, most_values) != a.d_head) {
    keys.refuse("attention.value_length", "differs from the key length, which this version does not compute");
  }
  a.d_mlp = keys.count("feed_forward_length", most_values);
  a.context = keys.count("context_length", most_values);
  a.attention_scale = usual_attention_scale(static_cast<double>(a.d_head));
  a.tied_output = keys.file().find("output.weight") == nullptr;  // how GGUF says it
  return a;
}

Rotary rotary(const DescriptionKeys& keys, const ArchitectureDescription& a) {
  Rotary result;
  result.base = keys.positive_or("rope.freq_base", 10000.0);
  result.dimensions = keys.count_or("rope.dimension_count", a.d_head, a.d_head);
  if (result.dimensions % 2 != 0) keys.refuse("rope.dimension_count", "is odd, but dimensions turn in pairs");
  const std::string type = keys.text_or("rope.scaling.type", "none");
  if (type == "linear") {
    result.scaling = RotaryScaling::linear;
    result.factor = keys.positive("rope.scaling.factor");
  } else if (type == "yarn") {
    result.scaling = RotaryScaling::yarn;
    result.factor = keys.positive("rope.scaling.factor");
    result.original_context = keys.count_or("rope.scaling.original_context_length", a.context, most_values);
    result.beta_fast = keys.positive_or("rope.scaling.yarn_beta_fast", 32.0);
    result.beta_slow = keys.positive_or("rope.scaling.yarn_beta_slow", 1.0);
    result.magnitude = keys.positive_or("rope.scaling.attn_factor", 1.0) *
                       (result.factor <= 1.0 ? 1.0 : 0.1 * std::log(result.factor) + 1.0);
    keys.must_be_absent("rope.scaling.yarn_ext_factor");
    keys.must_be_absent("rope.scaling.yarn_attn_factor");
    keys.must_be_absent("rope.scaling.yarn_log_multiplier");
  } else if (type != "none") {
    keys.refuse("rope.scaling.type",
                fmt::format("is '{}'; this version computes none, linear and yarn", type));
  } else if (keys.has("rope.scale_linear")) {  // the older spelling
    result.scaling = RotaryScaling::linear;
    result.factor = keys.positive("rope.scale_linear");
  }
  return result;
}

void rms_norm(const DescriptionKeys& keys, ArchitectureDescription& a) {
  a.norm_epsilon = keys.positive("attention.layer_norm_rms_epsilon");
}

void layer_norm(const DescriptionKeys& keys, ArchitectureDescription& a) {
  a.norm = Norm::layer;
  a.norm_epsilon = keys.positive("attention.layer_norm_epsilon");
  a.attention_bias = a.attention_output_bias = a.mlp_bias = true;
  a.gated = false;
}

void all_layers_local(const DescriptionKeys& keys, ArchitectureDescription& a) {
  if (!keys.has("attention.sliding_window")) return;
  a.window = keys.count("attention.sliding_window", most_values);
  a.local_layers.assign(static_cast<std::size_t>(a.layers), true);
}

// Touvron et al. 2023; GGUF calls Mistral this too.
void describe_llama(const DescriptionKeys& keys, ModelPart& part) {
  ArchitectureDescription& a = part.architecture;
  keys.must_be_absent("attention.scale");
  keys.must_be_absent("logit_scale");
  keys.must_be_absent("residual_scale");
  keys.must_be_absent("embedding_scale");
  rms_norm(keys, a);
  a.rotary = a.local_rotary = rotary(keys, a);
  all_layers_local(keys, a);
  const ModelFile& file = keys.file();
  a.attention_bias = file.find("blk.0.attn_q.bias") != nullptr;  // GGUF has no key for it
  a.attention_output_bias = file.find("blk.0.attn_output.bias") != nullptr;
  a.mlp_bias = file.find("blk.0.ffn_up.bias") != nullptr;
  part.form.interleaved_rotary_rows = true;
}

void describe_gpt2(const DescriptionKeys& keys, ModelPart& part) {
  layer_norm(keys, part.architecture);
  part.architecture.positions = PositionTable::learned;
  part.architecture.activation = Activation::gelu_tanh;
  part.names.q = "blk.{l}.attn_qkv.weight";
  part.form.fused = FusedQkv::blocks;
}

void describe_gpt_neox(const DescriptionKeys& keys, ModelPart& part) {
  ArchitectureDescription& a = part.architecture;
  layer_norm(keys, a);
  a.activation = Activation::gelu;
  a.wiring = keys.flag_or("use_parallel_residual", true) ? Wiring::parallel : Wiring::sequential;
  a.rotary = a.local_rotary = rotary(keys, a);
  const ModelFile& file = keys.file();
  a.attention_bias = file.find("blk.0.attn_qkv.bias") != nullptr;  // GGUF has no key for it
  a.attention_output_bias = file.find("blk.0.attn_output.bias") != nullptr;
  part.names.q = "blk.{l}.attn_qkv.weight";
  part.form.fused = FusedQkv::blocks;
}

void describe_qwen2(const DescriptionKeys& keys, ModelPart& part) {
  ArchitectureDescription& a = part.architecture;
  rms_norm(keys, a);
  a.rotary = a.local_rotary = rotary(keys, a);
  keys.must_be_absent("attention.sliding_window");
  a.attention_bias = true;
}

void describe_qwen3(const DescriptionKeys& keys, ModelPart& part) {
  ArchitectureDescription& a = part.architecture;
  rms_norm(keys, a);
  a.rotary = a.local_rotary = rotary(keys, a);
  keys.must_be_absent("attention.sliding_window");
  a.query_key_norm = true;
  const ModelFile& file = keys.file();
  a.attention_bias = file.find("blk.0.attn_q.bias") != nullptr;  // GGUF has no key for it
  a.attention_output_bias = file.find("blk.0.attn_output.bias") != nullptr;
}

// GGUF does not store the scale of scores: the largest model of each generation uses the mean width of its
// heads, all others the key's (as llama.cpp tells them apart, by their number of layers).
void describe_gemma(const DescriptionKeys& keys, ModelPart& part, std::int64_t layers_of_largest) {
  ArchitectureDescription& a = part.architecture;
  rms_norm(keys, a);
  a.embedding_scale = std::sqrt(static_cast<double>(a.d_model));
  a.sandwich_norms = true;
  a.activation = Activation::gelu_tanh;
  if (a.layers == layers_of_largest) {
    a.attention_scale = usual_attention_scale(static_cast<double>(a.d_model) / static_cast<double>(a.heads));
  }
  a.rotary = a.local_rotary = rotary(keys, a);
}

// Every `pattern`th layer sees everything, the others a window.
void local_layers(ArchitectureDescription& a, std::int64_t window, std::int64_t pattern) {
  a.window = window;
  for (std::int64_t layer = 0; layer < a.layers; ++layer)
    a.local_layers.push_back((layer + 1) % pattern != 0);
}

void describe_gemma2(const DescriptionKeys& keys, ModelPart& part) {
  describe_gemma(keys, part, 46);
  ArchitectureDescription& a = part.architecture;
  a.attention_soft_cap = keys.positive_or("attn_logit_softcapping", 50.0);  // what the first files left out
  a.logit_soft_cap = keys.positive_or("final_logit_softcapping", 30.0);
  local_layers(a, keys.count_or("attention.sliding_window", 4096, most_values),
               keys.count_or("attention.sliding_window_pattern", 2, 4096));
}

void describe_gemma3(const DescriptionKeys& keys, ModelPart& part) {
  describe_gemma(keys, part, 62);
  part.architecture.query_key_norm = true;
  part.architecture.local_rotary.base = keys.positive_or("rope.freq_base_swa", 10000.0);
  part.architecture.local_rotary.scaling = RotaryScaling::none;
  part.architecture.local_rotary.factor = 1.0;
  if (keys.has("final_logit_softcapping")) {
    part.architecture.logit_soft_cap = keys.positive("final_logit_softcapping");
  }
  if (keys.has("attention.sliding_window")) {
    local_layers(part.architecture, keys.count("attention.sliding_window", most_values),
                 keys.count_or("attention.sliding_window_pattern", 6, 4096));
  }
}

struct Family {
  const char* name;
  void (*describe)(const DescriptionKeys& keys, ModelPart& part);
};

constexpr Family families[] = {
    {"llama", describe_llama},   {"gpt2", describe_gpt2},   {"gptneox", describe_gpt_neox},
    {"qwen2", describe_qwen2},   {"qwen3", describe_qwen3}, {"gemma2", describe_gemma2},
    {"gemma3", describe_gemma3},
};

// Llama 3.1's scaling is stored as what each frequency is divided by.
void read_divisors(const ModelFile& file, const std::string& name, Rotary& rotary) {
  const StoredTensor* stored = file.find(name);
  if (stored == nullptr || rotary.dimensions == 0) return;
  if (stored->shape != Shape{rotary.dimensions / 2}) {
    throw told<FileError>("{}: the tensor '{}' has shape {}, but {} dimensions turn in pairs.",
                          "{}: '{}' 텐서의 모양이 {}입니다. 쌍으로 회전하는 차원 {}개와 맞지 않습니다.",
                          file.path(), name, shape_text(stored->shape), rotary.dimensions);
  }
  std::vector<float> values(static_cast<std::size_t>(rotary.dimensions / 2));
  decode_row(stored->format, stored->bytes.data(), rotary.dimensions / 2, values.data());
  for (const float value : values) {
    if (!(value > 0.0F))
      throw told<FileError>("{}: the tensor '{}' holds {}.", "{}: '{}' 텐서에 쓸 수 없는 값이 있습니다: {}.",
                            file.path(), name, value);
    rotary.divisors.push_back(static_cast<double>(value));
  }
}

}  // namespace

std::vector<std::string> gguf_families() {
  std::vector<std::string> names;
  for (const Family& family : families) names.emplace_back(family.name);
  return names;
}

ModelDescription describe_gguf(const ModelFile& file) {
  const auto found = file.metadata().find("general.architecture");
  if (found == file.metadata().end() || !found->is_string()) {
    throw told<FileError>(
        "{}: the key 'general.architecture' is missing, so the file does not say what model it is.",
        "{}: 'general.architecture' 키가 없어 어떤 모델인지 알 수 없습니다.", file.path());
  }
  const auto& name = found->get_ref<const std::string&>();
  for (const Family& family : families) {
    if (family.name != name) continue;
    const DescriptionKeys keys(file, name + ".");
    ModelDescription description;
    ModelPart& part = description.main;
    part.architecture = sizes(keys);
    part.architecture.family = name;
    part.names = gguf_names;
    family.describe(keys, part);
    read_divisors(file, part.names.rotary_divisors, part.architecture.rotary);
    read_divisors(file, part.names.rotary_divisors, part.architecture.local_rotary);
    part.form.ignored = {part.names.rotary_divisors, "blk.*.attn_rot_embd"};
    return description;
  }
  throw told<FileError>("{}: the architecture '{}' is not known yet; this version computes: {}.",
                        "{}: 아직 모르는 아키텍처입니다: '{}'. 이 버전이 계산하는 것: {}.", file.path(), name,
                        fmt::format("{}", fmt::join(gguf_families(), ", ")));
}

ModelDescription describe_model(const ModelFile& file) {
  switch (file.kind()) {
    case ModelFileKind::gguf:
      return describe_gguf(file);
    case ModelFileKind::hugging_face:
      return describe_hugging_face(file);
  }
  throw std::logic_error("unknown kind of model file");
}

}  // namespace headlight

// The half of the table that reads config.json: which family, and what all of them share.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/model/architecture_table.h"
#include "core/model/description_keys.h"
#include "core/model/hugging_face_keys.h"
#include "core/model_files/model_file.h"

namespace headlight {
namespace {

struct Family {
  const char* model_type;
  ModelDescription (*describe)(const ModelFile& file, const std::string& model_type);
};

constexpr Family families[] = {
    {"gpt2", describe_decoder},         {"gpt_neox", describe_decoder},
    {"llama", describe_decoder},        {"mistral", describe_decoder},
    {"qwen2", describe_decoder},        {"qwen3", describe_decoder},
    {"gemma2", describe_decoder},       {"gemma3_text", describe_decoder},
    {"bert", describe_encoder},         {"roberta", describe_encoder},
    {"xlm-roberta", describe_encoder},  {"camembert", describe_encoder},
    {"distilbert", describe_encoder},   {"t5", describe_encoder_decoder},
    {"bart", describe_encoder_decoder}, {"marian", describe_encoder_decoder},
};

RotaryScaling scaling_named(const DescriptionKeys& keys, const std::string& name) {
  if (name == "default") return RotaryScaling::none;
  if (name == "linear") return RotaryScaling::linear;
  if (name == "dynamic") return RotaryScaling::dynamic;
  if (name == "yarn") return RotaryScaling::yarn;
  if (name == "llama3") return RotaryScaling::llama3;
  keys.refuse(
      "rope_type",
      in_both("is '{}'; the rotary scalings that this version computes are default, linear, dynamic, "
              "yarn and llama3",
              "'{}'인데, 이 버전이 계산하는 회전 위치 조정은 default, linear, dynamic, yarn, llama3입니다",
              name));
}

// Yarn's factor on cosine and sine. Source: Peng et al. 2023, section 3.4; the two mscales as in
// transformers.
double yarn_magnitude(const DescriptionKeys& keys, double factor) {
  if (keys.has("attention_factor")) return keys.positive("attention_factor");
  const auto grown = [&](double mscale) {
    return factor <= 1.0 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
  };
  const auto given = [&](const char* key) { return keys.has(key) && keys.at(key) != 0; };
  if (given("mscale") && given("mscale_all_dim")) {
    return grown(keys.positive("mscale")) / grown(keys.positive("mscale_all_dim"));
  }
  return grown(1.0);
}

void read_scaling(const DescriptionKeys& keys, std::int64_t context, Rotary& rotary) {
  keys.must_be_absent("mrope_section");
  rotary.scaling = scaling_named(keys, keys.text_or("rope_type", keys.text_or("type", "default")));
  if (rotary.scaling == RotaryScaling::none) return;
  const bool own_context = rotary.scaling == RotaryScaling::yarn || rotary.scaling == RotaryScaling::llama3;
  rotary.original_context =
      own_context ? keys.count_or("original_max_position_embeddings", context, most_values) : context;
  if (rotary.scaling == RotaryScaling::yarn && !keys.has("factor")) {
    rotary.factor = static_cast<double>(context) / static_cast<double>(rotary.original_context);
  } else {
    rotary.factor = keys.positive("factor");
  }
  if (rotary.scaling == RotaryScaling::yarn) {
    const auto turns = [&](const char* key, double otherwise) {
      return keys.has(key) && keys.at(key) == 0 ? otherwise : keys.positive_or(key, otherwise);
    };
    rotary.beta_fast = turns("beta_fast", 32.0);
    rotary.beta_slow = turns("beta_slow", 1.0);
    rotary.whole_dimensions = keys.flag_or("truncate", true);
    rotary.magnitude = yarn_magnitude(keys, rotary.factor);
  }
  if (rotary.scaling == RotaryScaling::llama3) {
    rotary.low_factor = keys.positive("low_freq_factor");
    rotary.high_factor = keys.positive("high_freq_factor");
    if (rotary.low_factor >= rotary.high_factor) {
      keys.refuse("high_freq_factor", "is not above low_freq_factor");
    }
  }
}

}  // namespace

Rotary read_rotary(const DescriptionKeys& config, const ArchitectureDescription& a, const RotaryKeys& names) {
  static const nlohmann::json nothing = nlohmann::json::object();
  Rotary rotary;
  const nlohmann::json* own = &nothing;
  std::string where;
  // Files of transformers 5 hold everything in rope_parameters; older ones have rope_scaling beside the base.
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    if (!config.has(key)) continue;
    const nlohmann::json* found = &config.at(key);
    if (!found->is_object()) config.refuse(key, "is not an object");
    if (found->empty()) continue;
    std::string path = std::string(key) + ".";
    if (found->contains("full_attention") || found->contains("sliding_attention")) {
      path += names.layer_type + ".";
      found = found->contains(names.layer_type) ? &found->at(names.layer_type) : &nothing;
      if (!found->is_object()) config.refuse(path, "is not an object");
    } else if (!names.scaled) {
      continue;  // one scaling for all: it is meant for the global layers
    }
    own = found;
    where = path;
  }
  const DescriptionKeys keys(config.file(), *own, where);
  rotary.base =
      keys.has("rope_theta") ? keys.positive("rope_theta") : config.positive_or(names.base, names.usual_base);
  const double fraction = keys.has("partial_rotary_factor")
                              ? keys.positive("partial_rotary_factor")
                              : config.positive_or(names.fraction, names.usual_fraction);
  if (fraction > 1.0) config.refuse(names.fraction, fmt::format("is {}, more than the whole head", fraction));
  if (fraction != 1.0 && names.usual_fraction == 1.0) {
    config.refuse(names.fraction, fmt::format("is {}, but heads of this family turn as a whole", fraction));
  }
  rotary.dimensions = static_cast<std::int64_t>(static_cast<double>(a.d_head) * fraction);
  if (rotary.dimensions % 2 != 0 || rotary.dimensions == 0) {
    config.refuse(names.fraction,
                  fmt::format("gives {} of the {} dimensions of a head, but they turn in pairs",
                              rotary.dimensions, a.d_head));
  }
  read_scaling(keys, a.context, rotary);
  if (rotary.scaling == RotaryScaling::dynamic && rotary.dimensions <= 2) {
    config.refuse("rope_type", "is 'dynamic', which needs heads of more than two dimensions");
  }
  return rotary;
}

std::vector<bool> read_layer_types(const DescriptionKeys& config, std::int64_t layers) {
  const nlohmann::json& types = config.at("layer_types");
  if (!types.is_array() || static_cast<std::int64_t>(types.size()) != layers) {
    config.refuse("layer_types", fmt::format("does not name a type for each of the {} layers", layers));
  }
  std::vector<bool> local;
  for (const nlohmann::json& type : types) {
    if (type != "full_attention" && type != "sliding_attention") {
      config.refuse("layer_types",
                    "holds " + type.dump() + "; this version computes full_attention and sliding_attention");
    }
    local.push_back(type == "sliding_attention");
  }
  return local;
}

std::string model_class(const DescriptionKeys& config) {
  if (!config.has("architectures")) return "";
  const nlohmann::json& classes = config.at("architectures");
  if (!classes.is_array() || classes.empty()) return "";
  if (!classes.front().is_string()) config.refuse("architectures", "does not hold names");
  return classes.front().get<std::string>();
}

bool is_tied(const DescriptionKeys& config, bool usual, const std::string& output,
             const std::string& embedding) {
  const bool tied = config.flag_or("tie_word_embeddings", usual);
  if (config.file().tensors().empty()) return tied;  // the description of a model that is yet to be made
  const StoredTensor* own = config.file().find(output);
  if (own == nullptr && !tied) {
    config.refuse("tie_word_embeddings",
                  in_both("is false, but there is no tensor '{}'; the model is incomplete",
                          "false인데 '{}' 텐서가 없습니다. 모델이 온전하지 않습니다", output));
  }
  if (own == nullptr) return true;
  const StoredTensor* table = config.file().find(embedding);
  return table != nullptr && own->format == table->format && own->shape == table->shape &&
         std::equal(own->bytes.begin(), own->bytes.end(), table->bytes.begin(), table->bytes.end());
}

std::string name_prefix(const ModelFile& file, const std::string& prefix, const std::string& embedding) {
  return file.find(prefix + embedding) == nullptr && file.find(embedding) != nullptr ? "" : prefix;
}

std::vector<std::string> hugging_face_families() {
  std::vector<std::string> names;
  for (const Family& family : families) names.emplace_back(family.model_type);
  return names;
}

ModelDescription describe_hugging_face(const ModelFile& file) {
  const DescriptionKeys config(file, "");
  config.must_be_absent("quantization_config");
  const std::string model_type = config.text("model_type");
  for (const Family& family : families) {
    if (family.model_type == model_type) return family.describe(file, model_type);
  }
  if (model_type == "gru") {
    throw told<FileError>(
        "{} is a recurrent network: it has no attention and no blocks to draw. `headlight next` and "
        "`headlight generate` run it, and the view Learning trains one beside a transformer.",
        "{}: 순환 신경망이라 그릴 어텐션과 블록이 없습니다. `headlight next`와 `headlight generate`로 실행할 "
        "수 있고, 학습 보기에서 트랜스포머와 나란히 학습시킬 수 있습니다.",
        file.path());
  }
  throw told<FileError>("{}: the model type '{}' is not known; this version computes: {}.",
                        "{}: 모르는 모델 종류입니다: '{}'. 이 버전이 계산하는 것: {}.", file.path(),
                        model_type, fmt::format("{}", fmt::join(hugging_face_families(), ", ")));
}

}  // namespace headlight

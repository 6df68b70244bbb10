// About forty lines a family. Adding a family is adding an entry here.
#include "core/model/architecture_table.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/errors.h"
#include "core/model_files/model_file.h"

namespace headlight {
namespace {

// Reads one family's metadata keys ("llama.block_count") with checks.
class Keys {
 public:
  Keys(const ModelFile& file, std::string family) : file_(file), family_(std::move(family)) {}

  bool has(const std::string& key) const { return file_.metadata().contains(family_ + "." + key); }

  std::int64_t count(const std::string& key, std::int64_t largest) const {
    const nlohmann::json& value = at(key);
    if (!value.is_number_integer()) refuse(key, "is not a whole number");
    const bool too_large =
        value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(largest);
    const std::int64_t number = too_large ? 0 : value.get<std::int64_t>();
    if (number < 1 || number > largest)
      refuse(key, fmt::format("is {}, but must be from 1 to {}", value.dump(), largest));
    return number;
  }

  std::int64_t count_or(const std::string& key, std::int64_t otherwise, std::int64_t largest) const {
    return has(key) ? count(key, largest) : otherwise;
  }

  double positive(const std::string& key) const {
    const nlohmann::json& value = at(key);
    const double number = value.is_number() ? value.get<double>() : -1.0;
    if (!std::isfinite(number) || number <= 0.0) refuse(key, "is not a positive number");
    return number;
  }

  double positive_or(const std::string& key, double otherwise) const {
    return has(key) ? positive(key) : otherwise;
  }

  // A key whose presence changes the result in a way that is not computed here.
  void must_be_absent(const std::string& key) const {
    if (has(key))
      refuse(key, "changes the result, and this version does not compute it; use a model without it");
  }

  [[noreturn]] void refuse(const std::string& key, const std::string& reason) const {
    throw FileError(fmt::format("{}: the key '{}.{}' {}.", file_.path(), family_, key, reason));
  }

 private:
  const nlohmann::json& at(const std::string& key) const {
    if (!has(key)) refuse(key, "is missing; the file is not a complete " + family_ + " model");
    return file_.metadata().at(family_ + "." + key);
  }

  const ModelFile& file_;
  std::string family_;
};

constexpr std::int64_t most = std::int64_t{1} << 24;  // no axis of a known model comes near

// Touvron et al. 2023: RMSNorm, rotary positions, SwiGLU, grouped heads (Ainslie et al. 2023).
ArchitectureDescription describe_llama(const ModelFile& file) {
  const Keys keys(file, "llama");
  keys.must_be_absent("expert_count");
  if (keys.has("rope.scaling.type") && file.metadata().at("llama.rope.scaling.type") != "none") {
    keys.must_be_absent("rope.scaling.type");
  }
  keys.must_be_absent("attention.sliding_window");
  keys.must_be_absent("attention.scale");
  keys.must_be_absent("logit_scale");
  ArchitectureDescription a;
  a.family = "llama";
  a.layers = keys.count("block_count", 4096);
  a.d_model = keys.count("embedding_length", most);
  a.heads = keys.count("attention.head_count", 65536);
  a.kv_heads = keys.count_or("attention.head_count_kv", a.heads, a.heads);
  if (a.heads % a.kv_heads != 0) {
    keys.refuse("attention.head_count_kv",
                fmt::format("is {}, which does not divide the {} heads", a.kv_heads, a.heads));
  }
  if (!keys.has("attention.key_length") && a.d_model % a.heads != 0) {
    keys.refuse("attention.head_count",
                fmt::format("is {}, which does not divide the width {}", a.heads, a.d_model));
  }
  a.d_head = keys.count_or("attention.key_length", a.d_model / a.heads, most);
  if (keys.count_or("attention.value_length", a.d_head, most) != a.d_head) {
    keys.refuse("attention.value_length", "differs from the key length, which this version does not compute");
  }
  a.d_mlp = keys.count("feed_forward_length", most);
  a.context = keys.count("context_length", most);
  a.norm = Norm::rms;
  a.norm_epsilon = keys.positive("attention.layer_norm_rms_epsilon");
  a.rotary_base = keys.positive_or("rope.freq_base", 10000.0);
  a.rotary_dimensions = keys.count_or("rope.dimension_count", a.d_head, a.d_head);
  if (a.rotary_dimensions % 2 != 0)
    keys.refuse("rope.dimension_count", "is odd, but dimensions turn in pairs");
  a.attention_scale = 1.0 / std::sqrt(static_cast<double>(a.d_head));
  a.activation = Activation::silu;
  a.tied_output = file.find("output.weight") == nullptr;  // how GGUF says it: no output layer of its own
  return a;
}

const ArchitectureEntry entries[] = {
    {"llama",
     describe_llama,
     {.embedding = "token_embd.weight",
      .ln_final = "output_norm.weight",
      .unembedding = "output.weight",
      .ln1 = "blk.{l}.attn_norm.weight",
      .ln2 = "blk.{l}.ffn_norm.weight",
      .q = "blk.{l}.attn_q.weight",
      .k = "blk.{l}.attn_k.weight",
      .v = "blk.{l}.attn_v.weight",
      .o = "blk.{l}.attn_output.weight",
      .gate = "blk.{l}.ffn_gate.weight",
      .in = "blk.{l}.ffn_up.weight",
      .out = "blk.{l}.ffn_down.weight"},
     /*interleaved_rotary_rows=*/true},
};

}  // namespace

const ArchitectureEntry& architecture_entry(const ModelFile& file) {
  const auto found = file.metadata().find("general.architecture");
  if (found == file.metadata().end() || !found->is_string()) {
    throw FileError(
        file.path() +
        ": the key 'general.architecture' is missing, so the file does not say what model it is.");
  }
  std::string known;
  for (const ArchitectureEntry& entry : entries) {
    if (entry.family == found->get_ref<const std::string&>()) return entry;
    known += (known.empty() ? "" : ", ") + entry.family;
  }
  throw FileError(fmt::format("{}: the architecture '{}' is not known yet; this version computes: {}.",
                              file.path(), found->get_ref<const std::string&>(), known));
}

}  // namespace headlight

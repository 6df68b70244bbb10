// A sentence that is not true of every model has variants: its key, a dot, and which.
#include "gui/views/hook_words.h"

#include <stdexcept>

#include "core/forward/derived_values.h"
#include "gui/strings.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

// Which variant of a hook's sentence holds; empty: the plain one.
std::string variant_of(const ArchitectureDescription& a, Hook hook) {
  const bool behind = a.wiring == Wiring::post_norm;
  const bool layer_norm = a.norm == Norm::layer;
  switch (hook) {
    case Hook::ln_embed_scale:
    case Hook::ln1_scale:
    case Hook::ln1_post_scale:
    case Hook::ln_cross_scale:
    case Hook::ln2_scale:
    case Hook::ln2_post_scale:
    case Hook::ln_final_scale:
    case Hook::mlm_head_scale:
      return layer_norm ? "layer" : "";
    case Hook::ln1_normalized:
    case Hook::ln_cross_normalized:
    case Hook::ln2_normalized:
      return behind ? "behind" : layer_norm ? "layer" : "";
    case Hook::ln_final_normalized:
      return has_hook(Hook::logits, a) ? "" : "state";
    case Hook::q:
    case Hook::k:
      return has_hook(Hook::rot_q, a) ? "" : "plain";
    case Hook::z:
      return a.causal ? "" : "both";
    case Hook::attn_scores:
      return a.relative_buckets > 0 ? "bias" : a.attention_soft_cap > 0.0 ? "cap" : "";
    case Hook::attn_out:
    case Hook::mlp_out:
      return a.sandwich_norms ? "sandwich" : "";
    case Hook::resid_pre:
    case Hook::resid_mid:
    case Hook::resid_mid_cross:
      return behind ? "behind" : "";
    case Hook::resid_post:
      return behind ? "behind" : "";
    case Hook::mlp_pre:
    case Hook::mlp_post:
      return a.gated ? "" : "plain";
    case Hook::logits:
      return a.head == OutputHead::masked_lm ? "masked" : "";
    case Hook::embed:
      return a.embedding_scale != 1.0 ? "scaled" : "";
    default:
      return {};
  }
}

}  // namespace

std::string token_words(const Trace& trace, TokenId id) {
  const Tokenizer* tokenizer = trace.model().tokenizer.get();
  if (tokenizer == nullptr || id < 0 || id >= tokenizer->vocabulary_size()) return {};
  return token_piece(tokenizer->bytes(id));
}

const Trace* trace_of_value(const Trace& trace, const ValueReference& at) {
  return at.in_encoder ? trace.source().get() : &trace;
}

std::string value_name(const Trace& trace, const ValueReference& at) {
  const char* stack = at.in_encoder ? "encoder." : trace.source() ? "decoder." : "";
  return stack + hook_name(at.hook, at.layer);
}

std::string stream_name(const Trace& trace, std::int64_t blocks) {
  const HookPlace place = stream_place(trace.model().architecture, blocks);
  return value_name(trace, {place.hook, place.layer, {}});
}

Shape value_shape(const Trace& trace, const ValueReference& at) {
  const Trace* in = trace_of_value(trace, at);
  if (in == nullptr) return {};
  return hook_shape(at.hook, in->model().architecture, in->positions(),
                    in->source() ? in->source()->positions() : 0);
}

std::string hook_sentence_key(const ArchitectureDescription& architecture, Hook hook) {
  std::string key(hook_info(hook).sentence);
  const std::string variant = variant_of(architecture, hook);
  return variant.empty() ? key : key + "." + variant;
}

const std::string& hook_sentence(const ArchitectureDescription& architecture, Hook hook) {
  return text(hook_sentence_key(architecture, hook));
}

std::string part_name(const ArchitectureDescription& a, Hook hook) {
  std::string key(hook_info(hook).sentence);
  key.replace(0, key.find('.'), "flow.part");
  const std::string norm = norm_name(a.norm), activation = activation_name(a.activation);
  const bool is_norm = hook == Hook::ln1_normalized || hook == Hook::ln2_normalized;
  if (is_norm && a.wiring == Wiring::post_norm) key += ".behind";
  if ((hook == Hook::mlp_pre || hook == Hook::mlp_post) && !a.gated) key += ".plain";
  if ((hook == Hook::attn_out || hook == Hook::mlp_out) && a.sandwich_norms) key += ".sandwich";
  return format_text(key, fmt::arg("norm", norm), fmt::arg("activation", activation));
}

std::string norm_name(Norm norm) { return norm == Norm::layer ? "LayerNorm" : "RMSNorm"; }

std::string activation_name(Activation activation) {
  switch (activation) {
    case Activation::silu:
      return "SiLU";
    case Activation::gelu:
    case Activation::gelu_tanh:
      return "GELU";
    case Activation::relu:
      return "ReLU";
    case Activation::tanh:
      return "tanh";
  }
  throw std::logic_error("unknown activation");
}

}  // namespace headlight

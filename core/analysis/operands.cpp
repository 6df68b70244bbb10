// Each hook's formula, written once more in double and in the plainest order; the operations are those of
// core/forward/forward_pass.cpp and core/backends/cpu_reference.cpp, which cite the papers. The formulas
// themselves are in operands_stream, operands_attention and operands_output.
#include "core/analysis/operands.h"

#include <cmath>
#include <stdexcept>

#include "core/analysis/operand_terms.h"
#include "core/forward/derived_values.h"

namespace headlight {
namespace {

Operands formula_of(const OperandCell& cell) {
  switch (cell.at.hook) {
    case Hook::embed:
    case Hook::pos_embed:
    case Hook::token_type_embed:
    case Hook::ln_embed_scale:
    case Hook::ln_embed_normalized:
    case Hook::resid_pre:
    case Hook::ln1_scale:
    case Hook::ln1_normalized:
    case Hook::ln1_post_scale:
    case Hook::resid_mid:
    case Hook::ln_cross_scale:
    case Hook::ln_cross_normalized:
    case Hook::resid_mid_cross:
    case Hook::ln2_scale:
    case Hook::ln2_normalized:
    case Hook::ln2_post_scale:
    case Hook::resid_post:
    case Hook::ln_final_scale:
    case Hook::ln_final_normalized:
    case Hook::mlm_head_scale:
    case Hook::mlm_head_normalized:
      return stream_operands(cell);
    case Hook::q_norm_scale:
    case Hook::k_norm_scale:
    case Hook::q:
    case Hook::k:
    case Hook::v:
    case Hook::rot_q:
    case Hook::rot_k:
    case Hook::attn_scores:
    case Hook::pattern:
    case Hook::z:
    case Hook::attn_out_raw:
    case Hook::attn_out:
    case Hook::cross_q:
    case Hook::cross_k:
    case Hook::cross_v:
    case Hook::cross_attn_scores:
    case Hook::cross_pattern:
    case Hook::cross_z:
    case Hook::cross_attn_out:
      return attention_operands(cell);
    case Hook::mlp_pre:
    case Hook::mlp_pre_linear:
    case Hook::mlp_post:
    case Hook::mlp_out_raw:
    case Hook::mlp_out:
      return mlp_operands(cell);
    case Hook::mlm_head_pre:
    case Hook::mlm_head_post:
    case Hook::logits:
    case Hook::pooler_pre:
    case Hook::pooler_post:
    case Hook::class_logits:
    case Hook::sentence_embedding:
      return output_operands(cell);
  }
  throw std::logic_error("unknown hook");
}

// Which of the two kinds of attention a map belongs to.
bool is_cross_map(Hook hook) { return hook == Hook::cross_attn_scores || hook == Hook::cross_pattern; }

// An attention map that was not kept, and an index that it would have.
bool can_be_derived(const OperandCell& cell) {
  if (!is_attention_map(cell.at.hook) || cell.has(cell.at.hook)) return false;
  const AttentionHooks hooks = attention_hooks(cell.a, is_cross_map(cell.at.hook));
  const auto within = [](std::int64_t index, std::int64_t count) { return index >= 0 && index < count; };
  if (std::isnan(cell.a.attention_scale)) return false;  // of a trace from a file: how is not known
  return cell.has(hooks.q) && cell.has(hooks.k) && within(cell.at.index[0], cell.a.heads) &&
         within(cell.at.index[1], cell.trace.positions()) &&
         within(cell.at.index[2], attention_keys(cell.trace, is_cross_map(cell.at.hook)));
}

}  // namespace

std::optional<double> value_of(const Trace& trace, const ValueReference& at) {
  if (const auto value = captured_number(trace, at)) return value;
  const Trace* in = trace_of(trace, at);
  if (in == nullptr) return std::nullopt;
  const OperandCell cell{trace, *in, in->model().architecture, at, 1};
  if (!can_be_derived(cell)) return std::nullopt;
  return formula_of(cell).recomputed;
}

std::optional<Operands> operands_of(const Trace& trace, const ValueReference& at, std::size_t most) {
  const Trace* in = trace_of(trace, at);
  if (in == nullptr) return std::nullopt;
  const OperandCell cell{trace, *in, in->model().architecture, at, most};
  const std::optional<double> value = captured_number(trace, at);
  if (!value && !can_be_derived(cell)) return std::nullopt;
  Operands result = formula_of(cell);
  result.value = value.value_or(result.recomputed);
  result.captured = value.has_value();
  return result;
}

}  // namespace headlight

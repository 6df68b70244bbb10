// THE forward pass: from tokens to logits, the same steps for every model, in the order of the hook table.
// Read it beside Vaswani et al. 2017 and, for this wiring (RMSNorm, rotary, SwiGLU), Touvron et al. 2023.
// Every named value goes through the door, and the pass goes on with what the door gives back.
#include "core/forward/forward_pass.h"

#include <algorithm>
#include <span>
#include <stdexcept>

namespace headlight {
namespace {

// What all steps of one pass share.
struct Pass {
  const Model& model;
  const ArchitectureDescription& architecture;
  Backend& backend;
  Door& door;
  const Trace* prefix;          // keys and values of the positions before first_position
  std::int64_t first_position;  // row 0 of every [pos, ...] tensor stands here
};

// [pos, d_model] -> [pos, d_model], through the hooks of its scale and of its result.
Tensor normalize(const Pass& pass, const Tensor& x, const Tensor& gain, Hook scale_hook, Hook normalized_hook,
                 std::int64_t layer) {
  switch (pass.architecture.norm) {
    case Norm::rms: {
      const Tensor scale =
          pass.door.pass(scale_hook, layer, pass.backend.rms_scale(x, pass.architecture.norm_epsilon));
      return pass.door.pass(normalized_hook, layer, pass.backend.scaled_by(x, scale, gain));
    }
  }
  throw std::logic_error("unknown norm");
}

// x·W, split into heads: [pos, d_model] -> [pos, head, d_head].
Tensor project_heads(const Pass& pass, const Tensor& x, const Weight& weight, std::int64_t heads) {
  return pass.backend.linear(x, weight).reshaped({x.axis(0), heads, pass.architecture.d_head});
}

// The keys (or values) of all positions: those of the prefix, then the new ones. [pos, kv_head, d_head]
Tensor with_prefix(const Pass& pass, Hook hook, std::int64_t layer, const Tensor& fresh) {
  if (pass.first_position == 0) return fresh;
  Shape shape = fresh.shape();
  shape[0] += pass.first_position;
  Tensor all(std::move(shape));
  const std::int64_t row = fresh.size() / fresh.axis(0);
  float* values = all.writable();
  std::copy_n(pass.prefix->at(hook, layer).data(), pass.first_position * row, values);
  std::copy_n(fresh.data(), fresh.size(), values + pass.first_position * row);
  return all;
}

// Who looks at whom, and what it brings back: normalised stream [pos, d_model] -> z [pos, head, d_head].
Tensor attention(const Pass& pass, std::int64_t layer, const BlockWeights& weights,
                 const Tensor& normalized) {
  const ArchitectureDescription& a = pass.architecture;
  Backend& backend = pass.backend;
  Door& door = pass.door;

  const Tensor q = door.pass(Hook::q, layer, project_heads(pass, normalized, weights.w_q, a.heads));
  const Tensor k = door.pass(Hook::k, layer, project_heads(pass, normalized, weights.w_k, a.kv_heads));
  const Tensor v = door.pass(Hook::v, layer, project_heads(pass, normalized, weights.w_v, a.kv_heads));
  const Tensor rot_q = door.pass(Hook::rot_q, layer,
                                 backend.rotate(q, pass.first_position, a.rotary_base, a.rotary_dimensions));
  const Tensor rot_k = door.pass(Hook::rot_k, layer,
                                 backend.rotate(k, pass.first_position, a.rotary_base, a.rotary_dimensions));

  const Tensor keys = with_prefix(pass, Hook::rot_k, layer, rot_k);
  const Tensor values = with_prefix(pass, Hook::v, layer, v);
  Tensor z;
  if (door.needs_attention_maps(layer)) {
    const Tensor scores =
        door.pass(Hook::attn_scores, layer,
                  backend.attention_scores(rot_q, keys, a.attention_scale, pass.first_position));
    const Tensor pattern = door.pass(Hook::pattern, layer, backend.softmax(scores));
    z = backend.mix_values(pattern, values);
  } else {
    z = backend.attend(rot_q, keys, values, a.attention_scale, pass.first_position);
  }
  return door.pass(Hook::z, layer, std::move(z));
}

// The gated MLP: [pos, d_model] -> [pos, d_model]. Source: Shazeer 2020 (SwiGLU).
Tensor mlp(const Pass& pass, std::int64_t layer, const BlockWeights& weights, const Tensor& normalized) {
  Backend& backend = pass.backend;
  Door& door = pass.door;
  const Tensor gate = door.pass(Hook::mlp_pre, layer, backend.linear(normalized, weights.w_gate));
  const Tensor linear = door.pass(Hook::mlp_pre_linear, layer, backend.linear(normalized, weights.w_in));
  const Tensor post = door.pass(
      Hook::mlp_post, layer, backend.multiply(backend.activate(gate, pass.architecture.activation), linear));
  return door.pass(Hook::mlp_out, layer, backend.linear(post, weights.w_out));
}

// One block: the stream [pos, d_model] goes in, and comes out with what attention and MLP added to it.
Tensor block(const Pass& pass, std::int64_t layer, Tensor stream) {
  const BlockWeights& weights = pass.model.blocks[static_cast<std::size_t>(layer)];
  Backend& backend = pass.backend;
  Door& door = pass.door;

  stream = door.pass(Hook::resid_pre, layer, std::move(stream));
  const Tensor reads =
      normalize(pass, stream, weights.ln1_gain, Hook::ln1_scale, Hook::ln1_normalized, layer);
  const Tensor z = attention(pass, layer, weights, reads);
  const Tensor all_heads = z.reshaped({z.axis(0), z.axis(1) * z.axis(2)});
  const Tensor attention_out = door.pass(Hook::attn_out, layer, backend.linear(all_heads, weights.w_o));
  stream = door.pass(Hook::resid_mid, layer, backend.add(stream, attention_out));

  const Tensor mlp_reads =
      normalize(pass, stream, weights.ln2_gain, Hook::ln2_scale, Hook::ln2_normalized, layer);
  return door.pass(Hook::resid_post, layer, backend.add(stream, mlp(pass, layer, weights, mlp_reads)));
}

}  // namespace

Tensor forward_pass(const Model& model, Backend& backend, const std::vector<TokenId>& tokens, Door& door,
                    const Trace* prefix, std::int64_t first_position) {
  const ArchitectureDescription& architecture = model.architecture;
  const auto positions = static_cast<std::int64_t>(tokens.size());
  if (first_position < 0 || first_position >= positions || positions > architecture.context ||
      (first_position > 0 && prefix == nullptr)) {
    throw std::logic_error("positions " + std::to_string(first_position) + " to " +
                           std::to_string(positions) + " cannot be computed in a context of " +
                           std::to_string(architecture.context));
  }
  const Pass pass{model, architecture, backend, door, prefix, first_position};

  const std::span<const TokenId> fresh = std::span(tokens).subspan(static_cast<std::size_t>(first_position));
  Tensor stream = door.pass(Hook::embed, 0, backend.embed(model.embedding, fresh));
  for (std::int64_t layer = 0; layer < architecture.layers; ++layer) {
    stream = block(pass, layer, std::move(stream));
  }
  const Tensor final_state =
      normalize(pass, stream, model.ln_final_gain, Hook::ln_final_scale, Hook::ln_final_normalized, 0);
  return door.pass(Hook::logits, 0, backend.linear(final_state, model.unembedding));
}

}  // namespace headlight

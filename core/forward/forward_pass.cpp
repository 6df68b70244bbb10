// THE forward pass: from tokens to logits, the same steps for every model, in the order of the hook table.
// Read it beside Vaswani et al. 2017; a description (core/model/architecture.h) says which parts a model has.
// Every named value goes through the door, and the pass goes on with what the door gives back.
#include "core/forward/forward_pass.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>

#include "core/forward/relative_bias.h"

namespace headlight {
namespace {

// What all steps of one pass share.
struct Pass {
  const Model& model;
  const ArchitectureDescription& architecture;
  Backend& backend;
  Door& door;
  const ForwardPlace& place;
  std::int64_t positions;             // of the whole text
  std::int64_t first_position;        // row 0 of every [pos, ...] tensor stands here
  Rotation rotation, local_rotation;  // of the global and of the local layers
  Tensor position_bias;               // [head, query, key] or empty
  std::int64_t runs = 1;              // side by side: forward_blocks()
};

// [pos, width] -> [pos, width], through the hooks of its scale and of its result.
Tensor normalize(const Pass& pass, const Tensor& x, const NormWeights& weights, Hook scale_hook,
                 Hook normalized_hook, std::int64_t layer) {
  const Norm norm = pass.architecture.norm;
  const Tensor scale =
      pass.door.pass(scale_hook, layer, pass.backend.norm_scale(x, norm, pass.architecture.norm_epsilon));
  return pass.door.pass(normalized_hook, layer,
                        pass.backend.normalized(x, scale, norm, weights.gain, weights.bias));
}

// x·W + b, split into heads: [pos, d_model] -> [pos, head, d_head]. Heads of several runs lie beside each
// other, as if they were one run's: grouped or not, each finds its own keys.
Tensor project_heads(const Pass& pass, const Tensor& x, const Weight& weight, const Tensor& bias) {
  const std::int64_t d_head = pass.architecture.d_head;
  return pass.backend.linear(x, weight, bias)
      .reshaped({x.axis(0) / pass.runs, pass.runs * weight.rows / d_head, d_head});
}

// An RMSNorm over each head's own vector. Source: Henry et al. 2020; the gain is shared by all heads.
Tensor normalize_heads(const Pass& pass, const Tensor& x, const Tensor& gain, Hook scale_hook,
                       std::int64_t layer) {
  if (gain.empty()) return x;
  const std::int64_t heads = x.axis(1);
  const Tensor rows = x.reshaped({x.axis(0) * heads, x.axis(2)});
  const Tensor scale = pass.backend.norm_scale(rows, Norm::rms, pass.architecture.norm_epsilon);
  const Tensor kept = pass.door.pass(scale_hook, layer, scale.reshaped({x.axis(0), heads, 1}));
  return pass.backend.normalized(rows, kept.reshaped({rows.axis(0), 1}), Norm::rms, gain, Tensor())
      .reshaped(x.shape());
}

// The keys (or values) of all positions: those of the prefix, then the new ones. [pos, kv_head, d_head]
TensorRows with_prefix(const Pass& pass, Hook hook, std::int64_t layer, const Tensor& fresh) {
  if (pass.first_position == 0) return fresh;
  std::vector<Tensor> rows = pass.place.prefix->leading_rows(hook, layer, pass.first_position);
  rows.push_back(fresh);
  return TensorRows(std::move(rows));
}

// Whom each query looks at, and what that brings back: q [pos, head, d_head] -> z [pos, head, d_head].
Tensor look(const Pass& pass, std::int64_t layer, const Tensor& q, const TensorRows& keys,
            const TensorRows& values, const AttentionRule& rule, const Tensor& bias, Hook scores_hook,
            Hook pattern_hook, Hook z_hook) {
  Backend& backend = pass.backend;
  Door& door = pass.door;
  switch (door.maps_needed(layer)) {
    case MapsNeeded::none:
      return door.pass(z_hook, layer, backend.attend(q, keys, values, rule, bias));
    case MapsNeeded::pattern: {
      Backend::Attention attention = backend.attend_with_pattern(q, keys, values, rule, bias);
      door.pass(pattern_hook, layer, std::move(attention.pattern));
      return door.pass(z_hook, layer, std::move(attention.z));
    }
    case MapsNeeded::scores_and_pattern: {
      const Tensor scores = door.pass(scores_hook, layer, backend.attention_scores(q, keys, rule, bias));
      const Tensor pattern = door.pass(pattern_hook, layer, backend.softmax(scores));
      return door.pass(z_hook, layer, backend.mix_values(pattern, values));
    }
  }
  throw std::logic_error("unknown need of attention maps");
}

// All heads' results, one behind the other, through W_O: [pos, head, d_head] -> [pos, d_model].
Tensor join_heads(const Pass& pass, const AttentionWeights& weights, const Tensor& z) {
  return pass.backend.linear(z.reshaped({z.axis(0) * pass.runs, z.axis(1) / pass.runs * z.axis(2)}),
                             weights.w_o, weights.b_o);
}

// What attention adds to the stream: [pos, d_model] -> [pos, d_model].
Tensor attention(const Pass& pass, std::int64_t layer, const BlockWeights& block, const Tensor& reads) {
  const ArchitectureDescription& a = pass.architecture;
  const AttentionWeights& weights = block.attention;
  Backend& backend = pass.backend;
  Door& door = pass.door;

  Tensor q = project_heads(pass, reads, weights.w_q, weights.b_q);
  Tensor k = project_heads(pass, reads, weights.w_k, weights.b_k);
  q = door.pass(Hook::q, layer, normalize_heads(pass, q, weights.q_norm, Hook::q_norm_scale, layer));
  k = door.pass(Hook::k, layer, normalize_heads(pass, k, weights.k_norm, Hook::k_norm_scale, layer));
  const Tensor v = door.pass(Hook::v, layer, project_heads(pass, reads, weights.w_v, weights.b_v));
  if (has_hook(Hook::rot_q, a)) {
    const Rotation& rotation = a.is_local(layer) ? pass.local_rotation : pass.rotation;
    q = door.pass(Hook::rot_q, layer, backend.rotate(q, pass.first_position, rotation));
    k = door.pass(Hook::rot_k, layer, backend.rotate(k, pass.first_position, rotation));
  }
  const AttentionRule rule = {.scale = a.attention_scale_of(layer),
                              .first_position = pass.first_position,
                              .causal = a.causal,
                              .window = a.window_of(layer),
                              .soft_cap = a.attention_soft_cap};
  const Tensor z =
      look(pass, layer, q, with_prefix(pass, key_hook(a), layer, k), with_prefix(pass, Hook::v, layer, v),
           rule, pass.position_bias, Hook::attn_scores, Hook::pattern, Hook::z);
  Tensor out = join_heads(pass, weights, z);
  if (a.sandwich_norms) {
    out = door.pass(Hook::attn_out_raw, layer, std::move(out));
    return normalize(pass, out, block.ln1_post, Hook::ln1_post_scale, Hook::attn_out, layer);
  }
  return door.pass(Hook::attn_out, layer, std::move(out));
}

// The same to the encoder's last state [source, d_model], of which every query sees all.
Tensor cross_attention(const Pass& pass, std::int64_t layer, const AttentionWeights& weights,
                       const Tensor& reads) {
  Door& door = pass.door;
  const Tensor& source = pass.place.source_state;
  const Tensor q = door.pass(Hook::cross_q, layer, project_heads(pass, reads, weights.w_q, weights.b_q));
  const Tensor k = door.pass(Hook::cross_k, layer, project_heads(pass, source, weights.w_k, weights.b_k));
  const Tensor v = door.pass(Hook::cross_v, layer, project_heads(pass, source, weights.w_v, weights.b_v));
  const AttentionRule rule = {.scale = pass.architecture.attention_scale_of(layer), .causal = false};
  const Tensor z =
      look(pass, layer, q, k, v, rule, Tensor(), Hook::cross_attn_scores, Hook::cross_pattern, Hook::cross_z);
  return door.pass(Hook::cross_attn_out, layer, join_heads(pass, weights, z));
}

// What the MLP adds to the stream: [pos, d_model] -> [pos, d_model]. Gated: Shazeer 2020.
Tensor mlp(const Pass& pass, std::int64_t layer, const BlockWeights& weights, const Tensor& reads) {
  const ArchitectureDescription& a = pass.architecture;
  Backend& backend = pass.backend;
  Door& door = pass.door;
  const Tensor pre = door.pass(Hook::mlp_pre, layer,
                               a.gated ? backend.linear(reads, weights.w_gate, weights.b_gate)
                                       : backend.linear(reads, weights.w_in, weights.b_in));
  Tensor active = backend.activate(pre, a.activation);
  if (a.gated) {
    const Tensor linear =
        door.pass(Hook::mlp_pre_linear, layer, backend.linear(reads, weights.w_in, weights.b_in));
    active = backend.multiply(active, linear);
  }
  const Tensor post = door.pass(Hook::mlp_post, layer, std::move(active));
  Tensor out = backend.linear(post, weights.w_out, weights.b_out);
  if (a.sandwich_norms) {
    out = door.pass(Hook::mlp_out_raw, layer, std::move(out));
    return normalize(pass, out, weights.ln2_post, Hook::ln2_post_scale, Hook::mlp_out, layer);
  }
  return door.pass(Hook::mlp_out, layer, std::move(out));
}

// Attention and MLP side by side, from the same stream. Source: Wang & Komatsuzaki 2021 (GPT-J).
Tensor parallel_block(const Pass& pass, std::int64_t layer, const Tensor& stream) {
  const BlockWeights& weights = pass.model.blocks[static_cast<std::size_t>(layer)];
  const Tensor reads = normalize(pass, stream, weights.ln1, Hook::ln1_scale, Hook::ln1_normalized, layer);
  const Tensor attention_out = attention(pass, layer, weights, reads);
  const Tensor mlp_reads = normalize(pass, stream, weights.ln2, Hook::ln2_scale, Hook::ln2_normalized, layer);
  const Tensor mlp_out = mlp(pass, layer, weights, mlp_reads);
  return pass.door.pass(Hook::resid_post, layer,
                        pass.backend.add(stream, pass.backend.add(mlp_out, attention_out)));
}

// One block: the stream [pos, d_model] goes in, and comes out with what its parts added to it. Norms stand
// before each part, or, in the original wiring, behind each sum (Xiong et al. 2020, figure 1).
Tensor block(const Pass& pass, std::int64_t layer, Tensor stream) {
  const BlockWeights& weights = pass.model.blocks[static_cast<std::size_t>(layer)];
  Backend& backend = pass.backend;
  Door& door = pass.door;
  const auto ln1 = [&](const Tensor& x) {
    return normalize(pass, x, weights.ln1, Hook::ln1_scale, Hook::ln1_normalized, layer);
  };
  const auto ln_cross = [&](const Tensor& x) {
    return normalize(pass, x, weights.ln_cross, Hook::ln_cross_scale, Hook::ln_cross_normalized, layer);
  };
  const auto ln2 = [&](const Tensor& x) {
    return normalize(pass, x, weights.ln2, Hook::ln2_scale, Hook::ln2_normalized, layer);
  };

  stream = door.pass(Hook::resid_pre, layer, std::move(stream));
  if (pass.architecture.wiring == Wiring::parallel) return parallel_block(pass, layer, stream);
  const bool norms_behind = pass.architecture.wiring == Wiring::post_norm;

  Tensor added = attention(pass, layer, weights, norms_behind ? stream : ln1(stream));
  stream = door.pass(Hook::resid_mid, layer, backend.add(stream, added));
  if (norms_behind) stream = ln1(stream);

  if (pass.architecture.cross_attention) {
    added = cross_attention(pass, layer, weights.cross, norms_behind ? stream : ln_cross(stream));
    stream = door.pass(Hook::resid_mid_cross, layer, backend.add(stream, added));
    if (norms_behind) stream = ln_cross(stream);
  }

  if (!pass.architecture.has_mlp()) return door.pass(Hook::resid_post, layer, std::move(stream));
  added = mlp(pass, layer, weights, norms_behind ? stream : ln2(stream));
  stream = door.pass(Hook::resid_post, layer, backend.add(stream, added));
  return norms_behind ? ln2(stream) : stream;
}

// Token rows, and whatever a model adds to them: ids -> [pos, d_model].
Tensor embedding(const Pass& pass, std::span<const TokenId> tokens) {
  const ArchitectureDescription& a = pass.architecture;
  const Model& model = pass.model;
  Backend& backend = pass.backend;
  Door& door = pass.door;
  Tensor rows = backend.embed(model.embedding, tokens);
  if (a.embedding_scale != 1.0) rows = backend.scaled(rows, a.embedding_scale);
  Tensor stream = door.pass(Hook::embed, 0, std::move(rows));
  if (a.token_types) {
    const std::vector<TokenId> first_segment(tokens.size(), 0);
    stream = backend.add(
        stream, door.pass(Hook::token_type_embed, 0, backend.embed(model.token_types, first_segment)));
  }
  if (a.positions != PositionTable::none) {
    std::vector<TokenId> places;
    for (std::int64_t position = pass.first_position; position < pass.positions; ++position) {
      places.push_back(static_cast<TokenId>(position));
    }
    stream = backend.add(stream, door.pass(Hook::pos_embed, 0, backend.embed(model.position_table, places)));
  }
  if (!a.embedding_norm) return stream;
  return normalize(pass, stream, model.embedding_norm, Hook::ln_embed_scale, Hook::ln_embed_normalized, 0);
}

// Logits of every position: [pos, d_model] -> [pos, vocabulary].
Tensor token_logits(const Pass& pass, Tensor state) {
  const ArchitectureDescription& a = pass.architecture;
  const Model& model = pass.model;
  Backend& backend = pass.backend;
  Door& door = pass.door;
  if (a.head == OutputHead::masked_lm) {
    state = door.pass(Hook::mlm_head_pre, 0, backend.linear(state, model.head_dense, model.head_bias));
    state = door.pass(Hook::mlm_head_post, 0, backend.activate(state, a.head_activation));
    state = normalize(pass, state, model.head_norm, Hook::mlm_head_scale, Hook::mlm_head_normalized, 0);
  }
  if (a.output_scale != 1.0) state = backend.scaled(state, a.output_scale);
  Tensor logits = backend.linear(state, model.unembedding, model.output_bias);
  if (a.logit_soft_cap > 0.0) logits = backend.soft_capped(logits, a.logit_soft_cap);
  return door.pass(Hook::logits, 0, std::move(logits));
}

// Logits of the classes, from the first position: [pos, d_model] -> [1, labels].
Tensor class_logits(const Pass& pass, const Tensor& state) {
  const Model& model = pass.model;
  Backend& backend = pass.backend;
  Door& door = pass.door;
  const Tensor pre =
      door.pass(Hook::pooler_pre, 0, backend.linear(state.leading(1), model.head_dense, model.head_bias));
  const Tensor post =
      door.pass(Hook::pooler_post, 0, backend.activate(pre, pass.architecture.head_activation));
  return door.pass(Hook::class_logits, 0, backend.linear(post, model.unembedding, model.output_bias));
}

// One vector for the whole text: [pos, d_model] -> [1, d_model]. Source: Reimers & Gurevych 2019, section 3.
Tensor sentence_embedding(const Pass& pass, const Tensor& state) {
  const ArchitectureDescription& a = pass.architecture;
  Backend& backend = pass.backend;
  Tensor pooled = a.pooling == Pooling::mean ? backend.mean_row(state) : state.leading(1);
  if (a.unit_embedding) {
    // x / |x| = x / sqrt(mean x^2) / sqrt(width)
    Tensor gain({a.d_model});
    std::fill_n(gain.writable(), a.d_model,
                static_cast<float>(1.0 / std::sqrt(static_cast<double>(a.d_model))));
    pooled =
        backend.normalized(pooled, backend.norm_scale(pooled, Norm::rms, 0.0), Norm::rms, gain, Tensor());
  }
  return pass.door.pass(Hook::sentence_embedding, 0, std::move(pooled));
}

// Keeps and changes nothing.
class OpenDoor : public Door {
 public:
  Tensor pass(Hook, std::int64_t, Tensor value) override { return value; }
  MapsNeeded maps_needed(std::int64_t) const override { return MapsNeeded::none; }
};

void check_request(const Model& model, std::int64_t positions, const ForwardPlace& place) {
  const ArchitectureDescription& a = model.architecture;
  if (place.first_position < 0 || place.first_position >= positions || positions > a.context ||
      (place.first_position > 0 && (place.prefix == nullptr || !a.causal))) {
    throw std::logic_error("positions " + std::to_string(place.first_position) + " to " +
                           std::to_string(positions) + " cannot be computed in a context of " +
                           std::to_string(a.context));
  }
  if (a.cross_attention == place.source_state.empty()) {
    throw std::logic_error("a decoder reads an encoder's state, and other models have none to read");
  }
}

// As often as there are runs, along the first axis.
Tensor repeated(const Tensor& values, std::int64_t runs) {
  if (values.empty() || runs == 1) return values;
  Shape shape = values.shape();
  shape[0] *= runs;
  Tensor result(std::move(shape));
  float* out = result.writable();
  for (std::int64_t run = 0; run < runs; ++run) out = std::copy_n(values.data(), values.size(), out);
  return result;
}

Pass pass_over(const Model& model, Backend& backend, Door& door, const ForwardPlace& place,
               std::int64_t positions, std::int64_t runs = 1) {
  const ArchitectureDescription& a = model.architecture;
  const std::int64_t first = place.first_position;
  return {model,
          a,
          backend,
          door,
          place,
          positions,
          first,
          rotation_of(a.rotary, positions),
          rotation_of(a.local_rotary, positions),
          repeated(relative_position_bias(model, first, positions - first, positions), runs),
          runs};
}

}  // namespace

Tensor forward_pass(const Model& model, Backend& backend, const std::vector<TokenId>& tokens, Door& door,
                    const ForwardPlace& place) {
  const ArchitectureDescription& a = model.architecture;
  const auto positions = static_cast<std::int64_t>(tokens.size());
  const std::int64_t first = place.first_position;
  check_request(model, positions, place);
  const Pass pass = pass_over(model, backend, door, place, positions);

  Tensor stream = embedding(pass, std::span(tokens).subspan(static_cast<std::size_t>(first)));
  for (std::int64_t layer = 0; layer < a.layers; ++layer) stream = block(pass, layer, std::move(stream));
  if (a.final_norm) {
    stream = normalize(pass, stream, model.ln_final, Hook::ln_final_scale, Hook::ln_final_normalized, 0);
  }
  if (a.pooling != Pooling::none) sentence_embedding(pass, stream);
  switch (a.head) {
    case OutputHead::language_model:
    case OutputHead::masked_lm:
      return token_logits(pass, std::move(stream));
    case OutputHead::classifier:
      return class_logits(pass, stream);
    case OutputHead::none:
      return stream;
  }
  throw std::logic_error("unknown output head");
}

Tensor forward_blocks(const Model& model, Backend& backend, Tensor stream, std::int64_t runs,
                      std::int64_t first_layer, Door& door) {
  const ArchitectureDescription& a = model.architecture;
  if (a.cross_attention || runs < 1 || stream.axis(0) % runs != 0)
    throw std::logic_error(std::to_string(runs) + " runs of " + shape_text(stream.shape()) + " side by side");
  const std::int64_t positions = stream.axis(0) / runs;
  const ForwardPlace place;
  const Pass pass = pass_over(model, backend, door, place, positions, runs);
  for (std::int64_t layer = first_layer; layer < a.layers; ++layer)
    stream = block(pass, layer, std::move(stream));
  return stream;
}

Tensor logits_of_stream(const Model& model, Backend& backend, Tensor stream) {
  const ArchitectureDescription& a = model.architecture;
  if (!has_hook(Hook::logits, a)) throw std::logic_error("a model without logits of tokens");
  OpenDoor door;
  const ForwardPlace place;
  const Pass pass{model, a, backend, door, place, stream.axis(0), 0, {}, {}, Tensor()};
  if (a.final_norm) {
    stream = normalize(pass, stream, model.ln_final, Hook::ln_final_scale, Hook::ln_final_normalized, 0);
  }
  return token_logits(pass, std::move(stream));
}

}  // namespace headlight

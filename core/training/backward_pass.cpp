// Mirrors core/forward/forward_pass.cpp function by function: read them side by side. Every value that the
// chain rule asks for is in the trace. Source: Rumelhart, Hinton & Williams 1986.
#include "core/training/backward_pass.h"

#include <stdexcept>

namespace headlight {
namespace {

struct Pass {
  const Model& model;
  const ArchitectureDescription& architecture;
  const Trace& trace;
  GradientOperations& operations;
  Gradients& gradients;
  Tensor source_state;  // [source, d_model] of an encoder, or empty
  float* d_source;      // its derivative, to be added to
  const StreamWatcher& watcher;
  bool in_encoder;
};

Tensor heads_of(const Tensor& rows, std::int64_t d_head) {
  return rows.reshaped({rows.axis(0), rows.axis(1) / d_head, d_head});
}
Tensor rows_of(const Tensor& heads) { return heads.reshaped({heads.axis(0), heads.axis(1) * heads.axis(2)}); }

// y = x·Wᵀ + b: what y's derivative says about W and b, and, added to d_x, about x.
void linear(const Pass& pass, const Tensor& d_y, const Tensor& x, const Weight& weight, const Tensor& bias,
            float* d_x) {
  pass.operations.linear_weights(d_y, x, pass.gradients.of(weight), pass.gradients.of(bias));
  if (d_x != nullptr) pass.operations.linear_input(d_y, weight, d_x);
}

// Adds to d_x.
void normalize(const Pass& pass, const Tensor& d_y, const Tensor& x, const NormWeights& weights,
               Hook scale_hook, std::int64_t layer, float* d_x) {
  pass.operations.normalized(d_y, x, pass.trace.at(scale_hook, layer), pass.architecture.norm, weights.gain,
                             pass.gradients.of(weights.gain), pass.gradients.of(weights.bias), d_x);
}

// From what attention added to the stream to what it read, added to d_reads.
void attention(const Pass& pass, std::int64_t layer, const BlockWeights& block, const Tensor& reads,
               const Tensor& d_out, float* d_reads) {
  const ArchitectureDescription& a = pass.architecture;
  const AttentionWeights& weights = block.attention;
  const Trace& trace = pass.trace;
  const Tensor z = rows_of(trace.at(Hook::z, layer));
  Tensor d_z = zeros(z.shape());
  linear(pass, d_out, z, weights.w_o, weights.b_o, d_z.writable());
  GradientOperations::Attention d = pass.operations.attention(
      heads_of(d_z, a.d_head), trace.at(query_hook(a), layer), trace.at(key_hook(a), layer),
      trace.at(Hook::v, layer), trace.at(Hook::pattern, layer), a.attention_scale_of(layer), a.causal);
  if (has_hook(Hook::rot_q, a)) {
    const Rotation rotation = rotation_of(a.rotary_of(layer), trace.positions());
    d.d_q = pass.operations.rotated(d.d_q, rotation);
    d.d_k = pass.operations.rotated(d.d_k, rotation);
  }
  linear(pass, rows_of(d.d_q), reads, weights.w_q, weights.b_q, d_reads);
  linear(pass, rows_of(d.d_k), reads, weights.w_k, weights.b_k, d_reads);
  linear(pass, rows_of(d.d_v), reads, weights.w_v, weights.b_v, d_reads);
}

// The same, and the encoder's state was read too.
void cross_attention(const Pass& pass, std::int64_t layer, const AttentionWeights& weights,
                     const Tensor& reads, const Tensor& d_out, float* d_reads) {
  const ArchitectureDescription& a = pass.architecture;
  const Trace& trace = pass.trace;
  const Tensor z = rows_of(trace.at(Hook::cross_z, layer));
  Tensor d_z = zeros(z.shape());
  linear(pass, d_out, z, weights.w_o, weights.b_o, d_z.writable());
  const GradientOperations::Attention d = pass.operations.attention(
      heads_of(d_z, a.d_head), trace.at(Hook::cross_q, layer), trace.at(Hook::cross_k, layer),
      trace.at(Hook::cross_v, layer), trace.at(Hook::cross_pattern, layer), a.attention_scale_of(layer),
      /*causal=*/false);
  linear(pass, rows_of(d.d_q), reads, weights.w_q, weights.b_q, d_reads);
  linear(pass, rows_of(d.d_k), pass.source_state, weights.w_k, weights.b_k, pass.d_source);
  linear(pass, rows_of(d.d_v), pass.source_state, weights.w_v, weights.b_v, pass.d_source);
}

void mlp(const Pass& pass, std::int64_t layer, const BlockWeights& weights, const Tensor& reads,
         const Tensor& d_out, float* d_reads) {
  const ArchitectureDescription& a = pass.architecture;
  GradientOperations& operations = pass.operations;
  const Tensor post = pass.trace.at(Hook::mlp_post, layer), pre = pass.trace.at(Hook::mlp_pre, layer);
  Tensor d_pre = zeros(post.shape());  // of post at first
  float* d = d_pre.writable();
  linear(pass, d_out, post, weights.w_out, weights.b_out, d);
  if (a.gated) {  // post = activation(pre) · linear
    const Tensor linear_part = pass.trace.at(Hook::mlp_pre_linear, layer);
    Tensor d_linear(post.shape());
    float* active = d_linear.writable();
    operations.activated(pre, a.activation, active);
    operations.multiply(active, d, post.size(), active);
    linear(pass, d_linear, reads, weights.w_in, weights.b_in, d_reads);
    operations.multiply(d, linear_part.data(), post.size(), d);
  }
  operations.activation(pre, a.activation, d);
  linear(pass, d_pre, reads, a.gated ? weights.w_gate : weights.w_in, a.gated ? weights.b_gate : weights.b_in,
         d_reads);
}

// All of these take the derivative of the stream behind a part, and leave in it that of the stream before.

void parallel_block(const Pass& pass, std::int64_t layer, Tensor& d_stream) {
  const BlockWeights& weights = pass.model.blocks[static_cast<std::size_t>(layer)];
  const Tensor stream = pass.trace.at(Hook::resid_pre, layer);
  Tensor d_reads = zeros(stream.shape()), d_mlp_reads = zeros(stream.shape());
  attention(pass, layer, weights, pass.trace.at(Hook::ln1_normalized, layer), d_stream, d_reads.writable());
  mlp(pass, layer, weights, pass.trace.at(Hook::ln2_normalized, layer), d_stream, d_mlp_reads.writable());
  float* d = d_stream.writable();
  normalize(pass, d_reads, stream, weights.ln1, Hook::ln1_scale, layer, d);
  normalize(pass, d_mlp_reads, stream, weights.ln2, Hook::ln2_scale, layer, d);
}

// stream + part(norm(stream)); part(reads, d_out, d_reads)
template <class Part>
void behind_its_norm(const Pass& pass, std::int64_t layer, Hook stream_hook, const NormWeights& norm,
                     Hook scale_hook, Hook normalized_hook, Tensor& d_stream, const Part& part) {
  const Tensor stream = pass.trace.at(stream_hook, layer);
  Tensor d_reads = zeros(stream.shape());
  part(pass.trace.at(normalized_hook, layer), d_stream, d_reads.writable());
  normalize(pass, d_reads, stream, norm, scale_hook, layer, d_stream.writable());
}

// norm(stream + part(stream)), of which `sum_hook` holds the sum.
template <class Part>
void before_its_norm(const Pass& pass, std::int64_t layer, const Tensor& stream, Hook sum_hook,
                     const NormWeights& norm, Hook scale_hook, Tensor& d_stream, const Part& part) {
  Tensor d_sum = zeros(stream.shape());
  normalize(pass, d_stream, pass.trace.at(sum_hook, layer), norm, scale_hook, layer, d_sum.writable());
  Tensor d_before = d_sum.copy();
  part(stream, d_sum, d_before.writable());
  d_stream = std::move(d_before);
}

void block(const Pass& pass, std::int64_t layer, Tensor& d_stream) {
  const BlockWeights& weights = pass.model.blocks[static_cast<std::size_t>(layer)];
  if (pass.watcher) pass.watcher(pass.in_encoder, layer, d_stream);
  const auto through_mlp = [&](const Tensor& reads, const Tensor& d_out, float* d_reads) {
    mlp(pass, layer, weights, reads, d_out, d_reads);
  };
  const auto through_cross = [&](const Tensor& reads, const Tensor& d_out, float* d_reads) {
    cross_attention(pass, layer, weights.cross, reads, d_out, d_reads);
  };
  const auto through_attention = [&](const Tensor& reads, const Tensor& d_out, float* d_reads) {
    attention(pass, layer, weights, reads, d_out, d_reads);
  };
  const bool crosses = pass.architecture.cross_attention;
  switch (pass.architecture.wiring) {
    case Wiring::parallel:
      return parallel_block(pass, layer, d_stream);
    case Wiring::sequential:
      if (pass.architecture.has_mlp())
        behind_its_norm(pass, layer, crosses ? Hook::resid_mid_cross : Hook::resid_mid, weights.ln2,
                        Hook::ln2_scale, Hook::ln2_normalized, d_stream, through_mlp);
      if (crosses) {
        behind_its_norm(pass, layer, Hook::resid_mid, weights.ln_cross, Hook::ln_cross_scale,
                        Hook::ln_cross_normalized, d_stream, through_cross);
      }
      return behind_its_norm(pass, layer, Hook::resid_pre, weights.ln1, Hook::ln1_scale, Hook::ln1_normalized,
                             d_stream, through_attention);
    case Wiring::post_norm: {
      const Trace& trace = pass.trace;
      const Hook before_mlp = crosses ? Hook::ln_cross_normalized : Hook::ln1_normalized;
      before_its_norm(pass, layer, trace.at(before_mlp, layer), Hook::resid_post, weights.ln2,
                      Hook::ln2_scale, d_stream, through_mlp);
      if (crosses) {
        before_its_norm(pass, layer, trace.at(Hook::ln1_normalized, layer), Hook::resid_mid_cross,
                        weights.ln_cross, Hook::ln_cross_scale, d_stream, through_cross);
      }
      return before_its_norm(pass, layer, trace.at(Hook::resid_pre, layer), Hook::resid_mid, weights.ln1,
                             Hook::ln1_scale, d_stream, through_attention);
    }
  }
}

// The stream before the embedding's norm, which has no hook of its own.
Tensor embedding_sum(const Pass& pass) {
  const ArchitectureDescription& a = pass.architecture;
  Tensor sum = pass.trace.at(Hook::embed).copy();
  float* values = sum.writable();
  const auto add = [&](Hook hook) {
    const Tensor part = pass.trace.at(hook);
    pass.operations.add(part.data(), sum.size(), values);
  };
  if (a.token_types) add(Hook::token_type_embed);
  if (a.positions != PositionTable::none) add(Hook::pos_embed);
  return sum;
}

void embedding(const Pass& pass, Tensor d_stream) {
  const ArchitectureDescription& a = pass.architecture;
  const std::vector<TokenId>& tokens = pass.trace.tokens();
  if (a.embedding_norm) {
    Tensor d_sum = zeros(d_stream.shape());
    normalize(pass, d_stream, embedding_sum(pass), pass.model.embedding_norm, Hook::ln_embed_scale, 0,
              d_sum.writable());
    d_stream = std::move(d_sum);
  }
  GradientOperations& operations = pass.operations;
  if (a.positions != PositionTable::none) {
    std::vector<TokenId> places;
    for (std::size_t i = 0; i < tokens.size(); ++i) places.push_back(static_cast<TokenId>(i));
    operations.embed(d_stream, places, 1.0, pass.gradients.of(pass.model.position_table));
  }
  if (a.token_types) {
    operations.embed(d_stream, std::vector<TokenId>(tokens.size(), 0), 1.0,
                     pass.gradients.of(pass.model.token_types));
  }
  operations.embed(d_stream, tokens, a.embedding_scale, pass.gradients.of(pass.model.embedding));
}

Tensor some_rows(const Tensor& x, const std::vector<std::int64_t>& positions) {
  if (static_cast<std::int64_t>(positions.size()) == x.axis(0)) return x;
  Tensor result({static_cast<std::int64_t>(positions.size()), x.axis(1)});
  float* out = result.writable();
  for (const std::int64_t position : positions) {
    out = std::copy_n(x.data() + position * x.axis(1), x.axis(1), out);
  }
  return result;
}

// From the scored positions' logits to the stream, or to the last norm's result: [pos, d_model].
Tensor head(const Pass& pass, const OutputGradient& output) {
  const ArchitectureDescription& a = pass.architecture;
  const Model& model = pass.model;
  const Trace& trace = pass.trace;
  GradientOperations& operations = pass.operations;
  const auto at = [&](Hook hook) { return some_rows(trace.at(hook), output.positions); };
  const Hook last = a.final_norm                    ? Hook::ln_final_normalized
                    : a.wiring == Wiring::post_norm ? Hook::ln2_normalized
                                                    : Hook::resid_post;
  const std::int64_t layer = a.final_norm ? 0 : a.layers - 1;
  const Tensor state = some_rows(trace.at(last, layer), output.positions);
  Tensor d_state = zeros(state.shape());
  if (a.head == OutputHead::language_model) {
    // logits = scale · state·Wᵀ: the scale goes with either side.
    Tensor scaled = output.values;
    if (a.output_scale != 1.0) {
      scaled = scaled.copy();
      operations.scale(static_cast<float>(a.output_scale), scaled.size(), scaled.writable());
    }
    operations.linear_weights(scaled, state, pass.gradients.of(model.unembedding), nullptr);
    operations.linear_weights(output.values, state, nullptr, pass.gradients.of(model.output_bias));
    operations.linear_input(scaled, model.unembedding, d_state.writable());
  } else {
    const bool classifies = a.head == OutputHead::classifier;
    const Tensor pre = at(classifies ? Hook::pooler_pre : Hook::mlm_head_pre);
    const Tensor post = at(classifies ? Hook::pooler_post : Hook::mlm_head_post);
    Tensor d_pre = zeros(pre.shape());  // of post at first
    if (classifies) {
      linear(pass, output.values, post, model.unembedding, model.output_bias, d_pre.writable());
    } else {
      Tensor d_normalized = zeros(pre.shape());
      linear(pass, output.values, at(Hook::mlm_head_normalized), model.unembedding, model.output_bias,
             d_normalized.writable());
      operations.normalized(d_normalized, post, at(Hook::mlm_head_scale), a.norm, model.head_norm.gain,
                            pass.gradients.of(model.head_norm.gain), pass.gradients.of(model.head_norm.bias),
                            d_pre.writable());
    }
    operations.activation(pre, a.head_activation, d_pre.writable());
    linear(pass, d_pre, state, model.head_dense, model.head_bias, d_state.writable());
  }
  if (d_state.axis(0) == trace.positions()) return d_state;
  Tensor all = zeros({trace.positions(), a.d_model});
  float* rows = all.writable();
  for (std::size_t i = 0; i < output.positions.size(); ++i) {
    std::copy_n(d_state.data() + static_cast<std::int64_t>(i) * a.d_model, a.d_model,
                rows + output.positions[i] * a.d_model);
  }
  return all;
}

// From the derivative of the last state down to the tables.
void blocks(const Pass& pass, Tensor d_stream) {
  const ArchitectureDescription& a = pass.architecture;
  if (a.final_norm) {
    Tensor d_last = zeros(d_stream.shape());
    normalize(pass, d_stream, pass.trace.at(Hook::resid_post, a.layers - 1), pass.model.ln_final,
              Hook::ln_final_scale, 0, d_last.writable());
    d_stream = std::move(d_last);
  }
  for (std::int64_t layer = a.layers - 1; layer >= 0; --layer) block(pass, layer, d_stream);
  embedding(pass, std::move(d_stream));
}

}  // namespace

void backward_pass(const Trace& trace, const OutputGradient& output, GradientOperations& operations,
                   Gradients& gradients, const StreamWatcher& watcher) {
  const Model& model = trace.model();
  Tensor state, d_state;
  if (trace.source()) {
    const ArchitectureDescription& a = trace.source()->model().architecture;
    state = trace.source()->at(last_hook(a), last_layer(a));
    d_state = zeros(state.shape());
  }
  const Pass pass{model,
                  model.architecture,
                  trace,
                  operations,
                  gradients,
                  state,
                  d_state.empty() ? nullptr : d_state.writable(),
                  watcher,
                  false};
  blocks(pass, head(pass, output));
  if (!trace.source()) return;
  const Model& encoder = trace.source()->model();
  blocks({encoder, encoder.architecture, *trace.source(), operations, gradients, Tensor(), nullptr, watcher,
          true},
         std::move(d_state));
}

}  // namespace headlight

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
  Tensor d_z = pass.operations.zeros(z.shape());
  linear(pass, d_out, z, weights.w_o, weights.b_o, pass.operations.address(d_z));
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
  Tensor d_z = pass.operations.zeros(z.shape());
  linear(pass, d_out, z, weights.w_o, weights.b_o, pass.operations.address(d_z));
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
  Tensor d_pre = operations.zeros(post.shape());  // of post at first
  float* d = operations.address(d_pre);
  linear(pass, d_out, post, weights.w_out, weights.b_out, d);
  if (a.gated) {  // post = activation(pre) · linear
    Tensor d_linear = operations.copy(d_pre);
    operations.multiply(operations.activated(pre, a.activation), operations.address(d_linear));
    linear(pass, d_linear, reads, weights.w_in, weights.b_in, d_reads);
    operations.multiply(pass.trace.at(Hook::mlp_pre_linear, layer), d);
  }
  operations.activation(pre, a.activation, d);
  linear(pass, d_pre, reads, a.gated ? weights.w_gate : weights.w_in, a.gated ? weights.b_gate : weights.b_in,
         d_reads);
}

// All of these take the derivative of the stream behind a part, and leave in it that of the stream before.

void parallel_block(const Pass& pass, std::int64_t layer, Tensor& d_stream) {
  const BlockWeights& weights = pass.model.blocks[static_cast<std::size_t>(layer)];
  const Tensor stream = pass.trace.at(Hook::resid_pre, layer);
  GradientOperations& operations = pass.operations;
  Tensor d_reads = operations.zeros(stream.shape()), d_mlp_reads = operations.zeros(stream.shape());
  attention(pass, layer, weights, pass.trace.at(Hook::ln1_normalized, layer), d_stream,
            operations.address(d_reads));
  mlp(pass, layer, weights, pass.trace.at(Hook::ln2_normalized, layer), d_stream,
      operations.address(d_mlp_reads));
  float* d = operations.address(d_stream);
  normalize(pass, d_reads, stream, weights.ln1, Hook::ln1_scale, layer, d);
  normalize(pass, d_mlp_reads, stream, weights.ln2, Hook::ln2_scale, layer, d);
}

// stream + part(norm(stream)); part(reads, d_out, d_reads)
template <class Part>
void behind_its_norm(const Pass& pass, std::int64_t layer, Hook stream_hook, const NormWeights& norm,
                     Hook scale_hook, Hook normalized_hook, Tensor& d_stream, const Part& part) {
  const Tensor stream = pass.trace.at(stream_hook, layer);
  Tensor d_reads = pass.operations.zeros(stream.shape());
  part(pass.trace.at(normalized_hook, layer), d_stream, pass.operations.address(d_reads));
  normalize(pass, d_reads, stream, norm, scale_hook, layer, pass.operations.address(d_stream));
}

// norm(stream + part(stream)), of which `sum_hook` holds the sum.
template <class Part>
void before_its_norm(const Pass& pass, std::int64_t layer, const Tensor& stream, Hook sum_hook,
                     const NormWeights& norm, Hook scale_hook, Tensor& d_stream, const Part& part) {
  GradientOperations& operations = pass.operations;
  Tensor d_sum = operations.zeros(stream.shape());
  normalize(pass, d_stream, pass.trace.at(sum_hook, layer), norm, scale_hook, layer,
            operations.address(d_sum));
  Tensor d_before = operations.copy(d_sum);
  part(stream, d_sum, operations.address(d_before));
  d_stream = std::move(d_before);
}

void block(const Pass& pass, std::int64_t layer, Tensor& d_stream) {
  const BlockWeights& weights = pass.model.blocks[static_cast<std::size_t>(layer)];
  // A copy: what was fetched from a device is not fetched again, and d_stream goes on changing.
  if (pass.watcher) pass.watcher(pass.in_encoder, layer, pass.operations.copy(d_stream));
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
  Tensor sum = pass.operations.copy(pass.trace.at(Hook::embed));
  const auto add = [&](Hook hook) { pass.operations.add(pass.trace.at(hook), pass.operations.address(sum)); };
  if (a.token_types) add(Hook::token_type_embed);
  if (a.positions != PositionTable::none) add(Hook::pos_embed);
  return sum;
}

void embedding(const Pass& pass, Tensor d_stream) {
  const ArchitectureDescription& a = pass.architecture;
  const std::vector<TokenId>& tokens = pass.trace.tokens();
  GradientOperations& operations = pass.operations;
  if (a.embedding_norm) {
    Tensor d_sum = operations.zeros(d_stream.shape());
    normalize(pass, d_stream, embedding_sum(pass), pass.model.embedding_norm, Hook::ln_embed_scale, 0,
              operations.address(d_sum));
    d_stream = std::move(d_sum);
  }
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

// From the scored positions' logits to the stream, or to the last norm's result: [pos, d_model].
Tensor head(const Pass& pass, const OutputGradient& output) {
  const ArchitectureDescription& a = pass.architecture;
  const Model& model = pass.model;
  const Trace& trace = pass.trace;
  GradientOperations& operations = pass.operations;
  const auto at = [&](Hook hook, std::int64_t layer = 0) {
    return operations.some_rows(trace.at(hook, layer), output.positions);
  };
  const Hook last = a.final_norm                    ? Hook::ln_final_normalized
                    : a.wiring == Wiring::post_norm ? Hook::ln2_normalized
                                                    : Hook::resid_post;
  const Tensor d_output = operations.brought(output.values);
  const Tensor state = at(last, a.final_norm ? 0 : a.layers - 1);
  Tensor d_state = operations.zeros(state.shape());
  if (a.head == OutputHead::language_model) {
    // logits = scale · state·Wᵀ: the scale goes with either side.
    Tensor scaled = d_output;
    if (a.output_scale != 1.0) {
      scaled = operations.copy(d_output);
      operations.scale(static_cast<float>(a.output_scale), scaled.size(), operations.address(scaled));
    }
    operations.linear_weights(scaled, state, pass.gradients.of(model.unembedding), nullptr);
    operations.linear_weights(d_output, state, nullptr, pass.gradients.of(model.output_bias));
    operations.linear_input(scaled, model.unembedding, operations.address(d_state));
  } else {
    const bool classifies = a.head == OutputHead::classifier;
    const Tensor pre = at(classifies ? Hook::pooler_pre : Hook::mlm_head_pre);
    const Tensor post = at(classifies ? Hook::pooler_post : Hook::mlm_head_post);
    Tensor d_pre = operations.zeros(pre.shape());  // of post at first
    float* d = operations.address(d_pre);
    if (classifies) {
      linear(pass, d_output, post, model.unembedding, model.output_bias, d);
    } else {
      Tensor d_normalized = operations.zeros(pre.shape());
      linear(pass, d_output, at(Hook::mlm_head_normalized), model.unembedding, model.output_bias,
             operations.address(d_normalized));
      operations.normalized(d_normalized, post, at(Hook::mlm_head_scale), a.norm, model.head_norm.gain,
                            pass.gradients.of(model.head_norm.gain), pass.gradients.of(model.head_norm.bias),
                            d);
    }
    operations.activation(pre, a.head_activation, d);
    linear(pass, d_pre, state, model.head_dense, model.head_bias, operations.address(d_state));
  }
  if (d_state.axis(0) == trace.positions()) return d_state;
  Tensor all = operations.zeros({trace.positions(), a.d_model});
  const std::vector<TokenId> places(output.positions.begin(), output.positions.end());
  operations.embed(d_state, places, 1.0, operations.address(all));
  return all;
}

// From the derivative of the last state down to the tables.
void blocks(const Pass& pass, Tensor d_stream) {
  const ArchitectureDescription& a = pass.architecture;
  if (a.final_norm) {
    Tensor d_last = pass.operations.zeros(d_stream.shape());
    normalize(pass, d_stream, pass.trace.at(Hook::resid_post, a.layers - 1), pass.model.ln_final,
              Hook::ln_final_scale, 0, pass.operations.address(d_last));
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
    d_state = operations.zeros(state.shape());
  }
  const Pass pass{model,
                  model.architecture,
                  trace,
                  operations,
                  gradients,
                  state,
                  d_state.empty() ? nullptr : operations.address(d_state),
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

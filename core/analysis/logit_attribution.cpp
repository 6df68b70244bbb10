// From the logit backwards: the direction of the stream that it reads is carried through each norm, and every
// part on the way is held against it.
#include "core/analysis/logit_attribution.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <stdexcept>

#include "core/forward/derived_values.h"

namespace headlight {
namespace {

double dot(std::span<const float> values, const std::vector<double>& direction) {
  double sum = 0.0;
  for (std::size_t i = 0; i < direction.size(); ++i) sum += static_cast<double>(values[i]) * direction[i];
  return sum;
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

void take_mean_off(std::vector<double>& values) {
  const double mean = sum_of(values) / static_cast<double>(values.size());
  for (double& value : values) value -= mean;
}

double gain_at(const NormWeights& norm, std::size_t i) {
  return norm.gain.empty() ? 1.0 : static_cast<double>(norm.gain.data()[i]);
}

// What all steps share.
struct Way {
  const Trace& trace;
  std::int64_t position;
  const ArchitectureDescription& a;

  double scale(Hook hook, std::int64_t layer) const {
    return static_cast<double>(trace.row(hook, layer, position).front());
  }
  // From what reads behind a norm to what stood before it; what the norm's bias adds goes to `constant`.
  void back_through(const NormWeights& norm, Hook scale_hook, std::int64_t layer,
                    std::vector<double>& direction, double& constant) const {
    if (!norm.bias.empty()) constant += dot(norm.bias.values(), direction);
    const double divisor = scale(scale_hook, layer);
    for (std::size_t i = 0; i < direction.size(); ++i) direction[i] *= gain_at(norm, i) / divisor;
    if (a.norm == Norm::layer) take_mean_off(direction);
  }
  // The other way: a part of what stands before a norm, without the norm's bias.
  void through(const NormWeights& norm, Hook scale_hook, std::int64_t layer,
               std::vector<double>& part) const {
    if (a.norm == Norm::layer) take_mean_off(part);
    const double divisor = scale(scale_hook, layer);
    for (std::size_t i = 0; i < part.size(); ++i) part[i] *= gain_at(norm, i) / divisor;
  }
};

// W_O transposed times the direction: [heads * d_head].
std::vector<double> through_heads(const Weight& w_o, const std::vector<double>& direction) {
  std::vector<double> result(static_cast<std::size_t>(w_o.columns), 0.0);
  for (std::int64_t row = 0; row < w_o.rows; ++row) {
    const std::vector<float> weights = weight_row(w_o, row);
    const double factor = direction[static_cast<std::size_t>(row)];
    for (std::size_t i = 0; i < result.size(); ++i) result[i] += factor * static_cast<double>(weights[i]);
  }
  return result;
}

// Each head's z against its piece of that.
std::vector<double> head_contributions(const Way& way, Hook z, std::int64_t layer,
                                       const std::vector<double>& direction) {
  const std::span<const float> mixed = way.trace.row(z, layer, way.position);
  const auto heads = static_cast<std::size_t>(way.a.heads), width = static_cast<std::size_t>(way.a.d_head);
  std::vector<double> result(heads, 0.0);
  for (std::size_t i = 0; i < heads * width; ++i) {
    result[i / width] += static_cast<double>(mixed[i]) * direction[i];
  }
  return result;
}

struct AttentionShare {
  std::vector<double> heads;
  double bias = 0.0;
  std::vector<double> direction;  // of z
};

AttentionShare attention_share(const Way& way, const AttentionWeights& weights, Hook z, std::int64_t layer,
                               const std::vector<double>& direction) {
  AttentionShare share;
  share.direction = through_heads(weights.w_o, direction);
  share.heads = head_contributions(way, z, layer, share.direction);
  if (!weights.b_o.empty()) share.bias = dot(weights.b_o.values(), direction);
  return share;
}

// Attention's own part of one layer, with a norm behind it where the model has one.
void add_attention(const Way& way, std::int64_t layer, const BlockWeights& block,
                   std::vector<double> direction, LogitAttribution& result) {
  LayerContribution& here = result.layers[static_cast<std::size_t>(layer)];
  if (way.a.sandwich_norms) {
    way.back_through(block.ln1_post, Hook::ln1_post_scale, layer, direction, here.attention_bias);
  }
  AttentionShare share = attention_share(way, block.attention, Hook::z, layer, direction);
  here.heads = std::move(share.heads);
  here.attention_bias += share.bias;
  result.directions[static_cast<std::size_t>(layer)] = std::move(share.direction);
}

void add_cross(const Way& way, std::int64_t layer, const BlockWeights& block,
               const std::vector<double>& direction, LogitAttribution& result) {
  LayerContribution& here = result.layers[static_cast<std::size_t>(layer)];
  AttentionShare share = attention_share(way, block.cross, Hook::cross_z, layer, direction);
  here.cross = std::move(share.heads);
  here.cross_bias = share.bias;
  result.cross_directions[static_cast<std::size_t>(layer)] = std::move(share.direction);
}

// One block from its end to its beginning; norms on the stream itself change the direction.
void add_block(const Way& way, std::int64_t layer, std::vector<double>& direction, LogitAttribution& result) {
  const BlockWeights& block = way.trace.model().blocks[static_cast<std::size_t>(layer)];
  const bool behind = way.a.wiring == Wiring::post_norm;
  if (behind) way.back_through(block.ln2, Hook::ln2_scale, layer, direction, result.constant);
  if (way.a.has_mlp()) {
    result.layers[static_cast<std::size_t>(layer)].mlp =
        dot(way.trace.row(Hook::mlp_out, layer, way.position), direction);
  }
  if (way.a.cross_attention) {
    if (behind) way.back_through(block.ln_cross, Hook::ln_cross_scale, layer, direction, result.constant);
    add_cross(way, layer, block, direction, result);
  }
  if (behind) way.back_through(block.ln1, Hook::ln1_scale, layer, direction, result.constant);
  add_attention(way, layer, block, direction, result);
}

void add_embedding(const Way& way, std::vector<double> direction, LogitAttribution& result) {
  if (way.a.embedding_norm) {
    way.back_through(way.trace.model().embedding_norm, Hook::ln_embed_scale, 0, direction, result.constant);
  }
  result.embedding = dot(way.trace.row(Hook::embed, 0, way.position), direction);
  if (way.a.positions != PositionTable::none) {
    result.positions = dot(way.trace.row(Hook::pos_embed, 0, way.position), direction);
  }
  if (way.a.token_types) {
    result.token_types = dot(way.trace.row(Hook::token_type_embed, 0, way.position), direction);
  }
}

// A row of the output layer, or the difference of two.
std::vector<double> output_direction(const Model& model, TokenId target, std::optional<TokenId> distractor) {
  const std::vector<float> wanted = weight_row(model.unembedding, target);
  std::vector<double> direction(wanted.begin(), wanted.end());
  if (distractor) {
    const std::vector<float> other = weight_row(model.unembedding, *distractor);
    for (std::size_t i = 0; i < direction.size(); ++i) direction[i] -= static_cast<double>(other[i]);
  }
  for (double& number : direction) number *= model.architecture.output_scale;
  return direction;
}

double output_bias(const Model& model, TokenId target, std::optional<TokenId> distractor) {
  if (model.output_bias.empty()) return 0.0;
  const double own = static_cast<double>(model.output_bias.data()[target]);
  return distractor ? own - static_cast<double>(model.output_bias.data()[*distractor]) : own;
}

// The model's number that the parts have to add up to.
double models_logit(const Trace& trace, std::int64_t position, TokenId target,
                    std::optional<TokenId> distractor) {
  const Model& model = trace.model();
  const ArchitectureDescription& a = model.architecture;
  if (a.logit_soft_cap > 0.0) {
    const HookPlace last = stream_place(a, a.layers);
    const std::span<const float> state = a.final_norm ? trace.row(Hook::ln_final_normalized, 0, position)
                                                      : trace.row(last.hook, last.layer, position);
    return dot(state, output_direction(model, target, distractor)) + output_bias(model, target, distractor);
  }
  const std::span<const float> logits = trace.row(Hook::logits, 0, position);
  const auto at = [&](TokenId id) { return static_cast<double>(logits[static_cast<std::size_t>(id)]); };
  return distractor ? at(target) - at(*distractor) : at(target);
}

void require_attribution(const ArchitectureDescription& a) {
  const AttributionKind kind = attribution_kind(a);
  if (kind == AttributionKind::no_logits || kind == AttributionKind::own_network) {
    throw std::logic_error("the logits of this model are not a sum over its parts");
  }
}

}  // namespace

AttributionKind attribution_kind(const ArchitectureDescription& a) {
  if (!has_hook(Hook::logits, a)) return AttributionKind::no_logits;
  if (a.head == OutputHead::masked_lm) return AttributionKind::own_network;
  return a.wiring == Wiring::post_norm ? AttributionKind::every_norm : AttributionKind::final_norm;
}

double LayerContribution::attention() const { return sum_of(heads) + attention_bias; }
double LayerContribution::cross_attention() const { return sum_of(cross) + cross_bias; }

std::shared_ptr<const LogitAttribution> logit_attribution(const std::shared_ptr<const Trace>& trace,
                                                          std::int64_t position, TokenId target,
                                                          std::optional<TokenId> distractor,
                                                          const std::function<bool()>& cancelled) {
  const Model& model = trace->model();
  const ArchitectureDescription& a = model.architecture;
  require_attribution(a);
  auto result = std::make_shared<LogitAttribution>();
  result->trace = trace;
  result->position = position;
  result->target = target;
  result->distractor = distractor;
  result->capped = a.logit_soft_cap > 0.0;
  const auto layers = static_cast<std::size_t>(a.layers);
  result->layers.resize(layers);
  result->directions.resize(layers);
  result->cross_directions.resize(layers);

  const Way way{*trace, position, a};
  std::vector<double> direction = output_direction(model, target, distractor);
  result->constant = output_bias(model, target, distractor);
  if (a.final_norm) {
    way.back_through(model.ln_final, Hook::ln_final_scale, 0, direction, result->constant);
  }
  for (std::int64_t layer = a.layers - 1; layer >= 0; --layer) {
    if (cancelled()) return nullptr;
    add_block(way, layer, direction, *result);
  }
  add_embedding(way, std::move(direction), *result);
  result->sum = result->embedding + result->positions + result->token_types + result->constant;
  for (const LayerContribution& layer : result->layers) {
    result->sum += layer.attention() + layer.cross_attention() + layer.mlp;
  }
  result->logit = models_logit(*trace, position, target, distractor);
  return result;
}

std::vector<double> source_contributions(const Trace& trace, const LogitAttribution& attribution,
                                         std::int64_t layer, std::int64_t head, bool cross,
                                         const std::vector<double>& pattern) {
  const ArchitectureDescription& a = trace.model().architecture;
  const auto& directions = cross ? attribution.cross_directions : attribution.directions;
  const std::vector<double>& whole = directions.at(static_cast<std::size_t>(layer));
  const auto width = static_cast<std::size_t>(a.d_head);
  const std::vector<double> direction(whole.begin() + head * a.d_head, whole.begin() + (head + 1) * a.d_head);
  const auto kv_head = static_cast<std::size_t>(head / (a.heads / a.kv_heads));
  const Hook values = cross ? Hook::cross_v : Hook::v;
  std::vector<double> result(pattern.size(), 0.0);
  for (std::size_t key = 0; key < pattern.size(); ++key) {
    if (pattern[key] == 0.0) continue;
    const std::span<const float> row = trace.row(values, layer, static_cast<std::int64_t>(key));
    result[key] = pattern[key] * dot(row.subspan(kv_head * width, width), direction);
  }
  return result;
}

std::vector<double> carried_to_output(const Trace& trace, std::int64_t layer, std::int64_t position,
                                      std::vector<double> written) {
  const Model& model = trace.model();
  const ArchitectureDescription& a = model.architecture;
  require_attribution(a);
  const Way way{trace, position, a};
  const auto block = [&](std::int64_t at) -> const BlockWeights& {
    return model.blocks[static_cast<std::size_t>(at)];
  };
  if (a.sandwich_norms) way.through(block(layer).ln2_post, Hook::ln2_post_scale, layer, written);
  if (a.wiring == Wiring::post_norm) {
    way.through(block(layer).ln2, Hook::ln2_scale, layer, written);
    for (std::int64_t later = layer + 1; later < a.layers; ++later) {
      way.through(block(later).ln1, Hook::ln1_scale, later, written);
      if (a.cross_attention) way.through(block(later).ln_cross, Hook::ln_cross_scale, later, written);
      way.through(block(later).ln2, Hook::ln2_scale, later, written);
    }
  }
  if (a.final_norm) way.through(model.ln_final, Hook::ln_final_scale, 0, written);
  return written;
}

}  // namespace headlight

// Direct logit attribution: how much each part of the model adds to a logit, with nothing in between. The
// norms between a part and the logit are held at the scale that they had in this pass; then everything behind
// a part is linear, and the parts add up to the logit. Source: Elhage et al. 2021; norms: Wang et al. 2022,
// appendix.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/forward/trace.h"

namespace headlight {

// Why a logit can or cannot be divided into the parts of the model.
enum class AttributionKind {
  final_norm,   // one norm stands between the parts and the logits, or none
  every_norm,   // norms behind each sum (the original wiring): all of them are held at their scale
  own_network,  // of masked-language models: a small network, which is not linear, stands before the logits
  no_logits,    // classes or vectors, no tokens
};
AttributionKind attribution_kind(const ArchitectureDescription& architecture);

struct LayerContribution {
  std::vector<double> heads;    // [head]
  double attention_bias = 0.0;  // of W_O, and of a norm behind it
  std::vector<double> cross;    // [head]: cross-attention; empty without
  double cross_bias = 0.0;
  double mlp = 0.0;
  double attention() const;  // heads and bias
  double cross_attention() const;
};

struct LogitAttribution {
  std::weak_ptr<const Trace> trace;  // not held: a long one has gigabytes
  std::int64_t position = 0;
  TokenId target = 0;
  std::optional<TokenId> distractor;  // everything is then target minus distractor
  double embedding = 0.0, positions = 0.0, token_types = 0.0;
  std::vector<LayerContribution> layers;
  double constant = 0.0;  // biases of the norms on the way and of the output layer
  double sum = 0.0;       // of all the above
  double logit = 0.0;     // the model's own, before a soft cap
  bool capped = false;    // `logit` is not yet the number that the softmax reads
  // What a head's z would have to be multiplied with: [layer][heads * d_head], and the same for
  // cross-attention.
  std::vector<std::vector<double>> directions, cross_directions;

  double difference() const { return sum - logit; }  // rounding, or an experiment that changed the stream
};

// Of a complete trace whose attribution_kind() is one of the first two, else std::logic_error. `cancelled` is
// asked once a layer and may throw; null when it says so. In double; costs about one pass over W_O.
std::shared_ptr<const LogitAttribution> logit_attribution(const std::shared_ptr<const Trace>& trace,
                                                          std::int64_t position, TokenId target,
                                                          std::optional<TokenId> distractor,
                                                          const std::function<bool()>& cancelled);

// One head's contribution, divided by the tokens that it was read from: weight · value · direction, one for
// each key. They add up to the head's. `pattern`: the weights of the position's row.
std::vector<double> source_contributions(const Trace& trace, const LogitAttribution& attribution,
                                         std::int64_t layer, std::int64_t head, bool cross,
                                         const std::vector<double>& pattern);

// Where a vector that the MLP of a layer adds to the stream arrives before the output layer, every norm on
// the way at its scale, biases left out (they are nobody's). Needs attribution_kind() as above. [d_model]
std::vector<double> carried_to_output(const Trace& trace, std::int64_t layer, std::int64_t position,
                                      std::vector<double> written);

}  // namespace headlight

// The stream in figures: how long each token's vector is before and after every part, how the numbers of one
// vector are spread, which of them stand out, and what single neurons of an MLP write.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/backends/backend.h"
#include "core/forward/trace.h"

namespace headlight {

// Lengths (L2) of one value's rows in one layer.
struct LayerLengths {
  std::vector<float> lengths;   // [position]; over the finite numbers alone
  double mean = 0.0;            // over the positions
  std::int64_t largest_at = 0;  // the position of the longest
  std::int64_t not_finite = 0;  // numbers that are NaN or infinite, in all rows
};

// The stream before a block, what its parts add, and the stream behind it.
struct StreamLengths {
  std::weak_ptr<const Trace> trace;           // not held: a long one has gigabytes
  std::vector<Hook> hooks;                    // those of the following that the model has, in this order:
                                              // resid_pre, attn_out, cross_attn_out, mlp_out, resid_post
  std::vector<std::vector<LayerLengths>> of;  // [hook][layer]: the layers that are done
};
// `cancelled` is asked once a layer and may throw.
StreamLengths stream_lengths(const std::shared_ptr<const Trace>& trace,
                             const std::function<void()>& check_cancelled);

struct VectorFacts {
  std::int64_t count = 0, not_finite = 0;
  double mean = 0.0, deviation = 0.0;  // of the finite numbers; deviation: root of the mean square distance
  double length = 0.0;                 // L2
  std::int64_t largest_at = 0;         // where |x| is largest; a NaN or infinity comes before all
};
VectorFacts vector_facts(std::span<const float> values);

// Dimensions that stand out of a vector: |x − median| > 6 · 1.4826 · MAD, where MAD, the median of |x −
// median|, is what half of the dimensions stay below. 1.4826 · MAD is the standard deviation when the numbers
// are normally distributed, and unlike it hardly moves when a few of them are enormous. Six of them: in a
// normal vector of 1,000 dimensions once in 500,000 vectors. Source of the factor: Rousseeuw & Croux 1993.
struct OutlierDimensions {
  double median = 0.0, spread = 0.0;     // 1.4826 · MAD
  double limit = 0.0;                    // 6 · spread
  std::vector<std::int64_t> dimensions;  // farthest first; not finite numbers before all
};
OutlierDimensions outlier_dimensions(std::span<const float> values);

struct Histogram {
  double least = 0.0, most = 0.0;  // of the finite numbers; the bins divide the way between them evenly
  std::vector<std::int64_t> counts;
  std::int64_t not_finite = 0;
};
// Rows may be many: of every token's vector. All numbers equal: one bin has them all.
Histogram histogram(std::span<const std::span<const float>> rows, std::size_t bins);

// A neuron and what it adds to logits: activation · its column of W_out, carried through the norms as they
// scaled in this pass, times the output layer.
struct NeuronWriting {
  std::int64_t neuron = 0;
  double activation = 0.0;
  struct Push {
    TokenId token = -1;
    float logit = 0.0F;  // what it adds to that token's logit
  };
  std::array<Push, 5> up, down;  // strongest first
};
struct NeuronWritings {
  std::weak_ptr<const Trace> trace;
  std::int64_t layer = 0, position = 0;
  bool has_tokens = false;             // false: the way to the logits is not a sum, or there are none
  std::vector<NeuronWriting> neurons;  // largest |activation| first
};
// The neurons with the largest |mlp_post| of a layer and position; NaN before all.
NeuronWritings neuron_writings(const std::shared_ptr<const Trace>& trace, Backend& backend,
                               std::int64_t layer, std::int64_t position, std::size_t most);

}  // namespace headlight

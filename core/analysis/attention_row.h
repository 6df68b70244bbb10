// One row of one head's attention, computed again in double from what the trace kept, every step shown: what
// a person can check by hand.
#pragma once

#include <cstdint>
#include <vector>

#include "core/forward/trace.h"

namespace headlight {

// Vectors have one entry for each key from 0 to the last one that the query may see. Keys that lie behind a
// window have their dot product, a score of −∞ and no weight.
struct AttentionRow {
  std::int64_t query = 0;
  std::int64_t kv_head = 0;         // the key/value head that this query head reads
  std::int64_t first_key = 0;       // that the query sees: above 0 with a window
  double scale = 0.0;               // what dot products are multiplied with, 1/sqrt(d_head) as a rule
  double soft_cap = 0.0;            // what a score cannot exceed; 0: no limit
  std::vector<double> bias;         // of each key's distance; empty when the model has none
  std::vector<double> dot;          // q · k, after positions were turned in
  std::vector<double> score;        // dot * scale, capped, plus bias; in nats
  double largest = 0.0;             // of score
  std::vector<double> exponential;  // e^(score - largest): at most 1
  double sum = 0.0;                 // of exponential
  std::vector<double> weight;       // exponential / sum
  std::vector<double> z;            // [d_head]: the values, mixed by weight; empty without captured values
  std::vector<double> captured;     // the pattern's own row, when the trace kept it
  // The largest distance between weight and captured: rounding, or an experiment that changed the pattern.
  double difference = 0.0;
};

// Source: Vaswani et al. 2017, eq. 1. NaN goes through. `cross`: to the encoder's text. Throws
// std::logic_error when the layer, the head or the query does not exist or its vectors were not kept.
AttentionRow attention_row(const Trace& trace, std::int64_t layer, std::int64_t head, std::int64_t query,
                           bool cross = false);

// q and k of one pair, dimension by dimension: [d_head] each.
struct QueryKeyProduct {
  std::vector<double> q;
  std::vector<double> k;
  std::vector<double> product;  // q * k in each dimension
  std::vector<double> running;  // the sum of the products so far; the last is the dot product
};
QueryKeyProduct query_key_product(const Trace& trace, std::int64_t layer, std::int64_t head,
                                  std::int64_t query, std::int64_t key, bool cross = false);

}  // namespace headlight

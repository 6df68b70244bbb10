// What a map of attention draws, row by row: one head's weights or all heads of a layer merged, as they are
// or rescaled, or how two heads differ.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/analysis/head_merge.h"
#include "core/backends/backend.h"
#include "core/forward/derived_pattern.h"
#include "core/forward/trace.h"

namespace headlight {

struct DrawnMap {
  std::int64_t layer = 0, head = 0;
  bool cross = false;  // to the encoder's text
  HeadMerge merge = HeadMerge::one;
  bool value_weighted = false;  // weight times the length of what the key's value writes
  bool hide_sink = false;       // key 0 is left out, and the others are divided by what they have together
  bool per_row = false;         // each row divided by its largest, after everything else
  // Layer and head of another map, of which this one is taken away: other minus this. Without per_row.
  std::optional<std::pair<std::int64_t, std::int64_t>> other;
  bool operator==(const DrawnMap&) const = default;
};

// How long the vector is that a head writes for each key at weight 1: ‖v W_O‖ [keys], in double, without the
// output's bias. Source: Kobayashi et al. 2020, "Attention is Not Only a Weight", section 2.
std::vector<double> value_lengths(const Trace& trace, std::int64_t layer, std::int64_t head,
                                  bool cross = false);

class DrawnRows {
 public:
  // Needs has_attention(), and with value_weighted the layer's values. Holds queries and keys, and the trace
  // only where its patterns were kept. The backend has to outlive it.
  DrawnRows(const std::shared_ptr<const Trace>& trace, Backend& backend, const DrawnMap& map);

  std::int64_t queries() const { return queries_; }
  std::int64_t keys() const { return keys_; }
  // The keys that are drawn of a query's row.
  KeyRange shown(std::int64_t query) const;
  // The largest value that a cell can have, in magnitude: 1, or the longest ‖v W_O‖.
  double most() const { return most_; }

  // Calls take(query, values) for the queries [first, last): values[key] for the keys in shown(query). False
  // when the trace is gone, whose patterns it would read.
  using Take = std::function<void(std::int64_t, const float*)>;
  bool rows(std::int64_t first, std::int64_t last, const Take& take);

 private:
  // The heads of one side of a difference, or of all there is.
  struct Side {
    std::int64_t layer = 0;
    std::vector<std::int64_t> heads;
    AttentionRule rule;
    std::optional<DerivedPattern> derived;     // of the one head, or of all
    std::vector<std::vector<double>> lengths;  // of each head's values; empty without value_weighted
    Tensor block;                              // of the queries that are being made
    std::int64_t block_first = 0;
  };
  void add_side(const Trace& trace, Backend& backend, std::int64_t layer, std::int64_t head);
  const float* weights_of(const Side& side, const Trace* trace, std::size_t head, std::int64_t query) const;
  void merge_heads(const Side& side, const Trace* trace, std::int64_t query, std::vector<float>& out) const;
  const float* scaled_row(const Trace* trace, std::int64_t query);

  std::weak_ptr<const Trace> trace_;
  Hook kept_;
  DrawnMap map_;
  std::int64_t queries_, keys_;
  double most_ = 1.0;
  std::vector<Side> sides_;  // this map's, and the other's
  std::vector<float> row_, other_row_;
};

}  // namespace headlight

// Goes through maps query unit by query unit, so that a long text's maps are never held.
#include "core/analysis/strong_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "core/forward/derived_pattern.h"
#include "core/forward/derived_values.h"

namespace headlight {
namespace {

constexpr std::int64_t rows_at_once = 64;  // of a derived pattern

// Rows of the chosen heads: where they lie in the trace, or made some queries at a time.
class Rows {
 public:
  Rows(const Trace& trace, Backend& backend, const MapChoice& choice)
      : trace_(trace),
        backend_(backend),
        choice_(choice),
        hook_(attention_hooks(trace.model().architecture, choice.cross).pattern),
        keys_(attention_keys(trace, choice.cross)),
        rule_(attention_rule(trace.model().architecture, choice.layer, choice.cross)),
        kept_(trace.has(hook_, choice.layer)) {
    if (kept_) return;
    for (const std::int64_t head : choice.heads) {
      derived_.emplace_back(trace, backend_, choice.layer, head, choice.cross);
    }
    made_.resize(choice.heads.size());
  }

  KeyRange seen(std::int64_t query) const { return visible_keys(rule_, query, keys_); }

  // The weights of the keys 0 to seen(query).last of the choice's head number `which`; without the sink where
  // that was asked for. Stays valid until the next call.
  std::span<const float> row(std::size_t which, std::int64_t query, std::int64_t last_query) {
    const auto length = static_cast<std::size_t>(seen(query).last);
    const float* weights = kept_ ? trace_.map_row(hook_, choice_.layer, choice_.heads[which], query).data()
                                 : derived_row(which, query, last_query);
    if (!choice_.without_sink || length == 0) return {weights, length};
    double rest = 0;
    for (std::size_t key = 1; key < length; ++key) rest += static_cast<double>(weights[key]);
    scaled_.assign(length, 0.0F);
    for (std::size_t key = 1; key < length; ++key) {
      scaled_[key] = rest == 0 ? 0.0F : static_cast<float>(static_cast<double>(weights[key]) / rest);
    }
    return scaled_;
  }

 private:
  const float* derived_row(std::size_t which, std::int64_t query, std::int64_t last_query) {
    if (query < first_made_ || query >= last_made_) {
      first_made_ = query;
      last_made_ = std::min(last_query, query + rows_at_once);
      for (std::size_t i = 0; i < derived_.size(); ++i) made_[i] = derived_[i].rows(first_made_, last_made_);
    }
    const Tensor& made = made_[which];
    return made.data() + (query - first_made_) * made.axis(made.shape().size() - 1);
  }

  const Trace& trace_;
  Backend& backend_;
  const MapChoice& choice_;
  Hook hook_;
  std::int64_t keys_;
  AttentionRule rule_;
  bool kept_;
  std::vector<DerivedPattern> derived_;  // a head each
  std::vector<Tensor> made_;
  std::int64_t first_made_ = 0, last_made_ = 0;
  std::vector<float> scaled_;
};

// The key units that any query of the unit sees.
KeyRange seen_units(const Rows& rows, const MapChoice& choice, std::int64_t unit) {
  KeyRange keys{std::numeric_limits<std::int64_t>::max(), 0};
  for (std::int64_t query = choice.queries.begin(unit); query < choice.queries.end(unit); ++query) {
    const KeyRange seen = rows.seen(query);
    if (seen.first >= seen.last) continue;
    keys.first = std::min(keys.first, seen.first);
    keys.last = std::max(keys.last, seen.last);
  }
  if (keys.first >= keys.last) return {0, 0};
  return {choice.keys.unit_of[static_cast<std::size_t>(keys.first)],
          choice.keys.unit_of[static_cast<std::size_t>(keys.last - 1)] + 1};
}

// One row of merged heads, folded over keys and added to `folded`, times `factor`.
void add_merged_row(Rows& rows, const MapChoice& choice, Merge merge, std::int64_t query,
                    std::int64_t last_query, double factor, std::span<double> folded) {
  std::vector<float> merged;
  for (std::size_t which = 0; which < choice.heads.size(); ++which) {
    const std::span<const float> row = rows.row(which, query, last_query);
    merged.resize(row.size(), 0.0F);
    for (std::size_t key = 0; key < row.size(); ++key) {
      if (merge == Merge::largest) {
        merged[key] = std::isnan(row[key]) ? row[key] : std::max(merged[key], row[key]);
      } else {
        merged[key] += row[key];
      }
    }
  }
  if (merge == Merge::mean) factor /= static_cast<double>(choice.heads.size());
  for (std::size_t key = 0; key < merged.size(); ++key) {
    folded[static_cast<std::size_t>(choice.keys.unit_of[key])] += factor * static_cast<double>(merged[key]);
  }
}

}  // namespace

StrongWeights strong_weights(const Trace& trace, Backend& backend, const MapChoice& choice, float threshold,
                             const std::function<void(float)>& report) {
  StrongWeights strong;
  Rows rows(trace, backend, choice);
  std::vector<double> folded(static_cast<std::size_t>(choice.keys.count()));
  const std::int64_t tokens = trace.positions();
  for (std::int64_t unit = 0; unit < choice.queries.count(); ++unit) {
    report(static_cast<float>(unit) / static_cast<float>(choice.queries.count()));
    const KeyRange seen = seen_units(rows, choice, unit);
    const std::int64_t first = choice.queries.begin(unit), last = choice.queries.end(unit);
    for (std::size_t which = 0; which < choice.heads.size(); ++which) {
      std::fill(folded.begin(), folded.end(), 0.0);
      for (std::int64_t query = first; query < last; ++query) {
        add_folded_row(rows.row(which, query, tokens), choice.keys, folded);
      }
      strong.seen += seen.last - seen.first;
      for (std::int64_t key = seen.first; key < seen.last; ++key) {
        const auto weight =
            static_cast<float>(folded[static_cast<std::size_t>(key)] / static_cast<double>(last - first));
        if (std::isnan(weight)) ++strong.broken;
        if (weight >= threshold) {
          strong.found.push_back({static_cast<std::int32_t>(unit), static_cast<std::int32_t>(key),
                                  static_cast<std::int32_t>(choice.heads[which]), weight});
        }
      }
    }
  }
  return strong;
}

std::vector<float> weights_of_unit(const Trace& trace, Backend& backend, const MapChoice& choice, Merge merge,
                                   std::int64_t unit, bool toward, const std::function<void(float)>& report) {
  Rows rows(trace, backend, choice);
  std::vector<double> folded(static_cast<std::size_t>(choice.keys.count()));
  std::vector<float> weights(static_cast<std::size_t>(toward ? choice.queries.count() : choice.keys.count()),
                             -1.0F);
  const std::int64_t first_unit = toward ? 0 : unit;
  const std::int64_t last_unit = toward ? choice.queries.count() : unit + 1;
  for (std::int64_t at = first_unit; at < last_unit; ++at) {
    report(static_cast<float>(at - first_unit) / static_cast<float>(last_unit - first_unit));
    const KeyRange seen = seen_units(rows, choice, at);
    if (toward && (unit < seen.first || unit >= seen.last)) continue;
    std::fill(folded.begin(), folded.end(), 0.0);
    const std::int64_t first = choice.queries.begin(at), last = choice.queries.end(at);
    const std::int64_t most = toward ? trace.positions() : last;
    for (std::int64_t query = first; query < last; ++query) {
      add_merged_row(rows, choice, merge, query, most, 1.0 / static_cast<double>(last - first), folded);
    }
    if (toward) {
      weights[static_cast<std::size_t>(at)] = static_cast<float>(folded[static_cast<std::size_t>(unit)]);
      continue;
    }
    for (std::int64_t key = seen.first; key < seen.last; ++key) {
      weights[static_cast<std::size_t>(key)] = static_cast<float>(folded[static_cast<std::size_t>(key)]);
    }
  }
  return weights;
}

}  // namespace headlight

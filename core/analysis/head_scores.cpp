// One walk over every row of every head; sums in double.
#include "core/analysis/head_scores.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <unordered_map>

#include "core/forward/derived_pattern.h"
#include "core/forward/derived_values.h"

namespace headlight {
namespace {

constexpr std::int64_t block_queries = 64;

// Which keys of a query's row belong to a score, the same for all heads.
struct QueryKeys {
  KeyRange seen;
  std::vector<std::int64_t> same;    // keys with the query's token
  std::vector<std::int64_t> behind;  // keys behind earlier occurrences of it
};

// Sums of one head, and how many queries went into each.
struct Sums {
  std::array<double, head_score_count> sum{};
  std::array<std::int64_t, head_score_count> count{};
  void add(HeadScore score, double value) {
    sum[static_cast<std::size_t>(score)] += value;
    ++count[static_cast<std::size_t>(score)];
  }
};

// Text to itself: which positions hold each token.
std::unordered_map<TokenId, std::vector<std::int64_t>> places_of(const std::vector<TokenId>& tokens) {
  std::unordered_map<TokenId, std::vector<std::int64_t>> places;
  for (std::size_t i = 0; i < tokens.size(); ++i) places[tokens[i]].push_back(static_cast<std::int64_t>(i));
  return places;
}

QueryKeys keys_of(std::int64_t query, const KeyRange& seen, const std::vector<std::int64_t>& places) {
  QueryKeys keys{seen, {}, {}};
  for (const std::int64_t place : places) {
    if (place >= seen.first && place < seen.last) keys.same.push_back(place);
    const std::int64_t next = place + 1;
    if (place < query && next >= seen.first && next < seen.last) keys.behind.push_back(next);
  }
  return keys;
}

// The part that any two texts have.
void add_width(const float* weights, const KeyRange& seen, Sums& sums) {
  double entropy = 0.0;
  for (std::int64_t key = seen.first; key < seen.last; ++key) {
    const auto weight = static_cast<double>(weights[key]);
    if (!(weight <= 0.0)) entropy -= weight * std::log(weight);  // NaN goes on
  }
  sums.add(HeadScore::entropy, entropy);
  sums.add(HeadScore::diffuse, entropy / std::log(static_cast<double>(seen.last - seen.first)));
}

double sum_at(const float* weights, const std::vector<std::int64_t>& keys) {
  double sum = 0.0;
  for (const std::int64_t key : keys) sum += static_cast<double>(weights[key]);
  return sum;
}

void add_places(const float* weights, std::int64_t query, const QueryKeys& keys, Sums& sums) {
  const KeyRange& seen = keys.seen;
  if (query > 0) {
    sums.add(HeadScore::previous_token, static_cast<double>(weights[query - 1]));
    sums.add(HeadScore::sink, seen.first == 0 ? static_cast<double>(weights[0]) : 0.0);
  }
  sums.add(HeadScore::same_token, sum_at(weights, keys.same));
  if (!keys.behind.empty()) sums.add(HeadScore::induction, sum_at(weights, keys.behind));
  double distance = 0.0, near = 0.0;
  for (std::int64_t key = seen.first; key < seen.last; ++key) {
    const std::int64_t away = std::abs(query - key);
    const auto weight = static_cast<double>(weights[key]);
    distance += weight * static_cast<double>(away);
    if (away <= local_reach) near += weight;
  }
  sums.add(HeadScore::distance, distance);
  if (query - seen.first > local_reach || seen.last - 1 - query > local_reach)
    sums.add(HeadScore::local, near);
}

HeadScoreRow means(const Sums& sums) {
  HeadScoreRow row;
  for (std::size_t i = 0; i < head_score_count; ++i) {
    row.values[i] = sums.count[i] > 0 ? sums.sum[i] / static_cast<double>(sums.count[i])
                                      : std::numeric_limits<double>::quiet_NaN();
  }
  return row;
}

}  // namespace

HeadScores head_scores(const Trace& trace, Backend& backend, bool cross,
                       const std::function<void(float)>& progress) {
  const ArchitectureDescription& a = trace.model().architecture;
  const std::int64_t queries = trace.positions(), key_count = attention_keys(trace, cross);
  const Hook kept = attention_hooks(a, cross).pattern;
  const auto places = places_of(trace.tokens());
  HeadScores scores{a.layers, a.heads, {}};
  for (std::int64_t layer = 0; layer < a.layers; ++layer) {
    const AttentionRule rule = attention_rule(a, layer, cross);
    std::vector<Sums> sums(static_cast<std::size_t>(a.heads));
    std::optional<DerivedPattern> derived;
    if (!trace.has(kept, layer)) derived.emplace(trace, backend, layer, std::nullopt, cross);
    for (std::int64_t first = 0; first < queries; first += block_queries) {
      const std::int64_t last = std::min(first + block_queries, queries);
      Tensor block;
      if (derived) block = derived->rows(first, last);
      for (std::int64_t query = first; query < last; ++query) {
        const KeyRange seen = visible_keys(rule, query, key_count);
        if (seen.last - seen.first < 2) continue;
        QueryKeys keys{seen, {}, {}};
        if (!cross) keys = keys_of(query, seen, places.at(trace.tokens()[static_cast<std::size_t>(query)]));
        for (std::int64_t head = 0; head < a.heads; ++head) {
          const float* weights = derived
                                     ? block.data() + (head * (last - first) + query - first) * block.axis(2)
                                     : trace.map_row(kept, layer, head, query).data();
          Sums& of_head = sums[static_cast<std::size_t>(head)];
          add_width(weights, seen, of_head);
          if (cross) {
            of_head.add(HeadScore::sink, static_cast<double>(weights[0]));
          } else {
            add_places(weights, query, keys, of_head);
          }
        }
      }
      if (progress) {
        progress((static_cast<float>(layer) + static_cast<float>(last) / static_cast<float>(queries)) /
                 static_cast<float>(a.layers));
      }
    }
    for (const Sums& of_head : sums) scores.rows.push_back(means(of_head));
  }
  return scores;
}

}  // namespace headlight

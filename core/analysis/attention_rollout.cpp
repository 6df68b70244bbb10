// One pass from the last layer to the first carries the rows of all layers along.
#include "core/analysis/attention_rollout.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include "core/analysis/max_flow.h"
#include "core/forward/derived_pattern.h"
#include "core/forward/derived_values.h"

namespace headlight {
namespace {

constexpr std::int64_t rows_at_once = 64;  // of derived patterns, of all heads

// Adds half the mean over heads of the rows [first, last) to `map`.
void add_rows(const Trace& trace, const DerivedPattern* derived, std::int64_t layer, std::int64_t first,
              std::int64_t last, const AttentionRule& rule, float* map) {
  const std::int64_t tokens = trace.positions();
  const std::int64_t heads = trace.model().architecture.heads;
  Tensor made;
  if (derived != nullptr) made = derived->rows(first, last);
  std::vector<double> sum;
  for (std::int64_t query = first; query < last; ++query) {
    const KeyRange seen = visible_keys(rule, query, tokens);
    sum.assign(static_cast<std::size_t>(seen.last), 0.0);
    for (std::int64_t head = 0; head < heads; ++head) {
      const float* row = derived != nullptr
                             ? made.data() + (head * (last - first) + query - first) * made.axis(2)
                             : trace.map_row(Hook::pattern, layer, head, query).data();
      for (std::int64_t key = seen.first; key < seen.last; ++key) {
        sum[static_cast<std::size_t>(key)] += static_cast<double>(row[key]);
      }
    }
    float* out = map + query * tokens;
    for (std::int64_t key = 0; key < tokens; ++key) {
      const double mean =
          key < seen.last ? sum[static_cast<std::size_t>(key)] / static_cast<double>(heads) : 0.0;
      out[key] = static_cast<float>(0.5 * mean + (key == query ? 0.5 : 0.0));
    }
  }
}

}  // namespace

std::int64_t most_rollout_tokens(std::int64_t layers) {
  constexpr double most_floats = 512.0 * 1024 * 1024 / sizeof(float);
  return static_cast<std::int64_t>(
      std::sqrt(most_floats / static_cast<double>(std::max<std::int64_t>(1, layers))));
}

RolloutMaps rollout_maps(const Trace& trace, Backend& backend, const std::function<void(float)>& report) {
  const ArchitectureDescription& a = trace.model().architecture;
  RolloutMaps maps{trace.positions(), a.causal, {}};
  for (std::int64_t layer = 0; layer < a.layers && has_attention(trace, layer); ++layer) {
    const AttentionRule rule = attention_rule(a, layer);
    std::optional<DerivedPattern> derived;
    if (!trace.has(Hook::pattern, layer)) derived.emplace(trace, backend, layer);
    Tensor map({maps.tokens, maps.tokens});
    float* out = map.writable();
    for (std::int64_t first = 0; first < maps.tokens; first += rows_at_once) {
      report((static_cast<float>(layer) + static_cast<float>(first) / static_cast<float>(maps.tokens)) /
             static_cast<float>(a.layers));
      add_rows(trace, derived ? &*derived : nullptr, layer, first,
               std::min(maps.tokens, first + rows_at_once), rule, out);
    }
    maps.layers.push_back(std::move(map));
  }
  return maps;
}

std::vector<std::vector<double>> attention_rollout(const RolloutMaps& maps, std::int64_t query) {
  const auto tokens = static_cast<std::size_t>(maps.tokens);
  const std::size_t layers = maps.layers.size();
  // Row l holds what is left to follow of token `query` behind block l.
  std::vector<std::vector<double>> rows(layers, std::vector<double>(tokens, 0.0));
  std::vector<double> next(tokens);
  // What a causal query reaches lies in front of it.
  const std::size_t reach = maps.causal ? static_cast<std::size_t>(query) + 1 : tokens;
  for (std::size_t layer = layers; layer-- > 0;) {
    rows[layer][static_cast<std::size_t>(query)] = 1.0;
    const float* map = maps.layers[layer].data();
    for (std::size_t above = layer; above < layers; ++above) {
      std::fill(next.begin(), next.end(), 0.0);
      for (std::size_t i = 0; i < reach; ++i) {
        const double share = rows[above][i];
        if (share == 0.0) continue;
        const float* from = map + i * tokens;
        for (std::size_t j = 0; j < reach; ++j) next[j] += share * static_cast<double>(from[j]);
      }
      rows[above].swap(next);
    }
  }
  return rows;
}

std::vector<double> attention_flow(const RolloutMaps& maps, std::int64_t query,
                                   const std::function<void(float)>& report) {
  if (maps.tokens > most_flow_tokens) throw std::logic_error("attention flow of a long text");
  const std::int64_t reach = maps.causal ? query + 1 : maps.tokens;
  const auto layers = static_cast<std::int64_t>(maps.layers.size());
  // Point l · reach + i: token i as it goes into block l.
  FlowNetwork network((layers + 1) * reach);
  bool broken = false;
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const float* map = maps.layers[static_cast<std::size_t>(layer)].data();
    for (std::int64_t i = 0; i < reach; ++i) {
      for (std::int64_t j = 0; j < reach; ++j) {
        const auto capacity = static_cast<double>(map[i * maps.tokens + j]);
        broken = broken || std::isnan(capacity);
        network.add_edge((layer + 1) * reach + i, layer * reach + j, capacity);
      }
    }
  }
  std::vector<double> flow(static_cast<std::size_t>(maps.tokens), 0.0);
  for (std::int64_t j = 0; j < reach; ++j) {
    report(static_cast<float>(j) / static_cast<float>(reach));
    flow[static_cast<std::size_t>(j)] =
        broken ? std::numeric_limits<double>::quiet_NaN() : network.max_flow(layers * reach + query, j);
  }
  return flow;
}

}  // namespace headlight

// Dinic's algorithm: shortest paths first, all of one length at once.
#include "core/analysis/max_flow.h"

#include <algorithm>
#include <limits>

namespace headlight {
namespace {

constexpr double nothing = 1e-12;

}  // namespace

void FlowNetwork::add_edge(std::int64_t from, std::int64_t to, double capacity) {
  if (!(capacity > nothing)) return;
  edges_of_[static_cast<std::size_t>(from)].push_back(static_cast<std::int32_t>(edges_.size()));
  edges_.push_back({static_cast<std::int32_t>(to), capacity, 0.0});
  edges_of_[static_cast<std::size_t>(to)].push_back(static_cast<std::int32_t>(edges_.size()));
  edges_.push_back({static_cast<std::int32_t>(from), 0.0, 0.0});
}

bool FlowNetwork::find_levels(std::int64_t source, std::int64_t sink) {
  level_.assign(edges_of_.size(), -1);
  std::vector<std::int32_t> reached{static_cast<std::int32_t>(source)};
  level_[static_cast<std::size_t>(source)] = 0;
  for (std::size_t i = 0; i < reached.size(); ++i) {
    const auto at = static_cast<std::size_t>(reached[i]);
    for (const std::int32_t number : edges_of_[at]) {
      const Edge& edge = edges_[static_cast<std::size_t>(number)];
      std::int32_t& level = level_[static_cast<std::size_t>(edge.to)];
      if (level >= 0 || edge.left <= nothing) continue;
      level = level_[at] + 1;
      reached.push_back(edge.to);
    }
  }
  return level_[static_cast<std::size_t>(sink)] >= 0;
}

double FlowNetwork::push(std::int64_t at, std::int64_t sink, double most) {
  if (at == sink) return most;
  const std::vector<std::int32_t>& edges = edges_of_[static_cast<std::size_t>(at)];
  double pushed = 0.0;
  for (std::size_t& i = next_[static_cast<std::size_t>(at)]; i < edges.size(); ++i) {
    const auto number = static_cast<std::size_t>(edges[i]);
    const std::int32_t to = edges_[number].to;
    if (edges_[number].left <= nothing ||
        level_[static_cast<std::size_t>(to)] != level_[static_cast<std::size_t>(at)] + 1) {
      continue;
    }
    const double more = push(to, sink, std::min(most - pushed, edges_[number].left));
    edges_[number].left -= more;
    edges_[number ^ 1U].left += more;
    pushed += more;
    if (most - pushed <= nothing) break;  // the edge may carry more: it is tried again
  }
  return pushed;
}

double FlowNetwork::max_flow(std::int64_t source, std::int64_t sink) {
  for (Edge& edge : edges_) edge.left = edge.capacity;
  double flow = 0.0;
  while (find_levels(source, sink)) {
    next_.assign(edges_of_.size(), 0);
    const double more = push(source, sink, std::numeric_limits<double>::max());
    if (more <= nothing) break;
    flow += more;
  }
  return flow;
}

}  // namespace headlight

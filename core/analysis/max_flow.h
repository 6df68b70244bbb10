// How much can flow from one point of a network to another when every edge carries at most its capacity.
#pragma once

#include <cstdint>
#include <vector>

namespace headlight {

class FlowNetwork {
 public:
  explicit FlowNetwork(std::int64_t points) : edges_of_(static_cast<std::size_t>(points)) {}

  void add_edge(std::int64_t from, std::int64_t to, double capacity);
  // The largest flow (Dinic 1970); does not change the network. What is below 1e-12 counts as nothing.
  double max_flow(std::int64_t source, std::int64_t sink);

 private:
  struct Edge {
    std::int32_t to;
    double capacity;
    double left;  // of the capacity, while a flow is sought
  };
  bool find_levels(std::int64_t source, std::int64_t sink);
  double push(std::int64_t at, std::int64_t sink, double most);

  std::vector<Edge> edges_;  // an edge and, behind it, its reverse
  std::vector<std::vector<std::int32_t>> edges_of_;
  std::vector<std::int32_t> level_;
  std::vector<std::size_t> next_;  // the edge of each point that is tried next
};

}  // namespace headlight

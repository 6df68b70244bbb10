// Finds the pieces that a text begins with.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

class PieceTrie {
 public:
  PieceTrie() : ends_(1, -1) {}
  // A later id of the same piece replaces the earlier. An empty piece is never found.
  void add(std::string_view piece, TokenId id);
  // Calls `visit(id, length)` for each piece that begins at `offset`, the shortest first.
  template <typename Visit>
  void for_each_prefix(std::string_view text, std::size_t offset, Visit visit) const {
    std::uint32_t node = 0;
    for (std::size_t end = offset; end < text.size(); ++end) {
      node = child(node, static_cast<unsigned char>(text[end]));
      if (node == 0) return;
      if (ends_[node] >= 0) visit(ends_[node], end + 1 - offset);
    }
  }

 private:
  // A hash table with linear probing, at most half full: (node, byte) -> node. Node 0 is the root, which is
  // nobody's child.
  struct Edge {
    std::uint64_t key = 0;
    std::uint32_t child = 0;  // 0: free
  };
  std::size_t place_of(std::uint64_t key) const;
  std::uint32_t child(std::uint32_t node, unsigned char byte) const {
    if (edges_.empty()) return 0;
    return edges_[place_of((static_cast<std::uint64_t>(node) << 8U) | byte)].child;
  }
  void grow();

  std::vector<Edge> edges_;
  std::vector<TokenId> ends_;  // by node; -1: no piece ends here
};

}  // namespace headlight

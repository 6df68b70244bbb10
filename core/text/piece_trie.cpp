// The trie's hash table.
#include "core/text/piece_trie.h"

namespace headlight {

std::size_t PieceTrie::place_of(std::uint64_t key) const {
  std::uint64_t spread = key * 0x9E3779B97F4A7C15ULL;  // 2^64 / the golden ratio
  spread ^= spread >> 32U;
  std::size_t place = static_cast<std::size_t>(spread) & (edges_.size() - 1);
  while (edges_[place].child != 0 && edges_[place].key != key) place = (place + 1) & (edges_.size() - 1);
  return place;
}

void PieceTrie::grow() {
  std::vector<Edge> old(edges_.empty() ? 64 : 2 * edges_.size());
  old.swap(edges_);
  for (const Edge& edge : old) {
    if (edge.child != 0) edges_[place_of(edge.key)] = edge;
  }
}

void PieceTrie::add(std::string_view piece, TokenId id) {
  if (piece.empty()) return;
  std::uint32_t node = 0;
  for (const char byte : piece) {
    if (2 * ends_.size() >= edges_.size()) grow();  // as many edges as nodes but the root
    const std::uint64_t key = (static_cast<std::uint64_t>(node) << 8U) | static_cast<unsigned char>(byte);
    Edge& edge = edges_[place_of(key)];
    if (edge.child == 0) {
      edge = {key, static_cast<std::uint32_t>(ends_.size())};
      ends_.push_back(-1);
    }
    node = edge.child;
  }
  ends_[node] = id;
}

}  // namespace headlight

// Children stand in the order in which they came, each below all leaves of the one before it.
#include "gui/views/tree_layout.h"

#include <algorithm>

#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

struct Walk {
  const ContinuationTree& tree;
  std::vector<std::vector<std::size_t>> children;
  TreeLayout layout;

  // Without recursion: a branch may be thousands of tokens long.
  void run() {
    std::vector<std::size_t> waiting = {0};
    while (!waiting.empty()) {
      const std::size_t node = waiting.back();
      waiting.pop_back();
      TreePlace& place = layout.places[node];
      place.column = static_cast<std::int64_t>(tree.nodes[node].path.size());
      place.row = layout.rows;
      place.leaf = children[node].empty();
      if (place.leaf) ++layout.rows;
      layout.columns = std::max(layout.columns, place.column + 1);
      waiting.insert(waiting.end(), children[node].rbegin(), children[node].rend());
    }
  }
};

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

}  // namespace

TreeLayout tree_layout(const ContinuationTree& tree) {
  if (tree.nodes.empty()) return {};
  Walk walk{tree, std::vector<std::vector<std::size_t>>(tree.nodes.size()), {}};
  walk.layout.places.resize(tree.nodes.size());
  for (std::size_t i = 1; i < tree.nodes.size(); ++i) {
    walk.children[static_cast<std::size_t>(tree.nodes[i].parent)].push_back(i);
  }
  walk.run();
  return std::move(walk.layout);
}

std::string step_label(const std::string& before, const std::string& bytes) {
  if (!invalid_utf8_offset(bytes)) return token_piece(bytes);
  const std::string label = token_piece(bytes);
  // The character that these bytes complete begins before them.
  std::size_t begin = before.size();
  for (int back = 0; back < 3 && begin > 0; ++back) {
    --begin;
    if (!is_continuation(before[begin])) break;
  }
  std::size_t end = 0;
  while (end < bytes.size() && is_continuation(bytes[end])) ++end;
  const std::string character = before.substr(begin) + bytes.substr(0, end);
  if (end == 0 || begin == before.size() || invalid_utf8_offset(character)) return label;
  return label + " " + visible_bytes(character);
}

}  // namespace headlight

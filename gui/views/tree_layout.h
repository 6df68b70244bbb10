// Where the nodes of a tree of continuations stand: a column a token, a row a branch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/session/continuations.h"

namespace headlight {

struct TreePlace {
  std::int64_t column = 0;  // tokens behind the text
  std::int64_t row = 0;     // of its first leaf
  bool leaf = false;
};

// One place a node, in the tree's order; `rows` is how many leaves there are.
struct TreeLayout {
  std::vector<TreePlace> places;
  std::int64_t rows = 0;
  std::int64_t columns = 1;
};
TreeLayout tree_layout(const ContinuationTree& tree);

// The last token of a path as a label. A token that is only a part of a character is its bytes ("EC 95"), and
// the one that completes it shows the character, too ("88 안"). `before`: the bytes in front of it.
std::string step_label(const std::string& before, const std::string& bytes);

}  // namespace headlight

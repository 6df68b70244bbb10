// Pictures of how one word became its tokens: a tree of merges, rows of matches, a lattice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gui/views/explained_text.h"

namespace headlight {

// A part of a word while it was merged: one of the first parts, or what a merge made of two.
struct MergeNode {
  std::size_t first = 0;  // of the first parts; half-open
  std::size_t last = 0;
  int depth = 0;         // 0: a first part
  std::size_t step = 0;  // after which it is there
  std::size_t left = 0;  // what it was made of, among the nodes; of a first part nothing
  std::size_t right = 0;
  std::size_t gone_after = 0;  // the step that merged it into another; 0: never
  std::uint32_t rank = 0;
  std::string bytes;
};

// The first parts from left to right, then a node for every merge. Of a history whose steps were left out
// only the first parts.
std::vector<MergeNode> merge_tree(const WordSteps& history);

// The three pictures, at the cursor. `step`: how many steps are done.
void draw_merge_tree(const ShownExplanation& shown, const TokenizedWord& word, std::size_t step);
void draw_match_rows(const ShownExplanation& shown, const TokenizedWord& word, std::size_t step);
void draw_lattice(const ShownExplanation& shown, const WordLattice& lattice, std::size_t first_token);
// The tokens of a word alone, where there is no way to show.
void draw_tokens_alone(const ShownExplanation& shown, const TokenizedWord& word);

}  // namespace headlight

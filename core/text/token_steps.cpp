// The shorter answers leave out what only pictures need.
#include "core/text/token_steps.h"

#include <utility>

namespace headlight {

std::vector<MergeHistory> StepwiseTokenizer::merge_history(std::string_view text) const {
  std::vector<MergeHistory> histories;
  for (WordSteps& word : word_steps(text)) histories.push_back({word.begin, word.end, std::move(word.steps)});
  return histories;
}

std::vector<UnigramLattice> StepwiseTokenizer::lattice(std::string_view text) const {
  std::vector<UnigramLattice> lattices;
  for (const WordLattice& word : word_lattices(text)) {
    UnigramLattice& lattice = lattices.emplace_back();
    lattice.begin = word.begin;
    lattice.end = word.end;
    lattice.pieces.assign(word.pieces.begin(), word.pieces.end());
    lattice.best_log_probability = word.best_log_probability;
  }
  return lattices;
}

}  // namespace headlight

// GitHub's table syntax; a bar inside a cell is written \|.
#include "core/analysis/markdown_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace headlight {
namespace {

std::string cell_text(const std::string& token) {
  std::string cell;
  for (const char letter : token) {
    if (letter == '|' || letter == '\\' || letter == '`') cell += '\\';
    cell += letter;
  }
  return cell;
}

}  // namespace

std::string markdown_table(const Distribution& distribution, const Tokenizer& tokenizer, std::size_t count) {
  std::string table = "| rank | token | id | logit | probability |\n|---:|:---|---:|---:|---:|\n";
  double shown = 0.0;
  const std::size_t rows = std::min(count, distribution.ranked.size());
  for (std::size_t rank = 0; rank < rows; ++rank) {
    const Candidate& candidate = distribution.ranked[rank];
    shown += candidate.probability;
    table += fmt::format("| {} | \\|{}\\| | {} | {:.4f} | {:.4f}% |\n", rank + 1,
                         cell_text(visible_bytes(tokenizer.bytes(candidate.id))), candidate.id,
                         candidate.logit, 100.0 * candidate.probability);
  }
  return table + fmt::format("\n{:.2f}% of all {} tokens; entropy {:.4f} nats.\n", 100.0 * shown,
                             distribution.ranked.size(), distribution.entropy);
}

}  // namespace headlight

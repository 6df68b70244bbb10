// What kind of head each one is on this text, as numbers: how much it looks at the previous token, at the
// first one, at its own earlier occurrences, at what followed them; and how widely and how far.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/backends/backend.h"
#include "core/forward/trace.h"

namespace headlight {

// Each is a mean over queries of one row's number. A row that has no choice does not count: a query that sees
// one key only, and what is said beside each. α: the row's weights; seen: how many keys the mask leaves.
enum class HeadScore {
  previous_token,  // α on key q-1; queries from 1 on
  same_token,      // α on every key with the query's own token, itself included
  sink,            // α on key 0; queries from 1 on
  induction,       // α on the keys behind earlier occurrences of the query's token; queries that have one
  local,           // α on keys at most 4 away; queries that see one farther away
  diffuse,         // entropy / ln(seen): 0 looks at one key, 1 at all alike
  entropy,         // -Σ α ln α, in nats
  distance         // Σ α |q - key|, in tokens
};
inline constexpr std::size_t head_score_count = 8;
constexpr std::int64_t local_reach = 4;

// Of one head, by HeadScore. NaN where no query counts, and where a weight is not a number. Between two texts
// (cross-attention) only sink, diffuse and entropy mean anything; there, query 0 counts too.
struct HeadScoreRow {
  std::array<double, head_score_count> values{};
  double operator[](HeadScore score) const { return values[static_cast<std::size_t>(score)]; }
};

struct HeadScores {
  std::int64_t layers = 0, heads = 0;
  std::vector<HeadScoreRow> rows;  // [layer, head]
  const HeadScoreRow& of(std::int64_t layer, std::int64_t head) const {
    return rows[static_cast<std::size_t>(layer * heads + head)];
  }
};

// Of a complete pass; patterns that it did not keep are made some queries at a time by `backend`. `progress`
// is told the share that is done, after each few queries, and may throw to stop. Sources: previous-token,
// duplicate-token and induction heads: Olsson et al. 2022, "In-context Learning and Induction Heads"; sinks:
// Xiao et al. 2023, "Efficient Streaming Language Models with Attention Sinks".
HeadScores head_scores(const Trace& trace, Backend& backend, bool cross = false,
                       const std::function<void(float)>& progress = {});

}  // namespace headlight

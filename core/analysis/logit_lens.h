// The logit lens: what the model would say at every position if it stopped behind any of its blocks. The
// stream there goes through the final norm and the output layer, as the last one does. Source: nostalgebraist
// 2020. It is a reading with the last layer's glasses: earlier layers need not write in that language.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/backends/backend.h"
#include "core/forward/trace.h"

namespace headlight {

struct LensToken {
  TokenId id = -1;  // -1: there are not so many, or the logits are no numbers
  float logit = 0.0F;
};

// A token that is followed through the layers.
struct LensRank {
  float logit = 0.0F;
  std::int32_t rank = 0;  // 1: the likeliest, ties by id; 0 when its logit is not a number
};

// One layer at one position, over the whole vocabulary.
struct LensCell {
  std::array<LensToken, 5> top;  // likeliest first, ties by id
  double log_sum_exp = 0.0;
  double entropy = 0.0;     // in nats
  double divergence = 0.0;  // KL(the model's own output ‖ this), in nats: 0 in the last cell
  double probability(float logit) const;
};

struct LensColumn {
  std::vector<TokenId> tracked;  // the model's own likeliest tokens here, then those that were ever asked for
  std::vector<LensCell> cells;   // [layers + 1]: 0 before the first block, the last is the model's own output
  std::vector<LensRank> ranks;   // [cell, tracked]

  // Of a tracked token; nothing of any other.
  std::optional<LensRank> rank_of(TokenId id, std::size_t cell) const;
  bool tracks(TokenId id) const;
};
constexpr std::size_t lens_own_tokens = 5;  // how many of its likeliest tokens every column tracks

struct LogitLens {
  std::weak_ptr<const Trace> trace;  // not held: a long one has gigabytes
  std::shared_ptr<const Model> model;
  std::vector<TokenId> tokens;
  std::vector<TokenId> source;                             // of an encoder-decoder: what the encoder read
  bool modified = false;                                   // made under interventions
  std::vector<std::shared_ptr<const LensColumn>> columns;  // of each position; null: not made yet
};

// Which columns somebody looks at.
struct LensRequest {
  std::int64_t first = 0, last = 0;  // positions [first, last)
  std::int64_t centre = 0;           // the nearest to it are made first
  std::vector<TokenId> wanted;       // tokens to be tracked besides the model's own
  bool operator==(const LensRequest&) const = default;
};

// Whether a model gives logits to tokens, and its output layer is there: a trace from a file may come
// without.
bool has_lens(const Model& model);
// What holds of `before` for this trace: everything of the same pass, and of another text over the same
// causal model the columns of the tokens that both begin with, since none of them sees what follows. May be
// null.
LogitLens carried_lens(const std::shared_ptr<const Trace>& trace, const LogitLens* before);
// How many of the requested columns are there.
std::int64_t lens_columns_done(const LogitLens& lens, const LensRequest& request);

// `before` and what the request asks for beyond it, column by column until `enough` says so; at least one.
// Needs a complete trace of a model that has_lens(): std::logic_error. Only the reductions are kept, never
// all logits. Cells of the last layer are read from the trace: they are the model's output to the last bit.
LogitLens logit_lens(const std::shared_ptr<const Trace>& trace, Backend& backend, const LensRequest& request,
                     const LogitLens* before, const std::function<bool()>& enough);

}  // namespace headlight

// What each head is worth to one prediction: every head knocked out by itself, one run each, and what the
// model then says. Source: ablation of heads: Michel et al. 2019, "Are Sixteen Heads Really Better than
// One?"; heads behind a missing one may take its part (McGrath et al. 2023), so that the losses do not add
// up.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/backends/backend.h"
#include "core/forward/edited_runs.h"
#include "core/forward/trace.h"

namespace headlight {

// What is predicted, and how that is measured: log p(target), or, against a distractor, log p(target) -
// log p(distractor), which is the difference of their logits.
struct SweepAim {
  std::int64_t position = 0;  // behind this one
  TokenId target = 0;
  std::optional<TokenId> distractor;
  bool operator==(const SweepAim&) const = default;
};

// Of one head.
struct HeadEffect {
  double lost = 0.0;        // the measure with the head minus without it, in nats; below 0: it was in the way
  double divergence = 0.0;  // KL(with ‖ without) of the whole distribution, in nats
};

struct HeadSweep {
  std::int64_t layers = 0, heads = 0;
  SweepAim aim;
  double measure = 0.0;             // with all heads
  std::vector<HeadEffect> effects;  // [layer, head]
  const HeadEffect& of(std::int64_t layer, std::int64_t head) const {
    return effects[static_cast<std::size_t>(layer * heads + head)];
  }
};

// The likeliest token behind a position; ties by id.
TokenId likeliest_token(const Trace& trace, std::int64_t position);

// Knocks out (× 0) the result z of each head at every position. `changes` made the trace, if anything did,
// and stay in force. `progress` is told the share that is done, and may throw to stop. Errors as
// edited_runs().
HeadSweep head_sweep(const Trace& trace, Backend& backend, const SweepAim& aim, const Edits& changes = {},
                     const std::function<void(float)>& progress = {});

}  // namespace headlight

// Many changes to one text, each in a run of its own, computed together: what a sweep over all heads asks
// for.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/backends/backend.h"
#include "core/forward/forward_pass.h"
#include "core/forward/intervention.h"
#include "core/forward/trace.h"

namespace headlight {

// What is changed in one run.
using Edits = std::vector<Intervention>;

// Whether runs of this text can be computed side by side: the pass is complete, gives logits to tokens and
// reads no encoder; the weights are there, and what goes into each block, either of which a trace from a file
// may lack.
bool has_edited_runs(const Trace& trace);

// Runs `trace`'s text once for each of `runs` and tells `each` the logits [vocabulary] behind `position`, in
// an order of its own. Blocks before the first change of a run are not computed again: the trace has what
// goes into that block. A trace that is itself modified needs its changes in every run, but those before the
// block in which the run begins. `each` may throw, to stop. Throws UserError as check_intervention() does and
// for changes outside the blocks, Cancelled, and std::logic_error for a trace without edited runs.
void edited_runs(const Trace& trace, Backend& backend, std::span<const Edits> runs, std::int64_t position,
                 const std::function<void(std::size_t run, std::span<const float> logits)>& each,
                 const std::function<bool()>& cancelled = {});

}  // namespace headlight

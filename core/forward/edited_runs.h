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

// Whether runs can be computed side by side: the model gives logits to tokens, has its weights, which a trace
// from a file may lack, and reads no encoder.
bool has_edited_runs(const Model& model);

// Runs `trace`'s text once for each of `runs` and tells `each` the logits [vocabulary] behind `position`, in
// an order of its own. Blocks before the first change of a run are not computed again: the trace has what
// goes into that block. A trace that is itself modified needs its changes in every run. `each` may throw, to
// stop. Throws UserError as check_intervention() does and for changes outside the blocks, Cancelled, and
// std::logic_error for a trace that is not complete and a model without edited runs.
void edited_runs(const Trace& trace, Backend& backend, std::span<const Edits> runs, std::int64_t position,
                 const std::function<void(std::size_t run, std::span<const float> logits)>& each,
                 const std::function<bool()>& cancelled = {});

}  // namespace headlight

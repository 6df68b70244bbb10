// Values that a trace does not keep but that follow from what it keeps.
#pragma once

#include "core/forward/trace.h"

namespace headlight {

// [query, key] of one head: captured, or recomputed in float32 from rot_q and rot_k. Masked scores are -inf.
Tensor head_scores(const Trace& trace, std::int64_t layer, std::int64_t head);
Tensor head_pattern(const Trace& trace, std::int64_t layer, std::int64_t head);

}  // namespace headlight

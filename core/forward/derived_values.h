// Values that a trace does not keep but that follow from what it keeps.
#pragma once

#include "core/backends/backend.h"
#include "core/forward/trace.h"

namespace headlight {

// The hooks of one attention: to the model's own text, or (`cross`) to the encoder's.
struct AttentionHooks {
  Hook q, k, v;  // what scores are made of: turned by position where the model turns
  Hook scores, pattern, z;
};
AttentionHooks attention_hooks(const ArchitectureDescription& architecture, bool cross = false);
// Which keys a query sees, and how a score is made, without the bias of the distance.
AttentionRule attention_rule(const ArchitectureDescription& architecture, std::int64_t layer,
                             bool cross = false);
// How many keys there are: the tokens of the text, or those of the encoder's.
std::int64_t attention_keys(const Trace& trace, bool cross = false);
// Whether head_scores() and head_pattern() can be asked for this layer.
bool has_attention(const Trace& trace, std::int64_t layer, bool cross = false);

// Where the stream stands that goes into block `blocks`: of 0 blocks, what the first one reads; of all of
// them, what the last one left. With norms behind the sums, it is what they made of it.
HookPlace stream_place(const ArchitectureDescription& architecture, std::int64_t blocks);

// [query, key] of one head: captured, or recomputed in float32 from queries and keys. Masked scores are -inf.
Tensor head_scores(const Trace& trace, std::int64_t layer, std::int64_t head, bool cross = false);
Tensor head_pattern(const Trace& trace, std::int64_t layer, std::int64_t head, bool cross = false);

}  // namespace headlight

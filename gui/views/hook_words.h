// What a model's values are called, in words that are true of this model: norms before or behind, gated or
// not.
#pragma once

#include <string>

#include "core/forward/trace.h"

namespace headlight {

// A token with its spaces visible. `trace`: whose model has the tokenizer, of an encoder-decoder the
// decoder's.
std::string token_words(const Trace& trace, TokenId id);

// The pass in which a value lies: the trace, or the encoder's below it. Null when it is not there.
const Trace* trace_of_value(const Trace& trace, const ValueReference& at);
// "blocks.0.attn.hook_q"; of an encoder-decoder "decoder.blocks.0.attn.hook_q".
std::string value_name(const Trace& trace, const ValueReference& at);
// The name of the stream behind so many blocks.
std::string stream_name(const Trace& trace, std::int64_t blocks);
// Of the tensor that the value is a part of.
Shape value_shape(const Trace& trace, const ValueReference& at);

// One sentence about a hook, and the key of that sentence in assets/strings.
std::string hook_sentence_key(const ArchitectureDescription& architecture, Hook hook);
const std::string& hook_sentence(const ArchitectureDescription& architecture, Hook hook);

// "RMSNorm before attention", for the parts that the flow picture shows.
std::string part_name(const ArchitectureDescription& architecture, Hook hook);

// "RMSNorm", "GELU": the same in every language.
std::string norm_name(Norm norm);
std::string activation_name(Activation activation);

}  // namespace headlight

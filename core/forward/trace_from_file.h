// A trace that was made elsewhere: in Python, with TransformerLens or transformers, or by `headlight trace`.
#pragma once

#include <memory>
#include <string>

#include "core/base/bilingual.h"
#include "core/forward/trace.h"

namespace headlight {

struct TraceFromFile {
  // Its model has weights only when one was given, and a TracedTokenizer.
  std::shared_ptr<const Trace> trace;
  Bilingual note;  // what the file has and this program does not show; empty: nothing
};

// Reads .npz or .safetensors with the names of forward/hooks.h, with or without a batch axis of 1: `tokens`,
// the stream behind each block, and whatever else there is. `model`: the one that made it; null: sizes are
// derived from the shapes, tokens are shown by their number or by the array `token_texts`. What is missing is
// missing in the trace. `name` becomes Model::name when there is no model. Throws FileError naming the array,
// what was found and what was expected.
TraceFromFile trace_from_file(const std::string& path, std::shared_ptr<const Model> model,
                              const std::string& name);

}  // namespace headlight

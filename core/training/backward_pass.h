// The forward pass read backwards: from how the loss changes with the output to how it changes with each
// weight.
#pragma once

#include <functional>
#include <vector>

#include "core/forward/trace.h"
#include "core/training/gradient_operations.h"
#include "core/training/gradients.h"

namespace headlight {

// How the loss of one text changes with what the model said.
struct OutputGradient {
  std::vector<std::int64_t> positions;  // where it was scored; of a classifier: 0
  Tensor values;                        // [positions, vocabulary or labels]
};

// What a backward pass passes on the way down, for those who watch: the derivative with respect to the stream
// behind each block [pos, d_model], last block first; of an encoder too, behind the decoder's.
using StreamWatcher = std::function<void(bool in_encoder, std::int64_t layer, const Tensor& d_stream)>;

// Adds d loss / d weight of one text to `gradients`. `trace` holds a whole pass over a Parameters' model,
// with its patterns and, of an encoder-decoder, its source.
void backward_pass(const Trace& trace, const OutputGradient& output, GradientOperations& operations,
                   Gradients& gradients, const StreamWatcher& watcher = {});

}  // namespace headlight

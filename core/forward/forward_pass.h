// One forward pass for every model: walks the description and sends every named value through one door.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "core/backends/backend.h"
#include "core/forward/hooks.h"
#include "core/forward/intervention.h"
#include "core/forward/trace.h"

namespace headlight {

enum class MapsNeeded {
  none,
  pattern,             // and what the door gives back for it is not used
  scores_and_pattern,  // the pass goes on with what the door gives back for them
};

// Capture, intervention, cancellation and progress happen here and nowhere else.
class Door {
 public:
  virtual ~Door() = default;
  // Sees every value once, in the order of computation; the pass goes on with what it returns.
  virtual Tensor pass(Hook hook, std::int64_t layer, Tensor value) = 0;
  // Which attention maps of this layer anybody looks at: the pass never makes the others.
  virtual MapsNeeded maps_needed(std::int64_t layer) const = 0;
};

// Where a pass begins, and what it reads beside its tokens.
struct ForwardPlace {
  // Positions before this one did not change: their keys and values come from `prefix`, an earlier pass over
  // the same causal model. 0: everything is computed.
  std::int64_t first_position = 0;
  const Trace* prefix = nullptr;
  Tensor source_state;  // [source, d_model]: the encoder's last state, for a decoder
};

// Returns the last value: logits [pos, vocabulary] of the computed rows (tokens.size() - first_position),
// [1, labels] of a classifier, or the last state [pos, d_model] of a model without an output layer.
// Throws std::logic_error when tokens are empty, outside the vocabulary or beyond the context: callers check.
Tensor forward_pass(const Model& model, Backend& backend, const std::vector<TokenId>& tokens, Door& door,
                    const ForwardPlace& place = {});

// Several runs of one text side by side, in the blocks from `first_layer` on alone: rows of all runs go
// through each weight together. What is [pos, ...] in one run is [pos, run, ...] here, what is [head, query,
// key] is [run, head, query, key], with `run` joined to the axis behind it: to pos where there is no head
// axis, [pos * run, width], else to the heads, [pos, run * head, d_head]; the door sees them so. `stream` is
// what the block before left, of a whole text; returns what the last block leaves. Throws std::logic_error
// for a decoder that reads an encoder.
Tensor forward_blocks(const Model& model, Backend& backend, Tensor stream, std::int64_t runs,
                      std::int64_t first_layer, Door& door);

// What the model makes of rows of a stream that has left the last block: the final norm, where there is one,
// and the output layer, with nobody at the door. stream [pos, d_model] -> logits [pos, vocabulary].
// Throws std::logic_error when the model has no logits of tokens.
Tensor logits_of_stream(const Model& model, Backend& backend, Tensor stream);

// Which values a trace keeps.
struct CapturePlan {
  bool attention_maps = true;     // the pattern of every layer; otherwise derived on request
  bool attention_scores = false;  // with them, what softmax made them of; otherwise derived on request
  bool next_token_only =
      false;  // keep only the last value, and the keys and values that a longer text re-uses
  std::int64_t estimated_bytes = 0;
};
constexpr std::int64_t default_capture_budget = std::int64_t{1} << 30;
// The longest text that plan_capture accepts, at most the context.
std::int64_t longest_captured_text(const ArchitectureDescription& architecture,
                                   std::int64_t budget = default_capture_budget);
// Everything if it fits into `budget` bytes; else without attention maps. UserError, with numbers, if that is
// over four budgets too, and, with the default one, over a third of the machine's memory.
CapturePlan plan_capture(const ArchitectureDescription& architecture, std::int64_t positions,
                         std::int64_t budget = default_capture_budget);

struct ForwardRequest {
  std::vector<TokenId> tokens;
  std::vector<TokenId> source_tokens;  // of an encoder-decoder: what the encoder reads
  std::vector<Intervention> interventions;
  CapturePlan capture;
  std::shared_ptr<const Trace> previous;  // may be re-used where its tokens begin alike and nothing is edited
};

// Thrown at the door when `cancelled` says so.
struct Cancelled : std::runtime_error {
  Cancelled() : std::runtime_error("cancelled") {}
};

struct RunControl {
  std::function<bool()> cancelled = [] { return false; };          // polled at every hook
  std::function<void(std::shared_ptr<const Trace>)> publish = {};  // after each block
};

// Checks the request (UserError: empty, over the context, an intervention that does not fit), runs it and
// returns the complete trace.
std::shared_ptr<const Trace> run_forward(const std::shared_ptr<const Model>& model, Backend& backend,
                                         const ForwardRequest& request, const RunControl& control = {});

}  // namespace headlight

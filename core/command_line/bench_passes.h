// The passes that `headlight bench` times, and where their time goes; bench.cpp prints them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/backends/timed_backend.h"
#include "core/forward/forward_pass.h"
#include "core/model/model.h"

namespace headlight {

// Of repeated runs, in seconds, in their order.
struct Samples {
  std::vector<double> seconds;
  double median() const;
  double best() const;
};

enum class PassKind { cold, append, edit, sweep };
std::string_view pass_kind_name(PassKind kind);
// What the trace keeps: all of it, all but the attention maps, or what the next token and a longer text need.
enum class Capture { everything, rows, next_token };
std::string_view capture_name(Capture capture);

struct PassFigures {
  PassKind kind = PassKind::cold;
  Capture capture = Capture::everything;
  bool attention_maps = false;  // whether "everything" had room for them
  std::int64_t tokens = 0;      // of the text: the new one of an append with them
  std::int64_t computed = 0;    // positions; the others came from the trace before
  std::int64_t trace_bytes = 0;
  double multiply_adds = 0.0;  // of its matrix products
  double weight_bytes = 0.0;   // read by them
  Samples samples;
};

struct PassProfile {
  PassKind kind = PassKind::cold;
  std::int64_t tokens = 0;
  double seconds = 0.0;  // of the fastest run, of which the operations are
  std::vector<OperationCost> operations;
  std::vector<double> layers;  // seconds of each block, medians; the first begins with the embedding
  double after_layers = 0.0;   // the last norm and the output layer
};

// Runs passes over token ids that are made up, the same every time: id number i is (101 + 7919 i) modulo the
// vocabulary. What a pass costs does not depend on what the text says.
class PassBench {
 public:
  // Every figure is of at least `repeats` runs on this clock, after one that is not counted.
  PassBench(std::shared_ptr<const Model> model, Backend& backend, int repeats,
            SecondsClock clock = wall_seconds);

  // One pass over a whole text, each way of keeping it in turn, so that what disturbs one disturbs all.
  // Throws UserError when a text of this length cannot be kept.
  std::vector<PassFigures> cold(std::int64_t tokens, const std::vector<Capture>& captures);
  // One token more, again and again: from append_base() tokens on, eight further, and from there again.
  std::vector<PassFigures> append(const std::vector<Capture>& captures);
  // The token in the middle of append_base() tokens becomes another one each time.
  std::vector<PassFigures> edit(const std::vector<Capture>& captures);
  // A text of up to 64 tokens again and again, each time with another head knocked out: 64 heads, as evenly
  // from all layers as can be, side by side (edited_runs.h). Nothing for a model without edited runs.
  std::vector<PassFigures> sweep();
  // Everything kept. `tokens` is for cold passes.
  PassProfile profile(PassKind kind, std::int64_t tokens);

  // One cold pass over append_base() tokens, then `edits` passes that each begin with the one before; nothing
  // is timed. Returns the bytes of the last trace.
  std::int64_t run_edits(int edits);

  std::int64_t append_base() const;  // 128, or what the context leaves room for

 private:
  struct Case {
    PassFigures figures;
    CapturePlan plan;
    std::shared_ptr<const Trace> base;  // what an append or an edit begins with
    std::shared_ptr<const Trace> last;  // the run before
  };

  Case make_case(PassKind kind, Capture capture, std::int64_t tokens);
  ForwardRequest next_request(Case& each);
  double run(Case& each, Backend& backend, const RunControl& control);
  std::vector<PassFigures> measured(std::vector<Case> cases);
  std::vector<TokenId> ids(std::int64_t count) const;
  ForwardRequest request(std::vector<TokenId> tokens) const;

  std::shared_ptr<const Model> model_;
  Backend& backend_;
  int repeats_;
  SecondsClock clock_;
  std::int64_t edits_ = 0;
};

}  // namespace headlight

// The model and the worker behind the window: loads a model, runs the newest text, publishes what the views
// draw.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/distribution.h"
#include "core/analysis/head_wall.h"
#include "core/analysis/token_scores.h"
#include "core/base/bilingual.h"
#include "core/forward/trace.h"
#include "core/model/catalog.h"
#include "core/model/model.h"
#include "core/session/document.h"

namespace headlight {

class Backend;

// What the views draw. Immutable; a part is null or empty until it is known.
struct Result {
  std::shared_ptr<const Trace> trace;    // perhaps not complete: ask has()
  std::shared_ptr<const HeadWall> wall;  // of `wall_part`
  AttentionPart wall_part = AttentionPart::self;
  // After position `next_position`, or, of a masked-language model, at it. Null in models without logits of
  // tokens.
  std::shared_ptr<const Distribution> next;
  std::int64_t next_position = 0;
  std::shared_ptr<const TokenScores> scores;  // may be of an earlier text: it carries its own tokens
  double total_seconds = 0.0;                 // from the start of the job until this was published
  double share_of_weights = 1.0;              // that the device computes with; the CPU does the rest
};

enum class LoadPhase { nothing, fetching, loading, ready, failed };

struct LoadState {
  LoadPhase phase = LoadPhase::nothing;
  std::string model;  // as it was asked for
  FetchState fetch;   // while fetching
  Bilingual error;    // when failed: one sentence for the user
};

class Computation {
 public:
  // `changed` is called on a worker thread whenever something new can be drawn.
  Computation(const std::string& device, int threads, std::function<void()> changed);
  // With this backend until use_device(); threads: of the CPU that takes over when it gives up.
  Computation(std::unique_ptr<Backend> backend, int threads, std::function<void()> changed);
  ~Computation();

  // Starts fetching (if needed) and loading; what was loaded stays usable until the new one is ready.
  void open_model(const std::string& name_or_path);
  void cancel_loading();

  // Works towards this document; returns at once. Does nothing until a model is ready.
  void request(const Document& document);

  LoadState load_state() const;
  std::shared_ptr<const Model> model() const;
  Result result() const;
  Bilingual error() const;  // of the last run; empty when it went well
  bool busy() const;
  void wait_idle();  // for tests and pictures: until the load and the newest request are done

  // Goes on with another device; the document, the text and everything chosen stay. `name` as in
  // backend_list.h. When it cannot be used, error() says why and the old one stays.
  void use_device(const std::string& name);
  std::string device_name() const;  // "CPU", for the status bar
  // Once: what happened that the user did not ask for, like a GPU that gave up. Empty when nothing did.
  Bilingual take_notice();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The pass whose maps a part of attention has: the trace, or its source. Null when it is not there.
const Trace* attention_trace(const Trace* trace, AttentionPart part);

// How many tokens of a text the window runs: the context, or fewer when the values of more would not fit into
// memory.
std::int64_t runnable_positions(const Model& model);

// The tokens that fit: a text over the context is not run beyond it, and nothing is shifted silently.
std::vector<TokenId> runnable_tokens(const Model& model, const std::vector<Token>& tokens);

}  // namespace headlight

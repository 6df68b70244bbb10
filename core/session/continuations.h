// What may follow a text: a tree of chosen continuations, each with the probability of every step.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/backends/backend.h"
#include "core/forward/intervention.h"
#include "core/forward/trace.h"
#include "core/session/background.h"
#include "core/session/view_choices.h"

namespace headlight {

using TokenPath = std::vector<TokenId>;  // tokens behind a text; empty: the text itself

struct ContinuationRoot {
  std::shared_ptr<const Model> model;  // that goes from left to right to logits
  std::vector<TokenId> tokens;         // of the text
  std::vector<TokenId> source;         // of an encoder-decoder
  std::vector<Intervention> interventions;
  bool operator==(const ContinuationRoot&) const = default;
};

// The `width` likeliest paths of `depth` tokens behind `from` that a beam search finds: in each step every
// path is continued with its likeliest tokens, and the `width` best of all stay. Width 1: always the
// likeliest token. A path stops where the model ends the text.
struct Growth {
  TokenPath from;
  std::int64_t width = 1;
  std::int64_t depth = 0;  // 0: nothing grows
  bool operator==(const Growth&) const = default;
};

struct LikelyToken {
  TokenId id = 0;
  double log_probability = 0.0;  // in nats, over the whole vocabulary, temperature 1
};

struct ContinuationNode {
  TokenPath path;
  std::int64_t parent = -1;
  double step = 0.0;              // log-probability of the path's last token, given all before it; in nats
  std::int64_t rank = 0;          // of that token, 1: the likeliest; ties by id
  double log_probability = 0.0;   // of the whole path behind the text: the sum of its steps
  double entropy = 0.0;           // of what follows, in nats
  bool ends = false;              // the token says that the text ends, or the context is full
  std::vector<LikelyToken> next;  // what follows, the likeliest first
};

struct ContinuationTree {
  std::vector<ContinuationNode> nodes;  // the text first, parents before children, children as they came
  std::vector<TokenPath> grown;         // what Growth found, the likeliest first
  std::int64_t passes = 0;              // of the model, for this tree; the rest was known already
};

// Remembers what it has computed for one root. Used by one thread at a time.
class Continuations {
 public:
  static constexpr std::int64_t most_likely = 32;  // tokens in ContinuationNode::next, and the widest beam

  explicit Continuations(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}

  // `shown`: a complete trace of the same model, unedited, in which the text or more of it may already be;
  // may be null. `report`, with what is done of the whole (0 to 1), is called at every hook; what it throws
  // stops the work and is passed on. Throws UserError when the text itself cannot be run.
  ContinuationTree tree(const ContinuationRoot& root, const std::vector<TokenPath>& branches,
                        const Growth& growth, const std::shared_ptr<const Trace>& shown,
                        const std::function<void(float)>& report);
  bool gave_up() const { return backend_->gave_up(); }

 private:
  // What follows a path: a row of logits, and what was made of it.
  struct Known {
    std::shared_ptr<const Trace> trace;
    std::int64_t position = 0;
    double log_sum_exp = 0.0;
    double entropy = 0.0;
    std::vector<LikelyToken> next;
  };

  const Known& known(const TokenPath& path);
  void remember(const std::shared_ptr<const Trace>& trace, const TokenPath& path, std::size_t first);
  bool ends(const TokenPath& path) const;
  std::vector<TokenPath> grow(const Growth& growth);
  void add_branch(const TokenPath& branch, ContinuationTree& tree);

  std::unique_ptr<Backend> backend_;
  ContinuationRoot root_;
  std::map<TokenPath, Known> known_;
  std::shared_ptr<const Trace> shown_;
  std::function<void(float)> report_;
  float done_ = 0.0F;        // of the whole, before the running pass
  std::int64_t passes_ = 0;  // in this call
};

// One tree, for a worker. `shown` only saves work: it is no part of what is asked for.
struct ContinuationRequest {
  ContinuationRoot root;
  std::vector<TokenPath> branches;
  Growth growth;
  std::shared_ptr<const Trace> shown;
  std::string device = "CPU";  // as Frame::device says it; the CPU goes on where it gives up
  bool operator==(const ContinuationRequest& other) const {
    return root == other.root && branches == other.branches && growth == other.growth &&
           device == other.device;
  }
};
using ContinuationWorker = Background<ContinuationRequest, ContinuationTree>;
std::unique_ptr<ContinuationWorker> make_continuation_worker();

// The rest of `tokens` behind `root`, when they begin with all of it.
std::optional<TokenPath> path_behind(const std::vector<TokenId>& root, const std::vector<TokenId>& tokens);

// The choices with a branch more; nothing changes when it is there already or is the beginning of another. A
// branch that it goes on from is replaced by it.
NextChoices with_branch(NextChoices choices, const TokenPath& path);

}  // namespace headlight

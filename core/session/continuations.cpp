// One pass a node, over the tokens that are new in it: everything before them is re-used, and a path whose
// tokens are all new is one pass, too.
#include "core/session/continuations.h"

#include <algorithm>
#include <cmath>

#include "core/backends/backend.h"
#include "core/backends/cpu/cpu_backend.h"
#include "core/base/errors.h"
#include "core/forward/forward_pass.h"
#include "core/session/devices.h"

namespace headlight {
namespace {

// Beyond this many rows of logits, what is not needed for the newest tree is forgotten.
constexpr std::size_t most_known = 1024;

struct Beam {
  TokenPath path;
  double log_probability = 0.0;  // behind Growth::from
};

bool begins_with(const TokenPath& longer, const TokenPath& beginning) {
  return longer.size() >= beginning.size() && std::equal(beginning.begin(), beginning.end(), longer.begin());
}

// The likeliest tokens, ties by id; NaN is never likely.
std::vector<LikelyToken> likeliest(std::span<const float> logits, double log_sum_exp, std::int64_t count) {
  std::vector<TokenId> ids;
  ids.reserve(logits.size());
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (!std::isnan(logits[id])) ids.push_back(static_cast<TokenId>(id));
  }
  const auto logit = [&](TokenId id) { return logits[static_cast<std::size_t>(id)]; };
  const auto kept = static_cast<std::ptrdiff_t>(std::min(static_cast<std::size_t>(count), ids.size()));
  std::partial_sort(ids.begin(), ids.begin() + kept, ids.end(),
                    [&](TokenId a, TokenId b) { return logit(a) != logit(b) ? logit(a) > logit(b) : a < b; });
  std::vector<LikelyToken> result;
  for (auto id = ids.begin(); id != ids.begin() + kept; ++id) {
    result.push_back({*id, static_cast<double>(logit(*id)) - log_sum_exp});
  }
  return result;
}

std::int64_t rank_of(std::span<const float> logits, TokenId id) {
  const float own = logits[static_cast<std::size_t>(id)];
  std::int64_t rank = 1;
  for (std::size_t other = 0; other < logits.size(); ++other) {
    if (logits[other] > own || (logits[other] == own && static_cast<TokenId>(other) < id)) ++rank;
  }
  return rank;
}

}  // namespace

// Rows of logits for the path's prefixes of `first` tokens and more.
void Continuations::remember(const std::shared_ptr<const Trace>& trace, const TokenPath& path,
                             std::size_t first) {
  for (std::size_t length = first; length <= path.size(); ++length) {
    TokenPath prefix(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(length));
    if (known_.contains(prefix)) continue;
    Known known;
    known.trace = trace;
    known.position = static_cast<std::int64_t>(root_.tokens.size() + length) - 1;
    const std::span<const float> logits = trace->row(Hook::logits, 0, known.position);
    float largest = -INFINITY;
    for (const float logit : logits) {
      if (logit > largest) largest = logit;
    }
    double sum = 0.0, weighted = 0.0;
    for (const float logit : logits) {
      if (std::isnan(logit)) continue;
      const double above = static_cast<double>(logit) - static_cast<double>(largest);
      const double part = std::exp(above);
      sum += part;
      if (part > 0.0) weighted += part * above;
    }
    known.log_sum_exp = static_cast<double>(largest) + std::log(sum);
    known.entropy = std::log(sum) - weighted / sum;
    known.next = likeliest(logits, known.log_sum_exp, most_likely);
    known_.emplace(std::move(prefix), std::move(known));
  }
}

const Continuations::Known& Continuations::known(const TokenPath& path) {
  if (const auto found = known_.find(path); found != known_.end()) return found->second;
  std::vector<TokenId> tokens = root_.tokens;
  tokens.insert(tokens.end(), path.begin(), path.end());
  if (shown_ && shown_->tokens().size() >= tokens.size() && begins_with(shown_->tokens(), tokens)) {
    remember(shown_, path, 0);
    return known_.at(path);
  }
  ForwardRequest request;
  request.tokens = std::move(tokens);
  request.source_tokens = root_.source;
  request.interventions = root_.interventions;
  request.capture.next_token_only = true;
  request.previous = shown_;
  std::size_t first = 0;  // the shortest prefix that is not known
  for (std::size_t length = path.size(); length-- > 0;) {
    const TokenPath prefix(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(length));
    const auto found = known_.find(prefix);
    if (found == known_.end()) continue;
    request.previous = found->second.trace;
    first = length + 1;
    break;
  }
  RunControl control;
  control.cancelled = [this] {
    report_(done_);
    return false;
  };
  const auto trace = run_forward(root_.model, *backend_, request, control);
  ++passes_;
  remember(trace, path, first);
  return known_.at(path);
}

bool Continuations::ends(const TokenPath& path) const {
  const auto context = static_cast<std::size_t>(root_.model->architecture.context);
  if (root_.tokens.size() + path.size() > context) return true;
  if (path.empty() || !root_.model->tokenizer) return false;
  const Tokenizer& tokenizer = *root_.model->tokenizer;
  const std::vector<TokenId>& ends = tokenizer.named_tokens().ends;
  return path.back() == tokenizer.end_of_text() ||
         std::find(ends.begin(), ends.end(), path.back()) != ends.end();
}

std::vector<TokenPath> Continuations::grow(const Growth& growth) {
  if (growth.depth <= 0) return {};
  const auto width = static_cast<std::size_t>(std::clamp<std::int64_t>(growth.width, 1, most_likely));
  std::vector<Beam> beams = {{growth.from, 0.0}};
  const float step = 1.0F / static_cast<float>(growth.depth);
  for (std::int64_t depth = 0; depth < growth.depth; ++depth) {
    std::vector<Beam> longer;
    for (std::size_t i = 0; i < beams.size(); ++i) {
      done_ = step * (static_cast<float>(depth) + static_cast<float>(i) / static_cast<float>(beams.size()));
      const Beam& beam = beams[i];
      if (ends(beam.path)) {
        longer.push_back(beam);
        continue;
      }
      const Known& here = known(beam.path);
      for (std::size_t rank = 0; rank < std::min(width, here.next.size()); ++rank) {
        Beam next = beam;
        next.path.push_back(here.next[rank].id);
        next.log_probability += here.next[rank].log_probability;
        longer.push_back(std::move(next));
      }
    }
    std::stable_sort(longer.begin(), longer.end(),
                     [](const Beam& a, const Beam& b) { return a.log_probability > b.log_probability; });
    if (longer.size() > width) longer.resize(width);
    beams = std::move(longer);
  }
  std::vector<TokenPath> paths;
  for (Beam& beam : beams) {
    if (beam.path.size() > growth.from.size()) paths.push_back(std::move(beam.path));
  }
  return paths;
}

void Continuations::add_branch(const TokenPath& branch, ContinuationTree& tree) {
  std::int64_t parent = 0;
  for (std::size_t length = 1; length <= branch.size(); ++length) {
    if (tree.nodes[static_cast<std::size_t>(parent)].ends) return;
    const TokenPath path(branch.begin(), branch.begin() + static_cast<std::ptrdiff_t>(length));
    const auto same = std::find_if(tree.nodes.begin(), tree.nodes.end(),
                                   [&](const ContinuationNode& node) { return node.path == path; });
    if (same != tree.nodes.end()) {
      parent = same - tree.nodes.begin();
      continue;
    }
    const ContinuationNode& before = tree.nodes[static_cast<std::size_t>(parent)];
    const Known& known_before = known(before.path);
    const std::span<const float> logits = known_before.trace->row(Hook::logits, 0, known_before.position);
    const TokenId id = path.back();
    if (id < 0 || static_cast<std::size_t>(id) >= logits.size()) return;  // of another vocabulary
    ContinuationNode node;
    node.path = path;
    node.parent = parent;
    node.step = static_cast<double>(logits[static_cast<std::size_t>(id)]) - known_before.log_sum_exp;
    node.rank = rank_of(logits, id);
    node.log_probability = before.log_probability + node.step;
    node.ends = ends(path);
    if (!node.ends) {
      const Known& behind = known(path);
      node.entropy = behind.entropy;
      node.next = behind.next;
    }
    parent = static_cast<std::int64_t>(tree.nodes.size());
    tree.nodes.push_back(std::move(node));
  }
}

ContinuationTree Continuations::tree(const ContinuationRoot& root, const std::vector<TokenPath>& branches,
                                     const Growth& growth, const std::shared_ptr<const Trace>& shown,
                                     const std::function<void(float)>& report) {
  if (!(root == root_) || known_.size() > most_known) known_.clear();
  root_ = root;
  report_ = report;
  const bool same_source =
      !shown || (shown->source() ? shown->source()->tokens() == root.source : root.source.empty());
  shown_ = same_source ? shown : nullptr;
  passes_ = 0;
  done_ = 0.0F;
  ContinuationTree tree;
  tree.grown = grow(growth);
  const Known& text = known({});
  tree.nodes.push_back({{}, -1, 0.0, 0, 0.0, text.entropy, false, text.next});
  // What is new in a branch is one pass, not one for each of its tokens.
  for (std::size_t i = 0; i < branches.size(); ++i) {
    done_ = growth.depth > 0 ? 1.0F : static_cast<float>(i) / static_cast<float>(branches.size());
    TokenPath runnable = branches[i];
    for (std::size_t length = 1; length <= runnable.size(); ++length) {
      const TokenPath beginning(runnable.begin(), runnable.begin() + static_cast<std::ptrdiff_t>(length));
      const TokenId id = beginning.back();
      const bool is_token = id >= 0 && id < root_.model->architecture.vocabulary;
      if (!ends(beginning) && is_token) continue;
      runnable.resize(length - 1);
    }
    known(runnable);
    add_branch(branches[i], tree);
  }
  tree.passes = passes_;
  return tree;
}

std::unique_ptr<ContinuationWorker> make_continuation_worker() {
  // Made by the thread that works, and used by no other.
  struct Kept {
    std::string device;
    std::unique_ptr<Continuations> continuations;
  };
  return std::make_unique<ContinuationWorker>(
      [kept = std::make_shared<Kept>()](const ContinuationRequest& request, const Progress& progress) {
        const auto tree = [&] {
          return kept->continuations->tree(request.root, request.branches, request.growth, request.shown,
                                           [&](float done) { progress.report(done); });
        };
        if (!kept->continuations || kept->device != request.device) {
          kept->continuations = std::make_unique<Continuations>(make_worker_backend(request.device, 0));
          kept->device = request.device;
        }
        try {
          ContinuationTree made = tree();
          if (!kept->continuations->gave_up()) return made;
        } catch (const DeviceError&) {  // the window's own worker says so
        }
        kept->continuations = std::make_unique<Continuations>(make_cpu_backend(0));
        return tree();
      });
}

std::optional<TokenPath> path_behind(const std::vector<TokenId>& root, const std::vector<TokenId>& tokens) {
  if (!begins_with(tokens, root)) return std::nullopt;
  return TokenPath(tokens.begin() + static_cast<std::ptrdiff_t>(root.size()), tokens.end());
}

NextChoices with_branch(NextChoices choices, const TokenPath& path) {
  if (path.empty()) return choices;
  for (TokenPath& branch : choices.branches) {
    if (begins_with(branch, path)) return choices;
    if (begins_with(path, branch)) {
      branch = path;
      return choices;
    }
  }
  choices.branches.push_back(path);
  return choices;
}

}  // namespace headlight

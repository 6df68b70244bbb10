// The door that everyone uses: applies interventions, keeps the values, publishes layers, stops when told to,
// and joins re-used rows of an earlier trace with the fresh ones.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/base/errors.h"
#include "core/forward/forward_pass.h"

namespace headlight {
namespace {

bool is_attention_map(Hook hook) { return hook == Hook::attn_scores || hook == Hook::pattern; }

bool is_kept(Hook hook, const CapturePlan& plan) {
  if (plan.next_token_only) return hook == Hook::rot_k || hook == Hook::v || hook == Hook::logits;
  return plan.attention_maps || !is_attention_map(hook);
}

// Rows [0, first) of `old` followed by `fresh`; for [head, query, key] also widened or cut to the new key
// count.
Tensor joined(Hook hook, const Tensor& old, const Tensor& fresh, std::int64_t first) {
  if (first == 0) return fresh;
  Shape shape = fresh.shape();
  if (!is_attention_map(hook)) {
    shape[0] += first;
    Tensor all(std::move(shape));
    const std::int64_t row = fresh.size() / fresh.axis(0);
    std::copy_n(old.data(), first * row, all.writable());
    std::copy_n(fresh.data(), fresh.size(), all.writable() + first * row);
    return all;
  }
  const std::int64_t heads = shape[0];
  const std::int64_t fresh_rows = shape[1];
  const std::int64_t keys = shape[2];
  const std::int64_t old_rows = old.axis(1);
  const std::int64_t old_keys = old.axis(2);
  shape[1] += first;
  Tensor all(std::move(shape));
  const float masked = hook == Hook::attn_scores ? -INFINITY : 0.0F;
  float* out = all.writable();
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t query = 0; query < first; ++query, out += keys) {
      std::copy_n(old.data() + (head * old_rows + query) * old_keys, std::min(keys, old_keys), out);
      if (keys > old_keys) std::fill(out + old_keys, out + keys, masked);
    }
    out = std::copy_n(fresh.data() + head * fresh_rows * keys, fresh_rows * keys, out);
  }
  return all;
}

class TracingDoor : public Door {
 public:
  TracingDoor(const std::shared_ptr<const Model>& model, const ForwardRequest& request,
              const RunControl& control, std::int64_t first_position)
      : request_(request),
        control_(control),
        first_position_(first_position),
        trace_(std::make_shared<Trace>(model, request.tokens)) {
    trace_->reused_positions = first_position;
    trace_->modified = !request.interventions.empty();
  }

  Tensor pass(Hook hook, std::int64_t layer, Tensor value) override {
    if (control_.cancelled && control_.cancelled()) throw Cancelled();
    for (const Intervention& intervention : request_.interventions) {
      if (intervention.hook == hook && intervention.layer == layer) {
        value = applied(intervention, value, first_position_);
      }
    }
    if (is_kept(hook, request_.capture)) keep(hook, layer, value);
    if (hook == Hook::resid_post && control_.publish)
      control_.publish(std::make_shared<const Trace>(*trace_));
    return value;
  }

  bool needs_attention_maps(std::int64_t layer) const override {
    return is_kept(Hook::pattern, request_.capture) ||
           std::any_of(request_.interventions.begin(), request_.interventions.end(),
                       [&](const Intervention& i) { return i.layer == layer && is_attention_map(i.hook); });
  }

  std::shared_ptr<Trace> trace() const { return trace_; }

 private:
  void keep(Hook hook, std::int64_t layer, const Tensor& value) {
    trace_->set(hook, layer,
                first_position_ == 0
                    ? value
                    : joined(hook, request_.previous->at(hook, layer), value, first_position_));
  }

  const ForwardRequest& request_;
  const RunControl& control_;
  std::int64_t first_position_;
  std::shared_ptr<Trace> trace_;
};

// How many leading positions an earlier trace can give: those whose tokens did not change. The last position
// is always computed. Nothing is re-used while something is edited: the edit may reach every row.
std::int64_t reusable_positions(const std::shared_ptr<const Model>& model, const ForwardRequest& request) {
  const Trace* previous = request.previous.get();
  if (!previous || previous->shared_model() != model || !previous->complete() || previous->modified ||
      !request.interventions.empty()) {
    return 0;
  }
  for (const HookInfo& info : all_hooks()) {
    if (is_kept(info.hook, request.capture) && !previous->has(info.hook)) return 0;
  }
  const auto limit = std::min(previous->tokens().size(), request.tokens.size() - 1);
  std::size_t same = 0;
  while (same < limit && previous->tokens()[same] == request.tokens[same]) ++same;
  return static_cast<std::int64_t>(same);
}

}  // namespace

namespace {

struct CaptureBytes {
  double rows = 0.0;  // of what has one row a position
  double maps = 0.0;  // of what has a cell for each pair of positions
};

CaptureBytes capture_bytes(const ArchitectureDescription& architecture, std::int64_t positions) {
  CaptureBytes bytes;
  for (const HookInfo& info : all_hooks()) {
    double values = info.in_block ? static_cast<double>(architecture.layers) : 1.0;
    for (const std::int64_t length : hook_shape(info.hook, architecture, positions)) {
      values *= static_cast<double>(length);
    }
    (is_attention_map(info.hook) ? bytes.maps : bytes.rows) += values * sizeof(float);
  }
  return bytes;
}

// Rows are worth four budgets before a text is refused: without them there is nothing to look at.
double row_limit(std::int64_t budget) { return 4.0 * static_cast<double>(budget); }

}  // namespace

std::int64_t longest_captured_text(const ArchitectureDescription& architecture, std::int64_t budget) {
  const double fitting = row_limit(budget) / capture_bytes(architecture, 1).rows;
  return fitting < static_cast<double>(architecture.context) ? static_cast<std::int64_t>(fitting)
                                                             : architecture.context;
}

CapturePlan plan_capture(const ArchitectureDescription& architecture, std::int64_t positions,
                         std::int64_t budget) {
  const CaptureBytes bytes = capture_bytes(architecture, positions);
  if (bytes.rows > row_limit(budget)) {
    throw UserError(fmt::format(
        "{} tokens of this model need {:.1f} GB for their values, but at most {:.1f} GB are kept. Shorten "
        "the text to "
        "{} tokens.",
        positions, bytes.rows / 1e9, row_limit(budget) / 1e9, longest_captured_text(architecture, budget)));
  }
  CapturePlan plan;
  plan.attention_maps = bytes.rows + bytes.maps <= static_cast<double>(budget);
  plan.estimated_bytes =
      static_cast<std::int64_t>(plan.attention_maps ? bytes.rows + bytes.maps : bytes.rows);
  return plan;
}

std::shared_ptr<const Trace> run_forward(const std::shared_ptr<const Model>& model, Backend& backend,
                                         const ForwardRequest& request, const RunControl& control) {
  const ArchitectureDescription& architecture = model->architecture;
  const auto positions = static_cast<std::int64_t>(request.tokens.size());
  if (positions == 0) throw UserError("the text has no tokens; give at least one character.");
  if (positions > architecture.context) {
    throw UserError(fmt::format("the text has {} tokens, but this model was trained for {}; shorten it.",
                                positions, architecture.context));
  }
  for (const TokenId id : request.tokens) {
    if (id < 0 || id >= architecture.vocabulary) {
      throw UserError(fmt::format("token id {} does not exist; this model has ids 0 to {}.", id,
                                  architecture.vocabulary - 1));
    }
  }
  for (const Intervention& intervention : request.interventions) {
    check_intervention(intervention, architecture, positions);
  }
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t first_position = reusable_positions(model, request);
  TracingDoor door(model, request, control, first_position);
  forward_pass(*model, backend, request.tokens, door, request.previous.get(), first_position);
  const std::shared_ptr<Trace> trace = door.trace();
  trace->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return trace;
}

}  // namespace headlight

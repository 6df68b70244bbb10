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

bool is_kept(Hook hook, const CapturePlan& plan, const ArchitectureDescription& architecture) {
  if (plan.next_token_only) {
    return hook == key_hook(architecture) || hook == Hook::v || hook == last_hook(architecture);
  }
  return plan.attention_maps || !is_attention_map(hook);
}

// Rows [0, first) of `old` followed by `fresh`; for [head, query, key] also widened or cut to the new key
// count. What has a row for each position of the source is always complete.
Tensor joined(Hook hook, const Tensor& old, const Tensor& fresh, std::int64_t first) {
  if (first == 0 || hook_info(hook).axes[0] == Axis::source) return fresh;
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
  const float masked = hook == Hook::attn_scores ? -INFINITY : 0.0F;  // sources are never cut
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
  // The positions that the trace says are re-used come from `previous`.
  TracingDoor(const ForwardRequest& request, const RunControl& control, std::shared_ptr<Trace> trace,
              const Trace* previous, bool is_encoder)
      : request_(request),
        control_(control),
        trace_(std::move(trace)),
        previous_(previous),
        is_encoder_(is_encoder),
        first_position_(trace_->reused_positions) {}

  Tensor pass(Hook hook, std::int64_t layer, Tensor value) override {
    if (control_.cancelled && control_.cancelled()) throw Cancelled();
    const ArchitectureDescription& architecture = trace_->model().architecture;
    for (const Intervention& intervention : request_.interventions) {
      if (intervention.in_encoder == is_encoder_ && intervention.hook == hook &&
          intervention.layer == layer) {
        value = applied(intervention, value, first_position_, architecture);
      }
    }
    if (is_kept(hook, request_.capture, architecture)) {
      trace_->set(
          hook, layer,
          first_position_ == 0 ? value : joined(hook, previous_->at(hook, layer), value, first_position_));
    }
    if (hook == Hook::resid_post && !is_encoder_ && control_.publish) {
      control_.publish(std::make_shared<const Trace>(*trace_));
    }
    return value;
  }

  bool needs_attention_maps(std::int64_t layer) const override {
    return is_kept(Hook::pattern, request_.capture, trace_->model().architecture) ||
           std::any_of(request_.interventions.begin(), request_.interventions.end(),
                       [&](const Intervention& i) { return i.layer == layer && is_attention_map(i.hook); });
  }

 private:
  const ForwardRequest& request_;
  const RunControl& control_;
  std::shared_ptr<Trace> trace_;
  const Trace* previous_;
  bool is_encoder_;
  std::int64_t first_position_;
};

// Whether what `previous` kept is what this request would keep, from the same unedited model.
bool keeps_the_same(const Trace* previous, const Model& model, const ForwardRequest& request) {
  if (previous == nullptr || &previous->model() != &model || !previous->complete() || previous->modified ||
      !request.interventions.empty()) {
    return false;
  }
  return std::all_of(all_hooks().begin(), all_hooks().end(), [&](const HookInfo& info) {
    return !has_hook(info.hook, model.architecture) ||
           !is_kept(info.hook, request.capture, model.architecture) || previous->has(info.hook);
  });
}

// Dynamic scaling turns every position by another angle once the text is longer than the trained context.
bool rotation_depends_on_length(const Rotary& rotary, std::size_t positions) {
  return rotary.dimensions > 0 && rotary.scaling == RotaryScaling::dynamic &&
         static_cast<std::int64_t>(positions) > rotary.original_context;
}

// How many leading positions an earlier trace can give: those whose tokens did not change, in a model that
// looks only backwards. The last position is always computed. Nothing is re-used while something is edited:
// the edit may reach every row.
std::int64_t reusable_positions(const Model& model, const ForwardRequest& request, const Trace* source) {
  const Trace* previous = request.previous.get();
  if (!model.architecture.causal || !keeps_the_same(previous, model, request) ||
      previous->source().get() != source) {
    return 0;
  }
  for (const Rotary* rotary : {&model.architecture.rotary, &model.architecture.local_rotary}) {
    if (rotation_depends_on_length(*rotary, previous->tokens().size()) ||
        rotation_depends_on_length(*rotary, request.tokens.size())) {
      return 0;
    }
  }
  const auto limit = std::min(previous->tokens().size(), request.tokens.size() - 1);
  std::size_t same = 0;
  while (same < limit && previous->tokens()[same] == request.tokens[same]) ++same;
  return static_cast<std::int64_t>(same);
}

// The encoder's pass over the source text: the earlier one where nothing changed.
std::shared_ptr<const Trace> run_encoder(const std::shared_ptr<const Model>& encoder, Backend& backend,
                                         const ForwardRequest& request, const RunControl& control) {
  const std::shared_ptr<const Trace> earlier = request.previous ? request.previous->source() : nullptr;
  if (keeps_the_same(earlier.get(), *encoder, request) && earlier->tokens() == request.source_tokens) {
    return earlier;
  }
  const auto trace = std::make_shared<Trace>(encoder, request.source_tokens);
  trace->modified = !request.interventions.empty();
  TracingDoor door(request, control, trace, nullptr, /*is_encoder=*/true);
  forward_pass(*encoder, backend, request.source_tokens, door);
  return trace;
}

// Throws UserError when these tokens cannot be computed; `what` is what a person calls them.
void check_tokens(const std::vector<TokenId>& tokens, const ArchitectureDescription& architecture,
                  std::string_view what) {
  if (tokens.empty())
    throw UserError(fmt::format("the {} has no tokens; give at least one character.", what));
  if (static_cast<std::int64_t>(tokens.size()) > architecture.context) {
    throw UserError(fmt::format("the {} has {} tokens, but this model was trained for {}; shorten it.", what,
                                tokens.size(), architecture.context));
  }
  for (const TokenId id : tokens) {
    if (id < 0 || id >= architecture.vocabulary) {
      throw UserError(fmt::format("token id {} does not exist; this model has ids 0 to {}.", id,
                                  architecture.vocabulary - 1));
    }
  }
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
    if (!has_hook(info.hook, architecture)) continue;
    double values = info.in_block ? static_cast<double>(architecture.layers) : 1.0;
    for (const std::int64_t length : hook_shape(info.hook, architecture, positions, positions)) {
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
  check_tokens(request.tokens, model->architecture, "text");
  if (model->encoder) check_tokens(request.source_tokens, model->encoder->architecture, "source text");
  if (!model->encoder && !request.source_tokens.empty()) {
    throw UserError("this model has no encoder, so it cannot read a source text; leave it out.");
  }
  for (const Intervention& intervention : request.interventions) {
    check_intervention(intervention, *model, static_cast<std::int64_t>(request.tokens.size()),
                       static_cast<std::int64_t>(request.source_tokens.size()));
  }
  const auto start = std::chrono::steady_clock::now();
  const auto trace = std::make_shared<Trace>(model, request.tokens);
  trace->modified = !request.interventions.empty();
  ForwardPlace place;
  if (model->encoder) {
    trace->set_source(run_encoder(model->encoder, backend, request, control));
    place.source_state = trace->source()->at(last_hook(model->encoder->architecture),
                                             last_layer(model->encoder->architecture));
  }
  place.first_position = reusable_positions(*model, request, trace->source().get());
  place.prefix = request.previous.get();
  trace->reused_positions = place.first_position;
  TracingDoor door(request, control, trace, request.previous.get(), /*is_encoder=*/false);
  forward_pass(*model, backend, request.tokens, door, place);
  trace->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return trace;
}

}  // namespace headlight

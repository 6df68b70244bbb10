// The door that everyone uses: applies interventions, keeps the values, publishes layers, stops when told to,
// and joins re-used rows of an earlier trace with the fresh ones.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/base/errors.h"
#include "core/base/memory.h"
#include "core/base/said_in_both.h"
#include "core/forward/forward_pass.h"

namespace headlight {
namespace {

bool is_kept(Hook hook, const CapturePlan& plan, const ArchitectureDescription& architecture) {
  if (plan.next_token_only) {
    return hook == key_hook(architecture) || hook == Hook::v || hook == last_hook(architecture);
  }
  if (!is_attention_map(hook)) return true;
  const bool is_score = hook == Hook::attn_scores || hook == Hook::cross_attn_scores;
  return plan.attention_maps && (plan.attention_scores || !is_score);
}

// Edits what is to be edited, keeps what is to be kept, and tells how far the pass is.
class TracingDoor : public Door {
 public:
  TracingDoor(const ForwardRequest& request, const RunControl& control, Backend& backend,
              std::shared_ptr<Trace> trace, bool is_encoder)
      : request_(request),
        control_(control),
        backend_(backend),
        trace_(std::move(trace)),
        is_encoder_(is_encoder) {}

  Tensor pass(Hook hook, std::int64_t layer, Tensor value) override {
    if (control_.cancelled && control_.cancelled()) throw Cancelled();
    const ArchitectureDescription& architecture = trace_->model().architecture;
    std::vector<RunEdit> edits;
    for (const Intervention& intervention : request_.interventions) {
      if (intervention.in_encoder == is_encoder_ && intervention.hook == hook && intervention.layer == layer)
        edits.push_back({.edit = &intervention});
    }
    if (!edits.empty())
      value = applied(edits, value, {.first_position = trace_->reused_positions}, backend_, architecture);
    // Edited scores do not follow from queries and keys any more: they are kept.
    if (is_kept(hook, request_.capture, architecture) || (is_attention_map(hook) && edits_maps(layer))) {
      trace_->set(hook, layer, value);
    }
    if (hook == Hook::resid_post && !is_encoder_ && control_.publish) {
      control_.publish(std::make_shared<const Trace>(*trace_));
    }
    return value;
  }

  MapsNeeded maps_needed(std::int64_t layer) const override {
    const ArchitectureDescription& architecture = trace_->model().architecture;
    if (is_kept(Hook::attn_scores, request_.capture, architecture) || edits_maps(layer)) {
      return MapsNeeded::scores_and_pattern;
    }
    return is_kept(Hook::pattern, request_.capture, architecture) ? MapsNeeded::pattern : MapsNeeded::none;
  }

 private:
  bool edits_maps(std::int64_t layer) const {
    return std::any_of(request_.interventions.begin(), request_.interventions.end(),
                       [&](const Intervention& i) { return i.layer == layer && is_attention_map(i.hook); });
  }

  const ForwardRequest& request_;
  const RunControl& control_;
  Backend& backend_;
  std::shared_ptr<Trace> trace_;
  bool is_encoder_;
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
  TracingDoor door(request, control, backend, trace, /*is_encoder=*/true);
  forward_pass(*encoder, backend, request.source_tokens, door);
  return trace;
}

// Throws UserError when these tokens cannot be computed; `what` is what a person calls them.
void check_tokens(const std::vector<TokenId>& tokens, const ArchitectureDescription& architecture,
                  const Bilingual& what) {
  if (tokens.empty()) {
    throw told<UserError>("the {} has no tokens; give at least one character.",
                          "{}: 토큰이 없습니다. 한 글자 이상 적어 주세요.", what);
  }
  if (static_cast<std::int64_t>(tokens.size()) > architecture.context) {
    throw told<UserError>("the {} has {} tokens, but this model was trained for {}; shorten it.",
                          "{}: 토큰이 {}개인데, 이 모델은 {}개까지 학습했습니다. 글을 줄여 주세요.", what,
                          tokens.size(), architecture.context);
  }
  for (const TokenId id : tokens) {
    if (id < 0 || id >= architecture.vocabulary) {
      throw told<UserError>("token id {} does not exist; this model has ids 0 to {}.",
                            "없는 토큰 번호입니다: {}. 이 모델의 번호는 0부터 {}까지입니다.", id,
                            architecture.vocabulary - 1);
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
    if (!has_hook(info.hook, architecture) || !is_kept(info.hook, CapturePlan(), architecture)) continue;
    double values = info.in_block ? static_cast<double>(architecture.layers) : 1.0;
    for (const std::int64_t length : hook_shape(info.hook, architecture, positions, positions)) {
      values *= static_cast<double>(length);
    }
    (is_attention_map(info.hook) ? bytes.maps : bytes.rows) += values * sizeof(float);
  }
  return bytes;
}

// Rows are worth four budgets before a text is refused: without them there is nothing to look at. With the
// program's own budget they may take more where there is more: a third of all memory, because the text before
// an edit and the one after it are there together. It does not ask what is free, which changes while
// somebody types.
double row_limit(std::int64_t budget) {
  static const double third = static_cast<double>(total_memory().value_or(0)) / 3.0;
  const double least = 4.0 * static_cast<double>(budget);
  return budget == default_capture_budget ? std::max(least, third) : least;
}

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
    throw told<UserError>(
        "{} tokens of this model need {:.1f} GB for their values, but at most {:.1f} GB are kept. Shorten "
        "the "
        "text to {} tokens.",
        "이 모델에서 토큰 {}개의 값을 보관하려면 {:.1f} GB가 필요한데, {:.1f} GB까지만 보관합니다. 글을 토큰 "
        "{}개로 줄여 주세요.",
        positions, bytes.rows / 1e9, row_limit(budget) / 1e9, longest_captured_text(architecture, budget));
  }
  CapturePlan plan;
  plan.attention_maps = bytes.rows + bytes.maps <= static_cast<double>(budget);
  plan.estimated_bytes =
      static_cast<std::int64_t>(plan.attention_maps ? bytes.rows + bytes.maps : bytes.rows);
  return plan;
}

std::shared_ptr<const Trace> run_forward(const std::shared_ptr<const Model>& model, Backend& backend,
                                         const ForwardRequest& request, const RunControl& control) {
  check_tokens(request.tokens, model->architecture, {"text", "글"});
  if (model->encoder)
    check_tokens(request.source_tokens, model->encoder->architecture, {"source text", "원문"});
  if (!model->encoder && !request.source_tokens.empty()) {
    throw told<UserError>("this model has no encoder, so it cannot read a source text; leave it out.",
                          "이 모델에는 인코더가 없어 원문을 읽지 못합니다. 원문을 빼 주세요.");
  }
  for (const Intervention& intervention : request.interventions) {
    check_intervention(intervention, *model, static_cast<std::int64_t>(request.tokens.size()),
                       static_cast<std::int64_t>(request.source_tokens.size()));
  }
  const auto start = std::chrono::steady_clock::now();
  ForwardPlace place;
  std::shared_ptr<const Trace> source;
  if (model->encoder) {
    source = run_encoder(model->encoder, backend, request, control);
    place.source_state =
        source->at(last_hook(model->encoder->architecture), last_layer(model->encoder->architecture));
  }
  place.first_position = reusable_positions(*model, request, source.get());
  place.prefix = request.previous.get();
  const auto trace =
      place.first_position > 0
          ? std::make_shared<Trace>(model, request.tokens, *request.previous, place.first_position)
          : std::make_shared<Trace>(model, request.tokens);
  trace->modified = !request.interventions.empty();
  trace->set_source(std::move(source));
  TracingDoor door(request, control, backend, trace, /*is_encoder=*/false);
  forward_pass(*model, backend, request.tokens, door, place);
  backend.finish();
  trace->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return trace;
}

}  // namespace headlight

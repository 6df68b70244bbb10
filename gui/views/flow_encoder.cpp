// Translates between tokens of the source text and tokens of "the" text.
#include "gui/views/flow_encoder.h"

#include <variant>

namespace headlight {
namespace {

// As the encoder itself would name it; nothing of a value that lies in the decoder.
std::optional<ValueReference> inside(std::optional<ValueReference> value) {
  if (!value || !value->in_encoder) return std::nullopt;
  value->in_encoder = false;
  return value;
}

}  // namespace

EncoderFrame::EncoderFrame(const Frame& frame) : outer_(frame), document_(frame.document) {
  document_.query = frame.document.source_query;
  document_.key = frame.document.source_key;
  document_.value = inside(frame.document.value);
  document_.candidate.reset();
  result_.trace = frame.trace()->source();
  hover_.query = frame.hover.source_query;
  hover_.key = frame.hover.source_key;
  hover_.head = frame.hover.head;
  hover_.value = inside(frame.hover.value);
}

Frame EncoderFrame::frame() const {
  return {.document = document_,
          .settings = outer_.settings,
          .hover = hover_,
          .tokens = outer_.tokens,
          .model = outer_.model,
          .result = result_,
          .load = outer_.load,
          .error = outer_.error,
          .device = outer_.device,
          .busy = outer_.busy,
          .generating = outer_.generating,
          .paused = outer_.paused,
          .can_undo = outer_.can_undo,
          .can_redo = outer_.can_redo,
          .examples = outer_.examples,
          .lessons = outer_.lessons,
          .highlights = outer_.highlights,
          .focus_prompt = outer_.focus_prompt,
          .frame_seconds = outer_.frame_seconds,
          .seconds = outer_.seconds,
          .tasks = outer_.tasks,
          .learning = outer_.learning};
}

void EncoderFrame::pass_on(Commands& inner, Commands& commands) {
  for (const Command& edit : inner.edits()) {
    if (const auto* query = std::get_if<SelectQuery>(&edit)) {
      commands.edit(SelectSourceQuery{query->position});
    } else if (const auto* key = std::get_if<SelectKey>(&edit)) {
      commands.edit(SelectSourceKey{key->position});
    } else if (const auto* chosen = std::get_if<SelectValue>(&edit)) {
      SelectValue value = *chosen;
      if (value.value) value.value->in_encoder = true;
      commands.edit(value);
    } else {
      commands.edit(edit);
    }
  }
  for (const Action& action : inner.actions()) commands.act(action);
  const Hover& pointed = inner.hover();
  Hover& hover = commands.hover();
  if (pointed.query) hover.source_query = pointed.query;
  if (pointed.key) hover.source_key = pointed.key;
  if (pointed.head) hover.head = pointed.head;
  if (pointed.value) {
    hover.value = pointed.value;
    hover.value->in_encoder = true;
  }
  if (inner.is_pending()) commands.pending();
  if (inner.animating()) commands.animate();
}

}  // namespace headlight

// A token of the source text is a query of the encoder and a key of the decoder: both are set together.
#include "gui/views/prompt_text.h"

namespace headlight {

std::optional<std::int64_t> hovered_token(PromptText which, const Frame& frame) {
  if (which == PromptText::own) return frame.hover.query;
  return frame.hover.source_key ? frame.hover.source_key : frame.hover.source_query;
}

std::optional<std::int64_t> locked_token(PromptText which, const Frame& frame) {
  if (which == PromptText::own) return frame.document.query;
  return frame.document.source_key ? frame.document.source_key : frame.document.source_query;
}

void hover_token(PromptText which, Commands& commands, std::int64_t position) {
  if (which == PromptText::own) {
    commands.hover().query = position;
    return;
  }
  commands.hover().source_query = position;
  commands.hover().source_key = position;
}

void lock_token(PromptText which, Commands& commands, std::optional<std::int64_t> position) {
  if (which == PromptText::own) {
    commands.edit(SelectQuery{position});
    return;
  }
  commands.edit(SelectSourceQuery{position});
  commands.edit(SelectSourceKey{position});
}

std::int64_t run_tokens(PromptText which, const Model& model) {
  return runnable_positions(which == PromptText::source && model.encoder ? *model.encoder : model);
}

const std::shared_ptr<const Tokenizer>& tokenizer_of(PromptText which, const Model& model) {
  const bool has_own = which == PromptText::source && model.encoder && model.encoder->tokenizer;
  return has_own ? model.encoder->tokenizer : model.tokenizer;
}

}  // namespace headlight

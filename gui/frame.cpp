// What a view looks at when nothing is hovered or locked.
#include "gui/frame.h"

#include <algorithm>
#include <utility>

#include "gui/widgets/token_piece.h"

namespace headlight {

std::int64_t Frame::query() const {
  if (hover.query && *hover.query < positions()) return *hover.query;
  return locked_query();
}

std::int64_t Frame::locked_query() const {
  const std::int64_t last = positions() - 1;
  const bool masked = trace() && trace()->model().architecture.head == OutputHead::masked_lm;
  // A masked-language model is asked at its mask token: result.next_position.
  return std::min(document.query.value_or(masked ? result.next_position : last), last);
}

namespace {

std::optional<TokenId> known(const Model* model, const std::optional<TokenId>& token) {
  const bool exists = model && token && *token >= 0 && *token < model->tokenizer->vocabulary_size();
  return exists ? token : std::nullopt;
}

}  // namespace

std::optional<TokenId> Frame::target() const {
  return known(model, document.lens.target ? document.lens.target : document.candidate);
}

std::optional<TokenId> Frame::distractor() const { return known(model, document.lens.distractor); }

std::int64_t Frame::layer() const {
  return model ? std::min(document.layer, model->architecture.layers - 1) : 0;
}

std::int64_t Frame::head() const {
  return model ? std::min(document.head, model->architecture.heads - 1) : 0;
}

std::string Frame::token_text(std::int64_t position) const {
  if (!trace() || position < 0 || position >= positions()) return {};
  // An encoder may have the tokenizer of the whole model.
  const Tokenizer* tokenizer = trace()->model().tokenizer.get();
  if (tokenizer == nullptr && model != nullptr) tokenizer = model->tokenizer.get();
  const TokenId id = trace()->tokens()[static_cast<std::size_t>(position)];
  if (tokenizer == nullptr || id < 0 || id >= tokenizer->vocabulary_size()) return {};
  return token_piece(tokenizer->bytes(id));
}

// Not in the header: a list of all commands is much to compile for each file that includes it.
void Commands::edit(Command command) { edits_.push_back(std::move(command)); }

void Commands::act(Action action) { actions_.push_back(std::move(action)); }

}  // namespace headlight

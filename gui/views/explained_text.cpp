// Positions of the model's tokens and of the tokenizer's differ by what starts a decoder.
#include "gui/views/explained_text.h"

namespace headlight {

ExplainedText explain(const ExplainedKey& key) {
  ExplainedText result;
  result.tokenization = explain_tokens(*key.tokenizer, key.text);
  result.characters = seen_characters(key.text, result.tokenization.tokens);
  result.costs = script_costs(result.characters, result.tokenization.tokens);
  return result;
}

std::optional<std::size_t> ShownExplanation::known(std::optional<std::int64_t> position) const {
  if (!position || stale || *position < shift) return std::nullopt;
  const auto at = static_cast<std::size_t>(*position - shift);
  return at < tokens().size() ? std::optional(at) : std::nullopt;
}

std::optional<std::size_t> ShownExplanation::hovered() const { return known(hovered_token(which, frame)); }

std::optional<std::size_t> ShownExplanation::locked() const { return known(locked_token(which, frame)); }

void ShownExplanation::hover(std::size_t token) const {
  if (!stale) hover_token(which, commands, static_cast<std::int64_t>(token) + shift);
}

void ShownExplanation::click(std::size_t token) const {
  const std::int64_t position = static_cast<std::int64_t>(token) + shift;
  if (stale || position >= run_tokens(which, *frame.model)) return;
  const bool is_locked = locked_token(which, frame) == position;
  lock_token(which, commands, is_locked ? std::nullopt : std::optional(position));
}

}  // namespace headlight

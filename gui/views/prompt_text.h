// The two texts of a document: what the model goes on with, and what an encoder reads. Each has hovered and
// locked tokens of its own.
#pragma once

#include <cstdint>
#include <optional>

#include "gui/frame.h"

namespace headlight {

enum class PromptText { own, source };

std::optional<std::int64_t> hovered_token(PromptText which, const Frame& frame);
std::optional<std::int64_t> locked_token(PromptText which, const Frame& frame);
void hover_token(PromptText which, Commands& commands, std::int64_t position);
// Locks the token; `position` empty releases it.
void lock_token(PromptText which, Commands& commands, std::optional<std::int64_t> position);
// How many first tokens are run; the model is there.
std::int64_t run_tokens(PromptText which, const Model& model);
// The tokenizer of this text; null without one.
const std::shared_ptr<const Tokenizer>& tokenizer_of(PromptText which, const Model& model);

}  // namespace headlight

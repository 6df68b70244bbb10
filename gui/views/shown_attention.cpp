// Queries of the encoder, and keys of encoder and cross-attention, are tokens of the source text.
#include "gui/views/shown_attention.h"

#include <algorithm>

#include "gui/views/hook_words.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

// `root`: the pass whose model has the tokenizer, for both texts.
std::string text_of(const Trace* root, const Trace* trace, std::int64_t position) {
  if (root == nullptr || trace == nullptr || position < 0 || position >= trace->positions()) return {};
  return token_words(*root, trace->tokens()[static_cast<std::size_t>(position)]);
}

}  // namespace

ShownAttention shown_attention(const Frame& frame) {
  ShownAttention shown{.frame = frame};
  const std::shared_ptr<const Trace>& own = frame.result.trace;
  const bool has_encoder = own && own->source();
  shown.part = has_encoder ? frame.document.attention_part : AttentionPart::self;
  shown.trace = shown.in_encoder() ? own->source() : own;
  if (!shown.trace) return shown;
  const ArchitectureDescription& a = shown.architecture();
  shown.layer = std::clamp<std::int64_t>(frame.document.layer, 0, std::max<std::int64_t>(0, a.layers - 1));
  shown.head = std::clamp<std::int64_t>(frame.document.head, 0, std::max<std::int64_t>(0, a.heads - 1));
  shown.map.queries = shown.trace->positions();
  shown.map.keys = attention_keys(*shown.trace, shown.cross());
  shown.map.rule = attention_rule(a, shown.layer, shown.cross());
  shown.hooks = attention_hooks(a, shown.cross());
  return shown;
}

std::int64_t ShownAttention::query() const {
  const std::optional<std::int64_t> hovered = hovered_query();
  return hovered && *hovered < map.queries ? *hovered : locked_query();
}

std::int64_t ShownAttention::locked_query() const {
  return std::min(chosen_query().value_or(map.queries - 1), map.queries - 1);
}

std::optional<std::int64_t> ShownAttention::chosen_query() const {
  return in_encoder() ? frame.document.source_query : frame.document.query;
}

std::optional<std::int64_t> ShownAttention::hovered_key() const {
  return part == AttentionPart::self ? frame.hover.key : frame.hover.source_key;
}

std::optional<std::int64_t> ShownAttention::locked_key() const {
  return part == AttentionPart::self ? frame.document.key : frame.document.source_key;
}

std::string ShownAttention::query_text(std::int64_t position) const {
  return text_of(frame.trace(), trace.get(), position);
}

std::string ShownAttention::key_text(std::int64_t position) const {
  return text_of(frame.trace(), cross() && trace ? trace->source().get() : trace.get(), position);
}

std::optional<std::int64_t> ShownAttention::query_place(std::int64_t position) const {
  return trace ? told_apart(trace->tokens(), position) : std::nullopt;
}

std::optional<std::int64_t> ShownAttention::key_place(std::int64_t position) const {
  if (!cross()) return query_place(position);
  return trace && trace->source() ? told_apart(trace->source()->tokens(), position) : std::nullopt;
}

std::string ShownAttention::hook_line(Hook hook) const {
  return value_name(*frame.trace(), place(hook, 0, 0, 0)) + " " +
         shape_text(value_shape(*frame.trace(), place(hook, 0, 0, 0)));
}

void ShownAttention::hover_query(Commands& commands, std::int64_t position) const {
  (in_encoder() ? commands.hover().source_query : commands.hover().query) = position;
}

void ShownAttention::hover_key(Commands& commands, std::int64_t position) const {
  (part == AttentionPart::self ? commands.hover().key : commands.hover().source_key) = position;
}

Command ShownAttention::select_query(std::optional<std::int64_t> position) const {
  if (in_encoder()) return SelectSourceQuery{position};
  return SelectQuery{position};
}

Command ShownAttention::select_key(std::optional<std::int64_t> position) const {
  if (part == AttentionPart::self) return SelectKey{position};
  return SelectSourceKey{position};
}

}  // namespace headlight

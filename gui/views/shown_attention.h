// Which maps the attention view shows: of which pass, to which text, and what is hovered and locked there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/forward/derived_values.h"
#include "gui/frame.h"

namespace headlight {

// How large a map is, and which of its cells the mask leaves.
struct MapShape {
  std::int64_t queries = 0;
  std::int64_t keys = 0;
  AttentionRule rule;
  KeyRange seen(std::int64_t query) const { return visible_keys(rule, query, keys); }
  bool sees(std::int64_t query, std::int64_t key) const {
    const KeyRange range = seen(query);
    return key >= range.first && key < range.last;
  }
};

// Lives for one frame.
struct ShownAttention {
  const Frame& frame;
  AttentionPart part = AttentionPart::self;
  std::shared_ptr<const Trace> trace = {};  // whose maps these are; null while it is not there
  std::int64_t layer = 0, head = 0;         // clamped to that model
  MapShape map = {};
  AttentionHooks hooks{};

  bool cross() const { return part == AttentionPart::cross; }
  bool in_encoder() const { return part == AttentionPart::encoder; }
  const ArchitectureDescription& architecture() const { return trace->model().architecture; }

  // The query that is looked from: hovered, else locked, else the last. -1 without a trace.
  std::int64_t query() const;
  std::int64_t locked_query() const;
  std::optional<std::int64_t> hovered_query() const {
    return in_encoder() ? frame.hover.source_query : frame.hover.query;
  }
  std::optional<std::int64_t> chosen_query() const;  // as the document has it
  std::optional<std::int64_t> hovered_key() const;
  std::optional<std::int64_t> locked_key() const;
  std::string query_text(std::int64_t position) const;
  std::string key_text(std::int64_t position) const;
  // The position where the same token stands elsewhere in the text too: to be written behind its text.
  std::optional<std::int64_t> query_place(std::int64_t position) const;
  std::optional<std::int64_t> key_place(std::int64_t position) const;

  ValueReference place(Hook hook, std::int64_t i, std::int64_t j, std::int64_t k) const {
    return {hook, layer, {i, j, k}, in_encoder()};
  }
  ValueReference cell(Hook hook, std::int64_t query, std::int64_t key) const {
    return place(hook, head, query, key);
  }
  // "decoder.blocks.0.attn.hook_pattern [4, 7, 7]"
  std::string hook_line(Hook hook) const;

  void hover_query(Commands& commands, std::int64_t position) const;
  void hover_key(Commands& commands, std::int64_t position) const;
  Command select_query(std::optional<std::int64_t> position) const;
  Command select_key(std::optional<std::int64_t> position) const;
};

ShownAttention shown_attention(const Frame& frame);

}  // namespace headlight

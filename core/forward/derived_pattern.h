// Patterns that a trace did not keep, some queries at a time: as the pass itself made them, by a backend, and
// never all of a long text at once.
#pragma once

#include <cstdint>
#include <optional>

#include "core/backends/backend.h"
#include "core/forward/trace.h"

namespace headlight {

class DerivedPattern {
 public:
  // Of all heads of a layer, or of `head` alone. Needs has_attention() and the layer's queries and keys; the
  // backend has to outlive it. std::logic_error when they were not kept. `cross`: to the encoder's text.
  DerivedPattern(const Trace& trace, Backend& backend, std::int64_t layer,
                 std::optional<std::int64_t> head = std::nullopt, bool cross = false);

  // [head, query, key] of the queries [first, last); keys behind the last one that any of them sees are left
  // out. Does not depend on how queries are put together, and a head alone is bit for bit what it is among
  // all.
  Tensor rows(std::int64_t first, std::int64_t last) const;

 private:
  Backend& backend_;
  std::shared_ptr<const Model> model_;
  std::optional<std::int64_t> head_;
  bool cross_;
  AttentionRule rule_;
  Tensor q_, k_;  // [query, head, d_head], [key, kv_head, d_head]; of one head alone: 1 in the middle
};

}  // namespace headlight

// What a lesson can ask of the running model, as data: a quantity, or a comparison of two of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/analysis/distribution.h"
#include "core/session/located_json.h"

namespace headlight {

enum class QuantityKind {
  token_count,      // tokens of the text
  byte_count,       // bytes of the text
  character_count,  // Unicode code points of the text
  occurrences,      // how often the text contains `of`
  token_id,         // of the token at `position`
  token_bytes,      // bytes of the token at `position`
  vocabulary_size,
  attention_dot,     // q·k after rotary, before the scale
  attention_score,   // after the scale; masked is -inf
  pattern,           // after softmax
  mean_attention,    // mean over queries 1.. of the pattern towards `target`
  next_probability,  // of `token` after `position`; with sampling fields: after temperature and cuts
  next_logit,
  next_rank,     // 1 is the likeliest
  next_entropy,  // nats, temperature 1
  next_kept,     // candidates that survive the cuts of the sampling fields
};

// An index (negative: from the end) or the exact text of a token; of several alike, the last one.
using TokenPlace = std::variant<std::int64_t, std::string>;

enum class AttentionTarget { previous, first, itself };

struct Quantity {
  QuantityKind kind = QuantityKind::token_count;
  std::optional<std::int64_t> layer;  // none: the head that is chosen in the window
  std::optional<std::int64_t> head;
  TokenPlace query = std::int64_t{-1};
  TokenPlace key = std::int64_t{0};
  TokenPlace position = std::int64_t{-1};
  std::string token;  // next_…: the exact text of one token, its space included
  std::string of;
  AttentionTarget target = AttentionTarget::previous;
  std::optional<SamplingSettings> sampling;  // none: the model's own distribution
};

enum class Comparison { less, at_most, greater, at_least, equal, different, near };

struct Condition {
  enum class Kind { compare, all, any, none };
  Kind kind = Kind::compare;
  Quantity quantity;  // compare
  Comparison comparison = Comparison::greater;
  std::variant<double, Quantity> value = 0.0;
  double tolerance = 0.0;        // near
  std::vector<Condition> parts;  // all, any, none
};

// Both throw LocatedError.
//   {"quantity": "pattern", "layer": 23, "head": 4, "query": -1, "key": " France"}
//   the same with "op": ">" and "value": 0.5 (or another quantity), or {"all": [ … ]}, "any", "none"
Quantity read_quantity(const LocatedJson& json);
Condition read_condition(const LocatedJson& json);

std::string_view quantity_name(QuantityKind kind);

// "77.25 %" for probabilities, "0.903" for patterns, "14" for counts, "17.37" for logits.
std::string quantity_text(QuantityKind kind, double value);

}  // namespace headlight

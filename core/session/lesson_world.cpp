// Reads quantities out of the text, its tokens and the trace, and compares them.
#include "core/session/lesson_world.h"

#include <algorithm>
#include <cmath>

#include "core/forward/derived_values.h"

namespace headlight {
namespace {

Measured found(double value) { return {value, {}}; }
Measured undecided(Undecided reason) { return {std::nullopt, reason}; }

double code_points(const std::string& text) {
  return static_cast<double>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;  // every byte that does not continue another
  }));
}

double count_of(const std::string& part, const std::string& text) {
  double count = 0;
  if (part.empty()) return count;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

// The model has answered for exactly these tokens.
bool up_to_date(const LessonWorld& world) {
  const std::vector<TokenId>& ids = world.trace->tokens();
  return world.trace->complete() && ids.size() == world.tokens.size() &&
         std::equal(ids.begin(), ids.end(), world.tokens.begin(),
                    [](TokenId id, const Token& token) { return id == token.id; });
}

std::optional<std::int64_t> find_place(const TokenPlace& place, const LessonWorld& world) {
  const auto count = static_cast<std::int64_t>(world.tokens.size());
  if (const auto* index = std::get_if<std::int64_t>(&place)) return place_from_front(*index, count);
  const std::string& text = std::get<std::string>(place);
  for (std::int64_t position = count - 1; position >= 0; --position) {
    const Token& token = world.tokens[static_cast<std::size_t>(position)];
    if (world.tokenizer->bytes(token.id) == text) return position;
  }
  return {};
}

Measured of_text(const Quantity& quantity, const LessonWorld& world) {
  switch (quantity.kind) {
    case QuantityKind::byte_count:
      return found(static_cast<double>(world.text.size()));
    case QuantityKind::character_count:
      return found(code_points(world.text));
    case QuantityKind::occurrences:
      return found(count_of(quantity.of, world.text));
    default:
      break;
  }
  if (world.tokenizer == nullptr) return undecided(Undecided::no_model);
  if (quantity.kind == QuantityKind::token_count) return found(static_cast<double>(world.tokens.size()));
  if (quantity.kind == QuantityKind::vocabulary_size) {
    return found(static_cast<double>(world.tokenizer->vocabulary_size()));
  }
  const std::optional<std::int64_t> position = find_place(quantity.position, world);
  if (!position) return undecided(Undecided::no_such_token);
  const TokenId id = world.tokens[static_cast<std::size_t>(*position)].id;
  if (quantity.kind == QuantityKind::token_id) return found(id);
  return found(static_cast<double>(world.tokenizer->bytes(id).size()));
}

// One entry of [head, position, …]-shaped maps; the trace keeps k once for each key/value head.
Measured dot_product(const Trace& trace, std::int64_t layer, std::int64_t head, std::int64_t query,
                     std::int64_t key) {
  const ArchitectureDescription& architecture = trace.model().architecture;
  const AttentionHooks hooks = attention_hooks(architecture);
  if (!trace.has(hooks.q, layer) || !trace.has(hooks.k, layer)) return undecided(Undecided::no_attention);
  const std::int64_t d_head = architecture.d_head;
  const std::int64_t kv_head = head / (architecture.heads / architecture.kv_heads);
  const float* q = trace.row(hooks.q, layer, query).data() + head * d_head;
  const float* k = trace.row(hooks.k, layer, key).data() + kv_head * d_head;
  double sum = 0.0;
  for (std::int64_t dimension = 0; dimension < d_head; ++dimension)
    sum += double{q[dimension]} * double{k[dimension]};
  return found(sum);
}

double mean_towards(AttentionTarget target, const Tensor& pattern) {
  const std::int64_t positions = pattern.axis(0);
  double sum = 0.0;
  for (std::int64_t query = 1; query < positions; ++query) {
    std::int64_t key = 0;
    switch (target) {
      case AttentionTarget::previous:
        key = query - 1;
        break;
      case AttentionTarget::first:
        key = 0;
        break;
      case AttentionTarget::itself:
        key = query;
        break;
    }
    sum += double{pattern.values()[static_cast<std::size_t>(query * positions + key)]};
  }
  return sum / static_cast<double>(positions - 1);
}

Measured of_head(const Quantity& quantity, const LessonWorld& world) {
  const Trace& trace = *world.trace;
  const ArchitectureDescription& architecture = trace.model().architecture;
  const std::int64_t layer = quantity.layer.value_or(world.layer);
  const std::int64_t head = quantity.head.value_or(world.head);
  if (layer < 0 || layer >= architecture.layers || head < 0 || head >= architecture.heads) {
    return undecided(Undecided::no_such_head);
  }
  if (!has_attention(trace, layer)) return undecided(Undecided::no_attention);
  if (quantity.kind == QuantityKind::mean_attention) {
    if (trace.positions() < 2) return undecided(Undecided::no_such_token);
    return found(mean_towards(quantity.target, head_pattern(trace, layer, head)));
  }
  const std::optional<std::int64_t> query = find_place(quantity.query, world);
  const std::optional<std::int64_t> key = find_place(quantity.key, world);
  if (!query || !key) return undecided(Undecided::no_such_token);
  const std::size_t cell = static_cast<std::size_t>(*query * trace.positions() + *key);
  if (quantity.kind == QuantityKind::pattern) {
    const Tensor pattern = head_pattern(trace, layer, head);
    return found(double{pattern.values()[cell]});
  }
  const KeyRange seen = visible_keys(attention_rule(architecture, layer), *query, trace.positions());
  if (*key < seen.first || *key >= seen.last) return undecided(Undecided::masked);
  if (quantity.kind == QuantityKind::attention_dot) return dot_product(trace, layer, head, *query, *key);
  if (!trace.has(Hook::attn_scores, layer) && !trace.has(attention_hooks(architecture).q, layer)) {
    return undecided(Undecided::no_attention);
  }
  const Tensor scores = head_scores(trace, layer, head);
  return found(double{scores.values()[cell]});
}

Measured of_next_token(const Quantity& quantity, const LessonWorld& world) {
  const Trace& trace = *world.trace;
  const std::optional<std::int64_t> position = find_place(quantity.position, world);
  if (!position) return undecided(Undecided::no_such_token);
  if (!trace.has(Hook::logits)) return undecided(Undecided::no_next_token);
  const Distribution ranked =
      distribution(trace.row(Hook::logits, 0, *position), quantity.sampling.value_or(SamplingSettings{}));
  if (quantity.kind == QuantityKind::next_entropy) return found(ranked.entropy);
  if (quantity.kind == QuantityKind::next_kept) return found(static_cast<double>(ranked.kept));

  const std::vector<Token> token = world.tokenizer->encode(quantity.token);
  if (token.size() != 1) return undecided(Undecided::not_one_token);
  const auto place = std::find_if(ranked.ranked.begin(), ranked.ranked.end(),
                                  [&](const Candidate& candidate) { return candidate.id == token[0].id; });
  if (place == ranked.ranked.end()) return undecided(Undecided::not_one_token);
  if (quantity.kind == QuantityKind::next_rank)
    return found(static_cast<double>(place - ranked.ranked.begin() + 1));
  if (quantity.kind == QuantityKind::next_logit) return found(place->logit);
  return found(quantity.sampling ? place->sampled : place->probability);
}

bool compare(double left, Comparison comparison, double right, double tolerance) {
  switch (comparison) {
    case Comparison::less:
      return left < right;
    case Comparison::at_most:
      return left <= right;
    case Comparison::greater:
      return left > right;
    case Comparison::at_least:
      return left >= right;
    case Comparison::equal:
      return left == right;
    case Comparison::different:
      return left != right;
    case Comparison::near:
      return std::abs(left - right) <= tolerance;
  }
  return false;
}

Verdict evaluate_comparison(const Condition& condition, const LessonWorld& world) {
  const Measured left = measure(condition.quantity, world);
  if (!left.value) return {std::nullopt, left.reason, std::nullopt};
  double right = 0.0;
  if (const auto* number = std::get_if<double>(&condition.value)) {
    right = *number;
  } else {
    const Measured other = measure(std::get<Quantity>(condition.value), world);
    if (!other.value) return {std::nullopt, other.reason, left.value};
    right = *other.value;
  }
  return {compare(*left.value, condition.comparison, right, condition.tolerance), {}, left.value};
}

}  // namespace

Bilingual undecided_text(Undecided reason) {
  switch (reason) {
    case Undecided::no_model:
      return {"No model has answered yet. Open the lesson's model first.",
              "아직 답한 모델이 없습니다. 먼저 이 수업의 모델을 열어 주세요."};
    case Undecided::still_computing:
      return {"The model is still working on this text. Try again in a moment.",
              "모델이 아직 이 글을 계산하고 있습니다. 잠시 뒤에 다시 해 보세요."};
    case Undecided::no_such_head:
      return {"This model has no such layer or head.", "이 모델에는 그런 층이나 헤드가 없습니다."};
    case Undecided::no_such_token:
      return {"The text has no such token. Check the words and the spaces before them.",
              "글에 그런 토큰이 없습니다. 단어와 그 앞의 공백을 확인해 주세요."};
    case Undecided::masked:
      return {"The query may not see this key: the mask hides it.",
              "쿼리는 이 키를 볼 수 없습니다. 마스크(mask)에 가려집니다."};
    case Undecided::not_one_token:
      return {"This is not a single token for this model.", "이 모델에서는 이것이 토큰 하나가 아닙니다."};
    case Undecided::no_next_token:
      return {"This model does not predict tokens. Open the lesson's model first.",
              "이 모델은 토큰을 예측하지 않습니다. 먼저 이 수업의 모델을 열어 주세요."};
    case Undecided::no_attention:
      return {"The attention values of this text are not kept. Try a shorter text.",
              "이 글의 어텐션 값이 남아 있지 않습니다. 더 짧은 글로 해 보세요."};
  }
  return {};
}

std::optional<std::int64_t> place_from_front(std::int64_t index, std::int64_t positions) {
  const std::int64_t place = index < 0 ? positions + index : index;
  if (place < 0 || place >= positions) return {};
  return place;
}

Measured measure(const Quantity& quantity, const LessonWorld& world) {
  switch (quantity.kind) {
    case QuantityKind::token_count:
    case QuantityKind::byte_count:
    case QuantityKind::character_count:
    case QuantityKind::occurrences:
    case QuantityKind::token_id:
    case QuantityKind::token_bytes:
    case QuantityKind::vocabulary_size:
      return of_text(quantity, world);
    case QuantityKind::attention_dot:
    case QuantityKind::attention_score:
    case QuantityKind::pattern:
    case QuantityKind::mean_attention:
    case QuantityKind::next_probability:
    case QuantityKind::next_logit:
    case QuantityKind::next_rank:
    case QuantityKind::next_entropy:
    case QuantityKind::next_kept:
      break;
  }
  if (world.trace == nullptr || world.tokenizer == nullptr) return undecided(Undecided::no_model);
  if (!up_to_date(world)) return undecided(Undecided::still_computing);
  if (world.tokens.empty()) return undecided(Undecided::no_such_token);
  const bool about_head =
      quantity.kind == QuantityKind::attention_dot || quantity.kind == QuantityKind::attention_score ||
      quantity.kind == QuantityKind::pattern || quantity.kind == QuantityKind::mean_attention;
  return about_head ? of_head(quantity, world) : of_next_token(quantity, world);
}

Verdict evaluate(const Condition& condition, const LessonWorld& world) {
  if (condition.kind == Condition::Kind::compare) return evaluate_comparison(condition, world);
  Verdict first;
  std::int64_t holding = 0;
  for (std::size_t index = 0; index < condition.parts.size(); ++index) {
    const Verdict part = evaluate(condition.parts[index], world);
    if (!part.holds) return part;
    if (index == 0) first = part;
    if (*part.holds) ++holding;
  }
  const auto parts = static_cast<std::int64_t>(condition.parts.size());
  switch (condition.kind) {
    case Condition::Kind::all:
      first.holds = holding == parts;
      break;
    case Condition::Kind::any:
      first.holds = holding > 0;
      break;
    case Condition::Kind::none:
      first.holds = holding == 0;
      break;
    case Condition::Kind::compare:
      break;
  }
  return first;
}

}  // namespace headlight

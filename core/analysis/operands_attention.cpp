// Attention: heads of q, k and v, their turning, scores, weights, what comes back; to the model's own text
// and to the encoder's.
#include <stdexcept>

#include "core/analysis/attention_row.h"
#include "core/analysis/operand_terms.h"
#include "core/forward/derived_values.h"
#include "core/forward/relative_bias.h"

namespace headlight {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool is_cross(Hook hook) {
  switch (hook) {
    case Hook::cross_q:
    case Hook::cross_k:
    case Hook::cross_v:
    case Hook::cross_attn_scores:
    case Hook::cross_pattern:
    case Hook::cross_z:
    case Hook::cross_attn_out:
      return true;
    default:
      return false;
  }
}

AttentionHooks hooks_of(const OperandCell& cell) { return attention_hooks(cell.a, is_cross(cell.at.hook)); }

const AttentionWeights* weights_of(const OperandCell& cell) {
  const BlockWeights* block = cell.block();
  if (block == nullptr) return nullptr;
  return is_cross(cell.at.hook) ? &block->cross : &block->attention;
}

std::int64_t key_count(const OperandCell& cell) { return attention_keys(cell.trace, is_cross(cell.at.hook)); }

KeyRange seen_by(const OperandCell& cell, std::int64_t query) {
  return visible_keys(attention_rule(cell.a, cell.layer(), is_cross(cell.at.hook)), query, key_count(cell));
}

// The place [row, head, i] of a key or value as a query head reads it.
ValueReference key_place(const OperandCell& cell, Hook hook, std::int64_t key, std::int64_t head,
                         std::int64_t i) {
  return cell.place(hook, cell.layer(), key, cell.kv_head(head), i);
}

// --- q, k, v

// Which weight makes a head's vector, from which row of the trace.
struct HeadProjection {
  Weight AttentionWeights::*weight;
  Tensor AttentionWeights::*bias;
  const char* name;
  const char* bias_name;
  ValueReference reads;
};

HeadProjection projection_of(const OperandCell& cell) {
  const std::int64_t position = cell.at.index[0];
  const ValueReference own = attention_input_place(cell, position);
  ValueReference source{Hook::embed, 0, {position, 0, 0}, true};
  if (const Trace* encoder = cell.trace.source().get()) {
    const ArchitectureDescription& a = encoder->model().architecture;
    source.hook = last_hook(a);
    source.layer = last_layer(a);
  }
  switch (cell.at.hook) {
    case Hook::q:
    case Hook::q_norm_scale:
      return {&AttentionWeights::w_q, &AttentionWeights::b_q, "W_Q", "b_Q", own};
    case Hook::k:
    case Hook::k_norm_scale:
      return {&AttentionWeights::w_k, &AttentionWeights::b_k, "W_K", "b_K", own};
    case Hook::v:
      return {&AttentionWeights::w_v, &AttentionWeights::b_v, "W_V", "b_V", own};
    case Hook::cross_q:
      return {&AttentionWeights::w_q, &AttentionWeights::b_q, "W_Q", "b_Q",
              cross_input_place(cell, position)};
    case Hook::cross_k:
      return {&AttentionWeights::w_k, &AttentionWeights::b_k, "W_K", "b_K", source};
    case Hook::cross_v:
      return {&AttentionWeights::w_v, &AttentionWeights::b_v, "W_V", "b_V", source};
    default:
      throw std::logic_error("not a head's vector: " + hook_name(cell.at.hook, cell.layer()));
  }
}

// x·W + b of one dimension of the cell's head, before a norm of its own.
Operands projected(const OperandCell& cell, std::int64_t dimension) {
  const HeadProjection projection = projection_of(cell);
  const AttentionWeights* weights = weights_of(cell);
  return linear_operands_of(
      cell,
      {weights ? &(weights->*projection.weight) : nullptr, cell.at.index[1] * cell.a.d_head + dimension,
       projection.name, weights ? &(weights->*projection.bias) : nullptr, projection.bias_name},
      projection.reads, "x");
}

Operands head_norm_scale(const OperandCell& cell) {
  OperandCell inner = cell;
  inner.most = 0;
  std::vector<OperandTerm> terms;
  for (std::int64_t i = 0; i < cell.a.d_head; ++i) {
    const Operands one = projected(inner, i);
    if (one.formula == Formula::unknown) return unknown_operands(cell);
    const double u = one.recomputed;
    terms.push_back({i, u, u, u * u});
  }
  Operands result = sum_of(cell, Formula::root_mean_square, std::move(terms),
                           [](std::int64_t i, Operand& operand) { operand.label = fmt::format("u[{}]", i); });
  result.epsilon = cell.a.norm_epsilon;
  result.recomputed = std::sqrt(result.total / static_cast<double>(cell.a.d_head) + result.epsilon);
  result.magnitude = std::abs(result.recomputed);
  return result;
}

// q and k may have a norm of their own behind the weight.
Operands head_vector(const OperandCell& cell) {
  const std::int64_t dimension = cell.at.index[2];
  Operands result = projected(cell, dimension);
  const bool is_query = cell.at.hook == Hook::q;
  if (!cell.a.query_key_norm || (!is_query && cell.at.hook != Hook::k) ||
      result.formula == Formula::unknown) {
    return result;
  }
  const AttentionWeights* weights = weights_of(cell);
  const Tensor& gains = is_query ? weights->q_norm : weights->k_norm;
  const ValueReference scale = cell.place(is_query ? Hook::q_norm_scale : Hook::k_norm_scale, cell.layer(),
                                          cell.at.index[0], cell.at.index[1]);
  if (dimension >= gains.size() || !cell.has(scale)) return unknown_operands(cell);
  result.norm_scale = single_operand(cell, "scale", scale);
  result.norm_scale->contribution = 1.0 / result.norm_scale->value;
  result.gain =
      weight_operand(fmt::format("gain[{}]", dimension), static_cast<double>(gains.data()[dimension]));
  const double factor = result.gain->value / result.norm_scale->value;
  result.recomputed *= factor;
  result.magnitude *= std::abs(factor);
  return result;
}

// (a, b) = (x_i, x_{i+D/2}) becomes (a cos θ - b sin θ, a sin θ + b cos θ).
Operands turned(const OperandCell& cell, Hook before, const char* letter) {
  const std::int64_t position = cell.at.index[0], head = cell.at.index[1], i = cell.at.index[2];
  const Rotary& rotary = cell.a.rotary_of(cell.layer());
  const Rotation rotation = rotation_of(rotary, cell.trace.positions());
  const auto half = static_cast<std::int64_t>(rotation.frequencies.size());
  const ValueReference from = cell.place(before, cell.layer(), position, head, i);
  if (!cell.has(from)) return unknown_operands(cell);
  if (i >= half * 2) return copied_operands(cell, fmt::format("{}[{}]", letter, i), from);
  const std::int64_t partner = i < half ? i + half : i - half;
  const double frequency = rotation.frequencies[static_cast<std::size_t>(i % half)];
  const double angle = static_cast<double>(position) * frequency;
  const double cosine = rotation.magnitude * std::cos(angle), sine = rotation.magnitude * std::sin(angle);
  Operand own = single_operand(cell, fmt::format("{}[{}]", letter, i), from);
  own.factor_label = "cos θ";
  own.factor = cosine;
  own.contribution = own.value * own.factor;
  Operand other = single_operand(cell, fmt::format("{}[{}]", letter, partner),
                                 cell.place(before, cell.layer(), position, head, partner));
  other.factor_label = i < half ? "−sin θ" : "sin θ";
  other.factor = i < half ? -sine : sine;
  other.contribution = other.value * other.factor;
  Operands result = result_with(cell, Formula::turned, {own, other}, own.contribution + other.contribution);
  result.scale = rotation.magnitude;
  result.frequency = frequency;
  result.angle = angle;
  result.magnitude = std::abs(own.contribution) + std::abs(other.contribution);
  return result;
}

// --- scores, weights, mixing

std::optional<Operand> distance_bias(const OperandCell& cell, std::int64_t head, std::int64_t distance) {
  if (is_cross(cell.at.hook) || cell.a.relative_buckets == 0) return std::nullopt;
  const std::int64_t bucket = relative_bucket(distance, cell.a);
  const Weight& table = cell.model().relative_bias;
  if (table.bytes == nullptr || bucket >= table.rows || head >= table.columns) return std::nullopt;
  return weight_operand(fmt::format("B[{}, {}]", bucket, head),
                        static_cast<double>(weight_row(table, bucket)[static_cast<std::size_t>(head)]));
}

Operands scores(const OperandCell& cell) {
  const std::int64_t head = cell.at.index[0], query = cell.at.index[1], key = cell.at.index[2];
  const AttentionHooks hooks = hooks_of(cell);
  const KeyRange seen = seen_by(cell, query);
  if (key < seen.first || key >= seen.last) return result_with(cell, Formula::masked, {}, -infinity);
  if (!cell.has(hooks.q) || !cell.has(hooks.k)) return unknown_operands(cell);
  const auto q_place = [&](std::int64_t i) { return cell.place(hooks.q, cell.layer(), query, head, i); };
  const auto k_place = [&](std::int64_t i) { return key_place(cell, hooks.k, key, head, i); };
  std::vector<OperandTerm> terms;
  for (std::int64_t i = 0; i < cell.a.d_head; ++i) {
    const double q = input_number(cell, q_place(i)), k = input_number(cell, k_place(i));
    terms.push_back({i, q, k, q * k});
  }
  const char* mark = hooks.q == Hook::rot_q ? "'" : "";
  Operands result =
      sum_of(cell, Formula::dot_product, std::move(terms), [&](std::int64_t i, Operand& operand) {
        operand.label = fmt::format("q{}[{}]", mark, i);
        operand.reference = q_place(i);
        operand.factor_label = fmt::format("k{}[{}]", mark, i);
        operand.factor_reference = k_place(i);
      });
  const AttentionRule rule = attention_rule(cell.a, cell.layer(), is_cross(cell.at.hook));
  result.scale = rule.scale;
  result.recomputed *= result.scale;
  result.magnitude *= std::abs(result.scale);
  if (rule.soft_cap > 0.0) {
    result.cap = rule.soft_cap;
    result.recomputed = result.cap * std::tanh(result.recomputed / result.cap);
  }
  result.bias = distance_bias(cell, head, key - query);
  if (result.bias) {
    result.recomputed += result.bias->value;
    result.magnitude += std::abs(result.bias->value);
  }
  return result;
}

// The scores of the target's query for all keys, −∞ where it may not look; computed from the vectors when
// they were not kept, empty when that is not possible either.
std::vector<double> scores_of_row(const OperandCell& cell, std::int64_t head, std::int64_t query) {
  const AttentionHooks hooks = hooks_of(cell);
  std::vector<double> scores;
  if (cell.has(hooks.scores)) {
    const KeyRange seen = seen_by(cell, query);
    for (std::int64_t key = 0; key < seen.last; ++key) {
      scores.push_back(input_number(cell, cell.place(hooks.scores, cell.layer(), head, query, key)));
    }
  } else if (cell.has(hooks.q) && cell.has(hooks.k)) {
    scores = attention_row(cell.trace, cell.layer(), head, query, is_cross(cell.at.hook)).score;
  }
  return scores;
}

// Term::value: the score; Term::contribution: its weight. A score of −∞ counts nothing.
std::vector<OperandTerm> softmax_terms(const std::vector<double>& scores, double largest, double& total) {
  std::vector<OperandTerm> terms;
  total = 0.0;
  for (const double score : scores) {
    const double e = score == -infinity ? 0.0 : std::exp(score - largest);
    terms.push_back({static_cast<std::int64_t>(terms.size()), score, 1.0, e});
    total += e;
  }
  for (OperandTerm& term : terms) {
    if (term.contribution != 0.0) term.contribution /= total;
    term.factor = term.contribution;
  }
  return terms;
}

// The key that was asked for is always listed: the last one gives way to it.
template <typename Describe>
void list_term(Operands& result, const OperandTerm& term, const Describe& describe) {
  for (const Operand& operand : result.operands) {
    if (operand.reference->index[2] == term.index) return;
  }
  if (result.operands.empty()) return;
  Operand& last = result.operands.back();
  result.rest += last.contribution - term.contribution;
  last = Operand{};
  last.value = term.value;
  last.factor = term.factor;
  last.contribution = term.contribution;
  describe(term.index, last);
}

Operands pattern(const OperandCell& cell) {
  const std::int64_t head = cell.at.index[0], query = cell.at.index[1], key = cell.at.index[2];
  const AttentionHooks hooks = hooks_of(cell);
  const KeyRange seen = seen_by(cell, query);
  if (key < seen.first || key >= seen.last) return result_with(cell, Formula::masked, {}, 0.0);
  const std::vector<double> scores = scores_of_row(cell, head, query);
  if (scores.empty()) return unknown_operands(cell);
  double largest = -infinity;
  for (const double score : scores) {
    if (score > largest || std::isnan(score)) largest = score;
  }
  double total = 0.0;
  std::vector<OperandTerm> terms = softmax_terms(scores, largest, total);
  const OperandTerm own = terms[static_cast<std::size_t>(key)];
  terms.erase(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(seen.first));  // behind the window
  const auto describe = [&](std::int64_t k, Operand& operand) {
    operand.label = fmt::format("{}", k);
    operand.reference = cell.place(hooks.scores, cell.layer(), head, query, k);
    operand.factor_reference = cell.place(hooks.pattern, cell.layer(), head, query, k);
  };
  Operands result = sum_of(cell, Formula::softmax, std::move(terms), describe);
  list_term(result, own, describe);
  result.largest = largest;
  result.total = total;
  result.recomputed = own.contribution;
  result.magnitude = std::abs(own.contribution);
  return result;
}

Operands z(const OperandCell& cell) {
  const std::int64_t query = cell.at.index[0], head = cell.at.index[1], i = cell.at.index[2];
  const AttentionHooks hooks = hooks_of(cell);
  const bool kept = cell.has(hooks.pattern);
  if (!cell.has(hooks.v) || (!kept && (!cell.has(hooks.q) || !cell.has(hooks.k)))) {
    return unknown_operands(cell);
  }
  const std::vector<double> weights =
      kept ? std::vector<double>()
           : attention_row(cell.trace, cell.layer(), head, query, is_cross(cell.at.hook)).weight;
  const auto weight_place = [&](std::int64_t key) {
    return cell.place(hooks.pattern, cell.layer(), head, query, key);
  };
  const auto v_place = [&](std::int64_t key) { return key_place(cell, hooks.v, key, head, i); };
  std::vector<OperandTerm> terms;
  const KeyRange seen = seen_by(cell, query);
  for (std::int64_t key = seen.first; key < seen.last; ++key) {
    const double weight =
        kept ? input_number(cell, weight_place(key)) : weights[static_cast<std::size_t>(key)];
    const double v = input_number(cell, v_place(key));
    terms.push_back({key, weight, v, weight == 0.0 ? 0.0 : weight * v});
  }
  return sum_of(cell, Formula::mixed, std::move(terms), [&](std::int64_t key, Operand& operand) {
    operand.label = fmt::format("{}", key);
    operand.reference = weight_place(key);
    operand.factor_label = fmt::format("v[{}]", i);
    operand.factor_reference = v_place(key);
  });
}

// W_O reads all heads' z, one behind the other.
Operands joined_heads(const OperandCell& cell) {
  const AttentionWeights* weights = weights_of(cell);
  const Hook z_hook = hooks_of(cell).z;
  const std::int64_t d_head = std::max<std::int64_t>(1, cell.a.d_head);
  return linear_operands(
      cell,
      {weights ? &weights->w_o : nullptr, cell.at.index[1], "W_O", weights ? &weights->b_o : nullptr, "b_O"},
      [&](std::int64_t column) {
        return cell.place(z_hook, cell.layer(), cell.at.index[0], column / d_head, column % d_head);
      },
      [&](std::int64_t column) { return fmt::format("z H{}[{}]", column / d_head, column % d_head); });
}

}  // namespace

Operands attention_operands(const OperandCell& cell) {
  switch (cell.at.hook) {
    case Hook::q_norm_scale:
    case Hook::k_norm_scale:
      return head_norm_scale(cell);
    case Hook::q:
    case Hook::k:
    case Hook::v:
    case Hook::cross_q:
    case Hook::cross_k:
    case Hook::cross_v:
      return head_vector(cell);
    case Hook::rot_q:
      return turned(cell, Hook::q, "q");
    case Hook::rot_k:
      return turned(cell, Hook::k, "k");
    case Hook::attn_scores:
    case Hook::cross_attn_scores:
      return scores(cell);
    case Hook::pattern:
    case Hook::cross_pattern:
      return pattern(cell);
    case Hook::z:
    case Hook::cross_z:
      return z(cell);
    case Hook::attn_out:
      if (cell.a.sandwich_norms) return normalized_operands(cell);
      [[fallthrough]];
    case Hook::attn_out_raw:
    case Hook::cross_attn_out:
      return joined_heads(cell);
    default:
      throw std::logic_error("not of attention: " + hook_name(cell.at.hook, cell.layer()));
  }
}

}  // namespace headlight

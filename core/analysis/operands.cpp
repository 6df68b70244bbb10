// Each hook's formula, written once more in double and in the plainest order; the operations are those of
// core/forward/forward_pass.cpp and core/backends/cpu_reference.cpp, which cite the papers.
#include "core/analysis/operands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/analysis/attention_row.h"

namespace headlight {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// One value of a trace, and what is needed to find its inputs.
struct Cell {
  const Trace& trace;
  const ArchitectureDescription& a;
  ValueReference at;
  std::size_t most;  // operands to list

  bool has(Hook hook, std::int64_t layer) const {
    return layer >= 0 && layer < std::max<std::int64_t>(1, a.layers) && trace.has(hook, layer);
  }
  bool has(Hook hook) const { return has(hook, at.layer); }
  std::int64_t kv_head(std::int64_t head) const {
    return head / std::max<std::int64_t>(1, a.heads / std::max<std::int64_t>(1, a.kv_heads));
  }
  const BlockWeights* block() const {
    const auto layer = static_cast<std::size_t>(at.layer);
    return layer < trace.model().blocks.size() ? &trace.model().blocks[layer] : nullptr;
  }
};

// The captured number; nothing when the hook or the index is not there.
std::optional<double> captured(const Trace& trace, const ValueReference& at) {
  if (at.layer < 0 || at.layer >= std::max<std::int64_t>(1, trace.model().architecture.layers) ||
      !trace.has(at.hook, at.layer)) {
    return std::nullopt;
  }
  const Tensor& tensor = trace.at(at.hook, at.layer);
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < tensor.shape().size(); ++axis) {
    const std::int64_t index = axis < at.index.size() ? at.index[axis] : 0;
    if (index < 0 || index >= tensor.axis(axis)) return std::nullopt;
    offset = offset * tensor.axis(axis) + index;
  }
  return static_cast<double>(tensor.data()[offset]);
}

// The same for inputs that are there in every trace of a real pass; NaN stands for a hole in a made-up one.
double number(const Cell& cell, const ValueReference& at) {
  return captured(cell.trace, at).value_or(std::numeric_limits<double>::quiet_NaN());
}

Operand single(const Cell& cell, std::string label, const ValueReference& from) {
  Operand operand;
  operand.label = std::move(label);
  operand.value = number(cell, from);
  operand.reference = from;
  operand.contribution = operand.value;
  return operand;
}

Operands result_with(const Cell& cell, Formula formula, std::vector<Operand> operands, double recomputed) {
  Operands result;
  result.target = cell.at;
  result.formula = formula;
  result.recomputed = recomputed;
  result.magnitude = std::abs(recomputed);
  result.count = static_cast<std::int64_t>(operands.size());
  result.operands = std::move(operands);
  return result;
}

Operands unknown(const Cell& cell) {
  return result_with(cell, Formula::unknown, {}, std::numeric_limits<double>::quiet_NaN());
}

// A term of a long sum before it has words: most terms never get any.
struct Term {
  std::int64_t index = 0;
  double value = 0.0;
  double factor = 1.0;
  double contribution = 0.0;
};

// Adds all contributions up, in the order of the terms. The largest become operands, NaN before all, and
// `describe` gives them their words.
template <typename Describe>
Operands sum_of(const Cell& cell, Formula formula, std::vector<Term> terms, const Describe& describe) {
  Operands result = result_with(cell, formula, {}, 0.0);
  for (const Term& term : terms) {
    result.recomputed += term.contribution;
    result.magnitude += std::abs(term.contribution);
  }
  const std::size_t kept = std::min(cell.most, terms.size());
  const auto size = [](const Term& term) {
    return std::isnan(term.contribution) ? infinity : std::abs(term.contribution);
  };
  std::partial_sort(terms.begin(), terms.begin() + static_cast<std::ptrdiff_t>(kept), terms.end(),
                    [size](const Term& one, const Term& other) {
                      return size(one) != size(other) ? size(one) > size(other) : one.index < other.index;
                    });
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (i >= kept) {
      result.rest += terms[i].contribution;
      continue;
    }
    Operand operand;
    operand.value = terms[i].value;
    operand.factor = terms[i].factor;
    operand.contribution = terms[i].contribution;
    describe(terms[i].index, operand);
    result.operands.push_back(std::move(operand));
  }
  result.count = static_cast<std::int64_t>(terms.size());
  return result;
}

Operands embedding(const Cell& cell) {
  const Weight& table = cell.trace.model().embedding;
  const std::int64_t id = cell.trace.tokens()[static_cast<std::size_t>(cell.at.index[0])];
  const std::int64_t dimension = cell.at.index[1];
  if (table.bytes == nullptr || id >= table.rows || dimension >= table.columns) return unknown(cell);
  Operand operand;
  operand.label = fmt::format("E[{}, {}]", id, dimension);
  operand.value = static_cast<double>(weight_row(table, id)[static_cast<std::size_t>(dimension)]);
  operand.contribution = operand.value;
  return result_with(cell, Formula::embedding, {operand}, operand.value);
}

Operands copied(const Cell& cell, const std::string& label, const ValueReference& from) {
  if (!cell.has(from.hook, from.layer)) return unknown(cell);
  const Operand operand = single(cell, label, from);
  return result_with(cell, Formula::copied, {operand}, operand.value);
}

Operands resid_pre(const Cell& cell) {
  if (cell.at.layer == 0) return copied(cell, "embed", {Hook::embed, 0, cell.at.index});
  return copied(cell, "resid_post", {Hook::resid_post, cell.at.layer - 1, cell.at.index});
}

Operands sum_of_two(const Cell& cell, const std::string& first, Hook first_hook, const std::string& second,
                    Hook second_hook) {
  if (!cell.has(first_hook) || !cell.has(second_hook)) return unknown(cell);
  const Operand a = single(cell, first, {first_hook, cell.at.layer, cell.at.index});
  const Operand b = single(cell, second, {second_hook, cell.at.layer, cell.at.index});
  Operands result = result_with(cell, Formula::sum_of_two, {a, b}, a.value + b.value);
  result.magnitude = std::abs(a.value) + std::abs(b.value);
  return result;
}

// What a norm divides, and by what.
struct NormPlaces {
  ValueReference stream;
  Hook scale;
  const Tensor* gain;  // null without the block's weights
};

NormPlaces norm_places(const Cell& cell) {
  const BlockWeights* block = cell.block();
  switch (cell.at.hook) {
    case Hook::ln1_scale:
    case Hook::ln1_normalized:
      return {{Hook::resid_pre, cell.at.layer, cell.at.index},
              Hook::ln1_scale,
              block ? &block->ln1_gain : nullptr};
    case Hook::ln2_scale:
    case Hook::ln2_normalized:
      return {{Hook::resid_mid, cell.at.layer, cell.at.index},
              Hook::ln2_scale,
              block ? &block->ln2_gain : nullptr};
    default:
      return {{Hook::resid_post, cell.a.layers - 1, cell.at.index},
              Hook::ln_final_scale,
              &cell.trace.model().ln_final_gain};
  }
}

Operands root_mean_square(const Cell& cell) {
  const ValueReference stream = norm_places(cell).stream;
  if (!cell.has(stream.hook, stream.layer)) return unknown(cell);
  const auto place = [&](std::int64_t i) {
    return ValueReference{stream.hook, stream.layer, {cell.at.index[0], i, 0}};
  };
  std::vector<Term> terms;
  for (std::int64_t i = 0; i < cell.a.d_model; ++i) {
    const double x = number(cell, place(i));
    terms.push_back({i, x, x, x * x});
  }
  Operands result =
      sum_of(cell, Formula::root_mean_square, std::move(terms), [&](std::int64_t i, Operand& operand) {
        operand.label = fmt::format("x[{}]", i);
        operand.reference = place(i);
      });
  result.total = result.recomputed;
  result.epsilon = cell.a.norm_epsilon;
  result.recomputed = std::sqrt(result.total / static_cast<double>(cell.a.d_model) + result.epsilon);
  result.magnitude = std::abs(result.recomputed);
  return result;
}

Operands normalized(const Cell& cell) {
  const NormPlaces places = norm_places(cell);
  const std::int64_t dimension = cell.at.index[1];
  if (places.gain == nullptr || dimension >= places.gain->size() || !cell.has(places.scale) ||
      !cell.has(places.stream.hook, places.stream.layer)) {
    return unknown(cell);
  }
  const Operand x = single(cell, fmt::format("x[{}]", dimension), places.stream);
  Operand scale = single(cell, "scale", {places.scale, cell.at.layer, {cell.at.index[0], 0, 0}});
  scale.contribution = 1.0 / scale.value;
  Operand gain;
  gain.label = fmt::format("gain[{}]", dimension);
  gain.value = static_cast<double>(places.gain->data()[dimension]);
  gain.contribution = gain.value;
  return result_with(cell, Formula::normalized, {x, scale, gain},
                     x.contribution * scale.contribution * gain.contribution);
}

// Σ over the columns of one row of a weight; `place` says where the number that a column multiplies lies.
template <typename Place, typename Label>
Operands linear(const Cell& cell, const Weight* weight, std::int64_t row, const char* name,
                const Place& place, const Label& label) {
  const ValueReference first = place(0);
  if (weight == nullptr || weight->bytes == nullptr || row >= weight->rows ||
      !cell.has(first.hook, first.layer)) {
    return unknown(cell);
  }
  const std::vector<float> weights = weight_row(*weight, row);
  std::vector<Term> terms;
  for (std::int64_t column = 0; column < weight->columns; ++column) {
    const double x = number(cell, place(column));
    const auto w = static_cast<double>(weights[static_cast<std::size_t>(column)]);
    terms.push_back({column, x, w, x * w});
  }
  return sum_of(cell, Formula::linear, std::move(terms), [&](std::int64_t column, Operand& operand) {
    operand.label = label(column);
    operand.reference = place(column);
    operand.factor_label = fmt::format("{}[{}, {}]", name, row, column);
  });
}

// The weight reads a row of the trace as it is: [position, column].
Operands linear_of(const Cell& cell, const Weight* weight, std::int64_t row, const char* name, Hook input,
                   const char* letter) {
  return linear(
      cell, weight, row, name,
      [&](std::int64_t column) {
        return ValueReference{input, cell.at.layer, {cell.at.index[0], column, 0}};
      },
      [&](std::int64_t column) { return fmt::format("{}[{}]", letter, column); });
}

Operands projected_head(const Cell& cell, Weight BlockWeights::*weight, const char* name) {
  const BlockWeights* block = cell.block();
  return linear_of(cell, block ? &(block->*weight) : nullptr,
                   cell.at.index[1] * cell.a.d_head + cell.at.index[2], name, Hook::ln1_normalized, "x");
}

// W_O reads all heads' z, one behind the other.
Operands attn_out(const Cell& cell) {
  const BlockWeights* block = cell.block();
  const std::int64_t d_head = std::max<std::int64_t>(1, cell.a.d_head);
  return linear(
      cell, block ? &block->w_o : nullptr, cell.at.index[1], "W_O",
      [&](std::int64_t column) {
        return ValueReference{Hook::z, cell.at.layer, {cell.at.index[0], column / d_head, column % d_head}};
      },
      [&](std::int64_t column) { return fmt::format("z H{}[{}]", column / d_head, column % d_head); });
}

// (a, b) = (x_i, x_{i+D/2}) becomes (a cos θ - b sin θ, a sin θ + b cos θ).
Operands turned(const Cell& cell, Hook before, const char* letter) {
  const std::int64_t position = cell.at.index[0], head = cell.at.index[1], i = cell.at.index[2];
  const std::int64_t half = cell.a.rotary_dimensions / 2;
  const ValueReference from{before, cell.at.layer, cell.at.index};
  if (!cell.has(before)) return unknown(cell);
  if (i >= half * 2) return copied(cell, fmt::format("{}[{}]", letter, i), from);
  const std::int64_t partner = i < half ? i + half : i - half;
  const double angle = static_cast<double>(position) *
                       std::pow(cell.a.rotary_base, -2.0 * static_cast<double>(i % half) /
                                                        static_cast<double>(cell.a.rotary_dimensions));
  Operand own = single(cell, fmt::format("{}[{}]", letter, i), from);
  own.factor_label = "cos θ";
  own.factor = std::cos(angle);
  own.contribution = own.value * own.factor;
  Operand other = single(cell, fmt::format("{}[{}]", letter, partner),
                         {before, cell.at.layer, {position, head, partner}});
  other.factor_label = i < half ? "−sin θ" : "sin θ";
  other.factor = i < half ? -std::sin(angle) : std::sin(angle);
  other.contribution = other.value * other.factor;
  Operands result = result_with(cell, Formula::turned, {own, other}, own.contribution + other.contribution);
  result.angle = angle;
  result.magnitude = std::abs(own.contribution) + std::abs(other.contribution);
  return result;
}

Operands attn_scores(const Cell& cell) {
  const std::int64_t head = cell.at.index[0], query = cell.at.index[1], key = cell.at.index[2];
  if (key > query) return result_with(cell, Formula::masked, {}, -infinity);
  if (!cell.has(Hook::rot_q) || !cell.has(Hook::rot_k)) return unknown(cell);
  const auto q_place = [&](std::int64_t i) {
    return ValueReference{Hook::rot_q, cell.at.layer, {query, head, i}};
  };
  const auto k_place = [&](std::int64_t i) {
    return ValueReference{Hook::rot_k, cell.at.layer, {key, cell.kv_head(head), i}};
  };
  std::vector<Term> terms;
  for (std::int64_t i = 0; i < cell.a.d_head; ++i) {
    const double q = number(cell, q_place(i)), k = number(cell, k_place(i));
    terms.push_back({i, q, k, q * k});
  }
  Operands result =
      sum_of(cell, Formula::dot_product, std::move(terms), [&](std::int64_t i, Operand& operand) {
        operand.label = fmt::format("q'[{}]", i);
        operand.reference = q_place(i);
        operand.factor_label = fmt::format("k'[{}]", i);
        operand.factor_reference = k_place(i);
      });
  result.scale = cell.a.attention_scale;
  result.total = result.recomputed;
  result.recomputed *= result.scale;
  result.magnitude *= std::abs(result.scale);
  return result;
}

// The scores of the target's query for the keys 0 .. query; computed from the vectors when they were not
// kept, empty when that is not possible either.
std::vector<double> scores_of_row(const Cell& cell, std::int64_t head, std::int64_t query) {
  std::vector<double> scores;
  if (cell.has(Hook::attn_scores)) {
    for (std::int64_t key = 0; key <= query; ++key) {
      scores.push_back(number(cell, {Hook::attn_scores, cell.at.layer, {head, query, key}}));
    }
  } else if (cell.has(Hook::rot_q) && cell.has(Hook::rot_k)) {
    scores = attention_row(cell.trace, cell.at.layer, head, query).score;
  }
  return scores;
}

// Term::value: the score; Term::contribution: e^(score - largest). A score of −∞ counts nothing.
std::vector<Term> exponentials(const std::vector<double>& scores, double largest) {
  std::vector<Term> terms;
  for (const double score : scores) {
    const double e = score == -infinity ? 0.0 : std::exp(score - largest);
    terms.push_back({static_cast<std::int64_t>(terms.size()), score, 1.0, e});
  }
  return terms;
}

// The key that was asked for is always listed: the last one gives way to it.
template <typename Describe>
void list_term(Operands& result, const Term& term, const Describe& describe) {
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

Operands pattern(const Cell& cell) {
  const std::int64_t head = cell.at.index[0], query = cell.at.index[1], key = cell.at.index[2];
  if (key > query) return result_with(cell, Formula::masked, {}, 0.0);
  const std::vector<double> scores = scores_of_row(cell, head, query);
  if (scores.empty()) return unknown(cell);
  double largest = -infinity;
  for (const double score : scores) {
    if (score > largest || std::isnan(score)) largest = score;
  }
  std::vector<Term> terms = exponentials(scores, largest);
  double total = 0.0;
  for (const Term& term : terms) total += term.contribution;
  for (Term& term : terms) {
    if (term.contribution != 0.0) term.contribution /= total;
    term.factor = term.contribution;
  }
  const Term own = terms[static_cast<std::size_t>(key)];
  const auto describe = [&](std::int64_t k, Operand& operand) {
    operand.label = fmt::format("{}", k);
    operand.reference = ValueReference{Hook::attn_scores, cell.at.layer, {head, query, k}};
    operand.factor_reference = ValueReference{Hook::pattern, cell.at.layer, {head, query, k}};
  };
  Operands result = sum_of(cell, Formula::softmax, std::move(terms), describe);
  list_term(result, own, describe);
  result.largest = largest;
  result.total = total;
  result.recomputed = own.contribution;
  result.magnitude = std::abs(own.contribution);
  return result;
}

Operands z(const Cell& cell) {
  const std::int64_t query = cell.at.index[0], head = cell.at.index[1], i = cell.at.index[2];
  const bool kept = cell.has(Hook::pattern);
  if (!cell.has(Hook::v) || (!kept && (!cell.has(Hook::rot_q) || !cell.has(Hook::rot_k))))
    return unknown(cell);
  const std::vector<double> weights =
      kept ? std::vector<double>() : attention_row(cell.trace, cell.at.layer, head, query).weight;
  const auto weight_place = [&](std::int64_t key) {
    return ValueReference{Hook::pattern, cell.at.layer, {head, query, key}};
  };
  const auto v_place = [&](std::int64_t key) {
    return ValueReference{Hook::v, cell.at.layer, {key, cell.kv_head(head), i}};
  };
  std::vector<Term> terms;
  for (std::int64_t key = 0; key <= query; ++key) {
    const double weight = kept ? number(cell, weight_place(key)) : weights[static_cast<std::size_t>(key)];
    const double v = number(cell, v_place(key));
    terms.push_back({key, weight, v, weight * v});
  }
  return sum_of(cell, Formula::mixed, std::move(terms), [&](std::int64_t key, Operand& operand) {
    operand.label = fmt::format("{}", key);
    operand.reference = weight_place(key);
    operand.factor_label = fmt::format("v[{}]", i);
    operand.factor_reference = v_place(key);
  });
}

Operands mlp_post(const Cell& cell) {
  if (!cell.has(Hook::mlp_pre) || !cell.has(Hook::mlp_pre_linear)) return unknown(cell);
  Operand gate = single(cell, "g", {Hook::mlp_pre, cell.at.layer, cell.at.index});
  switch (cell.a.activation) {
    case Activation::silu:
      gate.contribution = gate.value / (1.0 + std::exp(-gate.value));
      break;
  }
  const Operand linear_input = single(cell, "u", {Hook::mlp_pre_linear, cell.at.layer, cell.at.index});
  return result_with(cell, Formula::gated, {gate, linear_input},
                     gate.contribution * linear_input.contribution);
}

Operands in_mlp(const Cell& cell) {
  const BlockWeights* block = cell.block();
  const std::int64_t row = cell.at.index[1];
  switch (cell.at.hook) {
    case Hook::mlp_pre:
      return linear_of(cell, block ? &block->w_gate : nullptr, row, "W_gate", Hook::ln2_normalized, "x");
    case Hook::mlp_pre_linear:
      return linear_of(cell, block ? &block->w_in : nullptr, row, "W_in", Hook::ln2_normalized, "x");
    case Hook::mlp_post:
      return mlp_post(cell);
    default:
      return linear_of(cell, block ? &block->w_out : nullptr, row, "W_out", Hook::mlp_post, "h");
  }
}

Operands formula_of(const Cell& cell) {
  switch (cell.at.hook) {
    case Hook::embed:
      return embedding(cell);
    case Hook::resid_pre:
      return resid_pre(cell);
    case Hook::ln1_scale:
    case Hook::ln2_scale:
    case Hook::ln_final_scale:
      return root_mean_square(cell);
    case Hook::ln1_normalized:
    case Hook::ln2_normalized:
    case Hook::ln_final_normalized:
      return normalized(cell);
    case Hook::q:
      return projected_head(cell, &BlockWeights::w_q, "W_Q");
    case Hook::k:
      return projected_head(cell, &BlockWeights::w_k, "W_K");
    case Hook::v:
      return projected_head(cell, &BlockWeights::w_v, "W_V");
    case Hook::rot_q:
      return turned(cell, Hook::q, "q");
    case Hook::rot_k:
      return turned(cell, Hook::k, "k");
    case Hook::attn_scores:
      return attn_scores(cell);
    case Hook::pattern:
      return pattern(cell);
    case Hook::z:
      return z(cell);
    case Hook::attn_out:
      return attn_out(cell);
    case Hook::resid_mid:
      return sum_of_two(cell, "resid_pre", Hook::resid_pre, "attn_out", Hook::attn_out);
    case Hook::mlp_pre:
    case Hook::mlp_pre_linear:
    case Hook::mlp_post:
    case Hook::mlp_out:
      return in_mlp(cell);
    case Hook::resid_post:
      return sum_of_two(cell, "resid_mid", Hook::resid_mid, "mlp_out", Hook::mlp_out);
    case Hook::logits:
      return linear_of(cell, &cell.trace.model().unembedding, cell.at.index[1], "W_U",
                       Hook::ln_final_normalized, "x");
  }
  return unknown(cell);
}

// An attention map that was not kept, and an index that it would have.
bool can_be_derived(const Cell& cell) {
  if (cell.at.hook != Hook::attn_scores && cell.at.hook != Hook::pattern) return false;
  const std::int64_t positions = cell.trace.positions();
  const auto within = [](std::int64_t index, std::int64_t count) { return index >= 0 && index < count; };
  return !cell.has(cell.at.hook) && cell.has(Hook::rot_q) && cell.has(Hook::rot_k) &&
         within(cell.at.index[0], cell.a.heads) && within(cell.at.index[1], positions) &&
         within(cell.at.index[2], positions);
}

}  // namespace

std::optional<double> value_of(const Trace& trace, const ValueReference& at) {
  if (const auto value = captured(trace, at)) return value;
  const Cell cell{trace, trace.model().architecture, at, 1};
  if (!can_be_derived(cell)) return std::nullopt;
  return formula_of(cell).recomputed;
}

std::optional<Operands> operands_of(const Trace& trace, const ValueReference& at, std::size_t most) {
  const Cell cell{trace, trace.model().architecture, at, most};
  const std::optional<double> value = captured(trace, at);
  if (!value && !can_be_derived(cell)) return std::nullopt;
  Operands result = formula_of(cell);
  result.value = value.value_or(result.recomputed);
  result.captured = value.has_value();
  return result;
}

}  // namespace headlight

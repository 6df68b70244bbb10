// Dot products, softmax and mixing of one row, in double and in the plainest order.
#include "core/analysis/attention_row.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/forward/derived_values.h"
#include "core/forward/relative_bias.h"

namespace headlight {
namespace {

// Where one query head's vectors lie in the trace's tensors.
struct HeadVectors {
  const Trace& trace;
  const ArchitectureDescription& architecture;
  std::int64_t layer;
  std::int64_t head;
  std::int64_t kv_head;
  AttentionHooks hooks;

  const float* q(std::int64_t position) const {
    return trace.row(hooks.q, layer, position).data() + head * architecture.d_head;
  }
  const float* k(std::int64_t position) const {
    return trace.row(hooks.k, layer, position).data() + kv_head * architecture.d_head;
  }
  const float* v(std::int64_t position) const {
    return trace.row(hooks.v, layer, position).data() + kv_head * architecture.d_head;
  }
};

HeadVectors vectors_of(const Trace& trace, std::int64_t layer, std::int64_t head, std::int64_t query,
                       bool cross) {
  const ArchitectureDescription& a = trace.model().architecture;
  if (layer < 0 || layer >= a.layers || head < 0 || head >= a.heads || query < 0 ||
      query >= trace.positions()) {
    throw std::logic_error("no attention row at layer " + std::to_string(layer) + ", head " +
                           std::to_string(head) + ", query " + std::to_string(query));
  }
  return {trace, a, layer, head, head / (a.heads / a.kv_heads), attention_hooks(a, cross)};
}

double dot_product(const float* left, const float* right, std::int64_t length) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < length; ++i)
    sum += static_cast<double>(left[i]) * static_cast<double>(right[i]);
  return sum;
}

constexpr double hidden = -std::numeric_limits<double>::infinity();

void soften(AttentionRow& row) {
  row.largest = hidden;
  for (const double score : row.score) {
    if (score > row.largest || std::isnan(score)) row.largest = score;
  }
  for (const double score : row.score) {
    row.exponential.push_back(score == hidden ? 0.0 : std::exp(score - row.largest));
    row.sum += row.exponential.back();
  }
  for (const double exponential : row.exponential) row.weight.push_back(exponential / row.sum);
}

void compare_with_captured(AttentionRow& row, std::span<const float> weights) {
  for (std::size_t key = 0; key < row.weight.size(); ++key) {
    row.captured.push_back(static_cast<double>(weights[key]));
    const double difference = std::abs(row.captured[key] - row.weight[key]);
    if (difference > row.difference || std::isnan(difference)) row.difference = difference;
  }
}

}  // namespace

AttentionRow attention_row(const Trace& trace, std::int64_t layer, std::int64_t head, std::int64_t query,
                           bool cross) {
  const HeadVectors vectors = vectors_of(trace, layer, head, query, cross);
  const ArchitectureDescription& a = vectors.architecture;
  const AttentionRule rule = attention_rule(a, layer, cross);
  const KeyRange seen = visible_keys(rule, query, attention_keys(trace, cross));
  const std::vector<float> biases = cross ? std::vector<float>() : relative_bias_of_head(trace.model(), head);
  AttentionRow row;
  row.query = query;
  row.kv_head = vectors.kv_head;
  row.first_key = seen.first;
  row.scale = rule.scale;
  row.soft_cap = rule.soft_cap;
  for (std::int64_t key = 0; key < seen.last; ++key) {
    row.dot.push_back(dot_product(vectors.q(query), vectors.k(key), a.d_head));
    double score = row.dot.back() * row.scale;
    if (row.soft_cap > 0.0) score = row.soft_cap * std::tanh(score / row.soft_cap);
    if (!biases.empty()) {
      row.bias.push_back(
          static_cast<double>(biases[static_cast<std::size_t>(relative_bucket(key - query, a))]));
      score += row.bias.back();
    }
    row.score.push_back(key < seen.first ? hidden : score);
  }
  soften(row);
  if (trace.has(vectors.hooks.v, layer)) {
    row.z.assign(static_cast<std::size_t>(a.d_head), 0.0);
    for (std::int64_t key = seen.first; key < seen.last; ++key) {
      const float* v = vectors.v(key);
      for (std::size_t i = 0; i < row.z.size(); ++i) {
        row.z[i] += row.weight[static_cast<std::size_t>(key)] * static_cast<double>(v[i]);
      }
    }
  }
  if (trace.has(vectors.hooks.pattern, layer)) {
    compare_with_captured(row, trace.map_row(vectors.hooks.pattern, layer, head, query));
  }
  return row;
}

QueryKeyProduct query_key_product(const Trace& trace, std::int64_t layer, std::int64_t head,
                                  std::int64_t query, std::int64_t key, bool cross) {
  const HeadVectors vectors = vectors_of(trace, layer, head, query, cross);
  if (key < 0 || key >= attention_keys(trace, cross)) {
    throw std::logic_error("no key at position " + std::to_string(key));
  }
  QueryKeyProduct result;
  double running = 0.0;
  for (std::int64_t i = 0; i < vectors.architecture.d_head; ++i) {
    result.q.push_back(static_cast<double>(vectors.q(query)[i]));
    result.k.push_back(static_cast<double>(vectors.k(key)[i]));
    result.product.push_back(result.q.back() * result.k.back());
    running += result.product.back();
    result.running.push_back(running);
  }
  return result;
}

}  // namespace headlight

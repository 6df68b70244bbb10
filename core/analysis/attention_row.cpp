// Dot products, softmax and mixing of one row, in double and in the plainest order.
#include "core/analysis/attention_row.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace headlight {
namespace {

// Where one query head's vectors lie in the trace's tensors.
struct HeadVectors {
  const Trace& trace;
  const ArchitectureDescription& architecture;
  std::int64_t layer;
  std::int64_t head;
  std::int64_t kv_head;

  const float* q(std::int64_t position) const {
    return trace.at(Hook::rot_q, layer).data() + (position * architecture.heads + head) * architecture.d_head;
  }
  const float* k(std::int64_t position) const {
    return trace.at(Hook::rot_k, layer).data() +
           (position * architecture.kv_heads + kv_head) * architecture.d_head;
  }
  const float* v(std::int64_t position) const {
    return trace.at(Hook::v, layer).data() +
           (position * architecture.kv_heads + kv_head) * architecture.d_head;
  }
};

HeadVectors vectors_of(const Trace& trace, std::int64_t layer, std::int64_t head, std::int64_t query) {
  const ArchitectureDescription& a = trace.model().architecture;
  if (layer < 0 || layer >= a.layers || head < 0 || head >= a.heads || query < 0 ||
      query >= trace.positions()) {
    throw std::logic_error("no attention row at layer " + std::to_string(layer) + ", head " +
                           std::to_string(head) + ", query " + std::to_string(query));
  }
  return {trace, a, layer, head, head / (a.heads / a.kv_heads)};
}

double dot_product(const float* left, const float* right, std::int64_t length) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < length; ++i)
    sum += static_cast<double>(left[i]) * static_cast<double>(right[i]);
  return sum;
}

void soften(AttentionRow& row) {
  row.largest = row.score[0];
  for (const double score : row.score) {
    if (score > row.largest || std::isnan(score)) row.largest = score;
  }
  for (const double score : row.score) {
    row.exponential.push_back(std::exp(score - row.largest));
    row.sum += row.exponential.back();
  }
  for (const double exponential : row.exponential) row.weight.push_back(exponential / row.sum);
}

void compare_with_captured(AttentionRow& row, const Tensor& pattern, std::int64_t head) {
  const float* weights = pattern.data() + (head * pattern.axis(1) + row.query) * pattern.axis(2);
  for (std::size_t key = 0; key < row.weight.size(); ++key) {
    row.captured.push_back(static_cast<double>(weights[key]));
    const double difference = std::abs(row.captured[key] - row.weight[key]);
    if (difference > row.difference || std::isnan(difference)) row.difference = difference;
  }
}

}  // namespace

AttentionRow attention_row(const Trace& trace, std::int64_t layer, std::int64_t head, std::int64_t query) {
  const HeadVectors vectors = vectors_of(trace, layer, head, query);
  const std::int64_t d_head = vectors.architecture.d_head;
  AttentionRow row;
  row.query = query;
  row.kv_head = vectors.kv_head;
  row.scale = vectors.architecture.attention_scale;
  for (std::int64_t key = 0; key <= query; ++key) {
    row.dot.push_back(dot_product(vectors.q(query), vectors.k(key), d_head));
    row.score.push_back(row.dot.back() * row.scale);
  }
  soften(row);
  if (trace.has(Hook::v, layer)) {
    row.z.assign(static_cast<std::size_t>(d_head), 0.0);
    for (std::int64_t key = 0; key <= query; ++key) {
      const float* v = vectors.v(key);
      for (std::size_t i = 0; i < row.z.size(); ++i) {
        row.z[i] += row.weight[static_cast<std::size_t>(key)] * static_cast<double>(v[i]);
      }
    }
  }
  if (trace.has(Hook::pattern, layer)) compare_with_captured(row, trace.at(Hook::pattern, layer), head);
  return row;
}

QueryKeyProduct query_key_product(const Trace& trace, std::int64_t layer, std::int64_t head,
                                  std::int64_t query, std::int64_t key) {
  const HeadVectors vectors = vectors_of(trace, layer, head, query);
  if (key < 0 || key >= trace.positions()) {
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

// One head's scores and pattern, from the trace or recomputed from rotated queries and keys.
#include "core/forward/derived_values.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace headlight {
namespace {

// Captured maps are [head, query, key]; one head of them, copied.
Tensor one_head(const Tensor& maps, std::int64_t head) {
  return maps.rows(head, head + 1).reshaped({maps.axis(1), maps.axis(2)});
}

// In double, in eight sums side by side: the compiler makes vector instructions of them.
double dot_product(const float* left, const float* right, std::int64_t length) {
  constexpr std::int64_t lanes = 8;
  double sums[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= length; i += lanes) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      sums[lane] += static_cast<double>(left[i + lane]) * static_cast<double>(right[i + lane]);
    }
  }
  for (; i < length; ++i) sums[0] += static_cast<double>(left[i]) * static_cast<double>(right[i]);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

void check_head(const Trace& trace, std::int64_t head) {
  if (head < 0 || head >= trace.model().architecture.heads) {
    throw std::logic_error("head " + std::to_string(head) + " does not exist");
  }
}

}  // namespace

Tensor head_scores(const Trace& trace, std::int64_t layer, std::int64_t head) {
  check_head(trace, head);
  if (trace.has(Hook::attn_scores, layer)) return one_head(trace.at(Hook::attn_scores, layer), head);
  const ArchitectureDescription& a = trace.model().architecture;
  const Tensor& q = trace.at(Hook::rot_q, layer);
  const Tensor& k = trace.at(Hook::rot_k, layer);
  const std::int64_t kv_head = head / (a.heads / a.kv_heads);
  const std::int64_t positions = trace.positions();
  Tensor scores({positions, positions});
  float* out = scores.writable();
  for (std::int64_t query = 0; query < positions; ++query, out += positions) {
    const float* q_row = q.data() + (query * a.heads + head) * a.d_head;
    for (std::int64_t key = 0; key <= query; ++key) {
      const float* k_row = k.data() + (key * a.kv_heads + kv_head) * a.d_head;
      out[key] = static_cast<float>(dot_product(q_row, k_row, a.d_head) * a.attention_scale);
    }
    std::fill(out + query + 1, out + positions, -INFINITY);
  }
  return scores;
}

Tensor head_pattern(const Trace& trace, std::int64_t layer, std::int64_t head) {
  check_head(trace, head);
  if (trace.has(Hook::pattern, layer)) return one_head(trace.at(Hook::pattern, layer), head);
  const Tensor scores = head_scores(trace, layer, head);
  Tensor pattern(scores.shape());
  const std::int64_t keys = scores.axis(1);
  for (std::int64_t query = 0; query < scores.axis(0); ++query) {
    const float* in = scores.data() + query * keys;
    float* out = pattern.writable() + query * keys;
    const double largest = *std::max_element(in, in + keys);
    double sum = 0.0;
    for (std::int64_t key = 0; key < keys; ++key) {
      // Masked is exactly 0, and costs no exponential.
      out[key] =
          in[key] == -INFINITY ? 0.0F : static_cast<float>(std::exp(static_cast<double>(in[key]) - largest));
      sum += static_cast<double>(out[key]);
    }
    for (std::int64_t key = 0; key < keys; ++key)
      out[key] = static_cast<float>(static_cast<double>(out[key]) / sum);
  }
  return pattern;
}

}  // namespace headlight

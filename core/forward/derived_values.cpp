// One head's scores and pattern, from the trace or recomputed from its queries and keys.
#include "core/forward/derived_values.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "core/forward/relative_bias.h"

namespace headlight {
namespace {

// One head of a captured map, [query, key].
Tensor one_head(const Trace& trace, Hook hook, std::int64_t layer, std::int64_t head, std::int64_t keys,
                float masked) {
  Tensor map({trace.positions(), keys});
  float* out = map.writable();
  for (std::int64_t query = 0; query < trace.positions(); ++query, out += keys) {
    const std::span<const float> row = trace.map_row(hook, layer, head, query);
    std::fill(std::copy(row.begin(), row.end(), out), out + keys, masked);
  }
  return map;
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

AttentionHooks attention_hooks(const ArchitectureDescription& a, bool cross) {
  if (cross) {
    return {Hook::cross_q,           Hook::cross_k,       Hook::cross_v,
            Hook::cross_attn_scores, Hook::cross_pattern, Hook::cross_z};
  }
  return {query_hook(a), key_hook(a), Hook::v, Hook::attn_scores, Hook::pattern, Hook::z};
}

AttentionRule attention_rule(const ArchitectureDescription& a, std::int64_t layer, bool cross) {
  if (cross) return {.scale = a.attention_scale_of(layer), .causal = false};
  return {.scale = a.attention_scale_of(layer),
          .causal = a.causal,
          .window = a.window_of(layer),
          .soft_cap = a.attention_soft_cap};
}

HookPlace stream_place(const ArchitectureDescription& a, std::int64_t blocks) {
  if (blocks > 0) {
    return {a.wiring == Wiring::post_norm ? Hook::ln2_normalized : Hook::resid_post, blocks - 1};
  }
  const bool only_tokens = a.positions == PositionTable::none && !a.token_types && !a.embedding_norm;
  return {only_tokens ? Hook::embed : Hook::resid_pre, 0};
}

std::int64_t attention_keys(const Trace& trace, bool cross) {
  if (!cross) return trace.positions();
  return trace.source() ? trace.source()->positions() : 0;
}

bool has_attention(const Trace& trace, std::int64_t layer, bool cross) {
  if (layer < 0 || layer >= trace.model().architecture.layers) return false;
  const AttentionHooks hooks = attention_hooks(trace.model().architecture, cross);
  if (trace.has(hooks.pattern, layer)) return true;
  // Of a trace from a file it may not be known how its patterns came about.
  return !std::isnan(trace.model().architecture.attention_scale) && trace.has(hooks.q, layer) &&
         trace.has(hooks.k, layer);
}

Tensor head_scores(const Trace& trace, std::int64_t layer, std::int64_t head, bool cross) {
  check_head(trace, head);
  const ArchitectureDescription& a = trace.model().architecture;
  const AttentionHooks hooks = attention_hooks(a, cross);
  const std::int64_t positions = trace.positions(), keys = attention_keys(trace, cross);
  if (trace.has(hooks.scores, layer)) return one_head(trace, hooks.scores, layer, head, keys, -INFINITY);
  const Tensor q = trace.at(hooks.q, layer), k = trace.at(hooks.k, layer);
  const std::int64_t kv_head = head / (a.heads / a.kv_heads);
  const AttentionRule rule = attention_rule(a, layer, cross);
  const std::vector<float> bias = cross ? std::vector<float>() : relative_bias_of_head(trace.model(), head);
  Tensor scores({positions, keys});
  float* out = scores.writable();
  for (std::int64_t query = 0; query < positions; ++query, out += keys) {
    const float* q_row = q.data() + (query * a.heads + head) * a.d_head;
    const KeyRange shown = visible_keys(rule, query, keys);
    std::fill(out, out + keys, -INFINITY);
    for (std::int64_t key = shown.first; key < shown.last; ++key) {
      const float* k_row = k.data() + (key * a.kv_heads + kv_head) * a.d_head;
      double score = dot_product(q_row, k_row, a.d_head) * rule.scale;
      if (rule.soft_cap > 0.0) score = rule.soft_cap * std::tanh(score / rule.soft_cap);
      if (!bias.empty()) {
        score += static_cast<double>(bias[static_cast<std::size_t>(relative_bucket(key - query, a))]);
      }
      out[key] = static_cast<float>(score);
    }
  }
  return scores;
}

Tensor head_pattern(const Trace& trace, std::int64_t layer, std::int64_t head, bool cross) {
  check_head(trace, head);
  const Hook kept = attention_hooks(trace.model().architecture, cross).pattern;
  if (trace.has(kept, layer)) {
    return one_head(trace, kept, layer, head, attention_keys(trace, cross), 0.0F);
  }
  const Tensor scores = head_scores(trace, layer, head, cross);
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

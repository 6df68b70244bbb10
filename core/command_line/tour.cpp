// What a terminal can show of a text: its tokens, the next token, the strongest attention.
#include <fmt/format.h>

#include <algorithm>

#include "core/command_line/command_line.h"
#include "core/forward/derived_values.h"

namespace headlight {
namespace {

struct Look {
  std::int64_t layer, head, query, key;
  float weight;
};

// The strongest weight of each head that goes neither to the first token, where heads rest, nor to the token
// itself.
std::vector<Look> strongest_looks(const Trace& trace, std::size_t count) {
  const ArchitectureDescription& a = trace.model().architecture;
  std::vector<Look> looks;
  for (std::int64_t layer = 0; layer < a.layers; ++layer) {
    for (std::int64_t head = 0; head < a.heads; ++head) {
      const Tensor pattern = head_pattern(trace, layer, head);
      Look best{layer, head, 0, 0, 0.0F};
      for (std::int64_t query = 2; query < trace.positions(); ++query) {
        const std::int64_t keys = a.causal ? query : trace.positions();
        for (std::int64_t key = 1; key < keys; ++key) {
          if (key == query) continue;
          const float weight = pattern.data()[query * trace.positions() + key];
          if (weight > best.weight) best = {layer, head, query, key, weight};
        }
      }
      if (best.weight > 0.0F) looks.push_back(best);
    }
  }
  count = std::min(count, looks.size());
  std::partial_sort(looks.begin(), looks.begin() + static_cast<std::ptrdiff_t>(count), looks.end(),
                    [](const Look& a_look, const Look& b_look) { return a_look.weight > b_look.weight; });
  looks.resize(count);
  return looks;
}

void print_next(const Trace& trace) {
  const bool masked = trace.model().architecture.head == OutputHead::masked_lm;
  fmt::print("\n\n{}, over all {} tokens\n", masked ? "Token that fits" : "Next token",
             trace.model().architecture.vocabulary);
  const Distribution next = last_distribution(trace, {});
  for (std::size_t rank = 0; rank < std::min<std::size_t>(5, next.ranked.size()); ++rank) {
    fmt::print("  #{} {:<14} {:7.3f}%\n", rank + 1,
               fmt::format("|{}|", visible_bytes(trace.model().tokenizer->bytes(next.ranked[rank].id))),
               100.0 * next.ranked[rank].probability);
  }
}

}  // namespace

void print_tour(const std::shared_ptr<const Model>& model, const ComputeOptions& options,
                const std::string& text) {
  const auto trace = run_forward(model, *open_backend(options), text_request(*model, text));
  const auto shown = [&](TokenId id) {
    return fmt::format("|{}|", visible_bytes(model->tokenizer->bytes(id)));
  };
  fmt::print("{} · {} layers × {} heads · {:.0f} ms\n\nTokens of \"{}\"\n ", model->title,
             model->architecture.layers, model->architecture.heads, 1e3 * trace->seconds, text);
  for (const TokenId id : trace->tokens()) fmt::print(" {} {}", shown(id), id);
  if (trace->has(Hook::logits)) {
    print_next(*trace);
  } else {
    fmt::print("\n");
  }
  fmt::print("\nStrongest attention (not to the first token, where heads rest)\n");
  for (const Look& look : strongest_looks(*trace, 5)) {
    fmt::print("  {:<8} {} looks at {}  {:.2f}\n", fmt::format("L{} H{}", look.layer, look.head),
               shown(trace->tokens()[static_cast<std::size_t>(look.query)]),
               shown(trace->tokens()[static_cast<std::size_t>(look.key)]), static_cast<double>(look.weight));
  }
}

}  // namespace headlight

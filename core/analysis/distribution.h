// From logits to the next token: exact over the whole vocabulary, every step kept so that it can be drawn.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

struct SamplingSettings {
  double temperature = 1.0;  // 0: always the likeliest
  std::int64_t top_k = 0;    // 0: off
  double top_p = 1.0;        // 1: off
  double min_p = 0.0;        // 0: off; relative to the likeliest
  bool operator==(const SamplingSettings&) const = default;
};

struct Candidate {
  TokenId id = 0;
  double logit = 0.0;
  double probability = 0.0;  // softmax(logits) over the whole vocabulary, temperature 1
  double tempered = 0.0;     // softmax(logits / temperature) over the whole vocabulary
  double sampled = 0.0;      // after the cuts, renormalised; 0 when cut
  enum class Cut { none, top_k, top_p, min_p } cut = Cut::none;
};

struct Distribution {
  std::vector<Candidate> ranked;  // the whole vocabulary, likeliest first; ties by id
  double entropy = 0.0;           // of `probability`, in nats
  double log_sum_exp = 0.0;
  std::int64_t kept = 0;  // candidates that survive the cuts: the first `kept` of ranked
};

// Order of the cuts: temperature, top-k, top-p, min-p, renormalise. At least one candidate is always kept.
// A logit that is NaN or +inf is std::logic_error's business of the caller: they get probability NaN and sort
// last.
Distribution distribution(std::span<const float> logits, const SamplingSettings& settings);

// Draws one of the kept candidates; the same generator state gives the same token on every platform.
TokenId sample(const Distribution& distribution, std::mt19937_64& generator);
// The same for the token at `position`: the draw depends on seed and position alone, so that going on token
// by token gives the same text as in one go.
TokenId sample(const Distribution& distribution, std::uint64_t seed, std::int64_t position);
// The number in [0, 1) that decides this draw: the kept candidates, likeliest first, divide that range among
// themselves by their `sampled`, and the one in whose part it falls is taken.
double drawn_number(std::uint64_t seed, std::int64_t position);

}  // namespace headlight

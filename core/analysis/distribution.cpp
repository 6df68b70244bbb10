// Softmax over the whole vocabulary in double, the cuts in their order, and seeded sampling.
#include "core/analysis/distribution.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace headlight {
namespace {

bool likelier(const Candidate& a, const Candidate& b) {
  const bool a_nan = std::isnan(a.logit);
  const bool b_nan = std::isnan(b.logit);
  if (a_nan != b_nan) return b_nan;
  if (!a_nan && a.logit != b.logit) return a.logit > b.logit;
  return a.id < b.id;
}

// log of the sum of exp(logit / temperature) over all candidates.
double log_sum_exp(const std::vector<Candidate>& candidates, double temperature) {
  const double largest = candidates.front().logit / temperature;
  double sum = 0.0;
  for (const Candidate& candidate : candidates) {
    if (!std::isnan(candidate.logit)) sum += std::exp(candidate.logit / temperature - largest);
  }
  return largest + std::log(sum);
}

// Cuts the tail of the ranked list: candidates from `kept` on are marked with the first cut that removed
// them.
void cut_from(std::vector<Candidate>& ranked, std::int64_t& kept, std::int64_t limit, Candidate::Cut cut) {
  limit = std::clamp<std::int64_t>(limit, 1, kept);
  for (std::int64_t i = limit; i < kept; ++i) ranked[static_cast<std::size_t>(i)].cut = cut;
  kept = limit;
}

// How many of the likeliest are needed for their probabilities (among the kept) to reach top_p.
std::int64_t nucleus_size(const std::vector<Candidate>& ranked, std::int64_t kept, double top_p) {
  double total = 0.0;
  for (std::int64_t i = 0; i < kept; ++i) total += ranked[static_cast<std::size_t>(i)].tempered;
  double sum = 0.0;
  for (std::int64_t i = 0; i < kept; ++i) {
    sum += ranked[static_cast<std::size_t>(i)].tempered;
    if (sum >= top_p * total) return i + 1;
  }
  return kept;
}

}  // namespace

Distribution distribution(std::span<const float> logits, const SamplingSettings& settings) {
  if (logits.empty()) throw std::logic_error("a distribution over no tokens");
  Distribution result;
  result.ranked.resize(logits.size());
  for (std::size_t id = 0; id < logits.size(); ++id) {
    result.ranked[id].id = static_cast<TokenId>(id);
    result.ranked[id].logit = static_cast<double>(logits[id]);
  }
  std::sort(result.ranked.begin(), result.ranked.end(), likelier);

  const bool greedy = settings.temperature <= 0.0;
  result.log_sum_exp = log_sum_exp(result.ranked, 1.0);
  const double tempered_sum = greedy ? 0.0 : log_sum_exp(result.ranked, settings.temperature);
  for (Candidate& candidate : result.ranked) {
    candidate.probability = std::exp(candidate.logit - result.log_sum_exp);
    candidate.tempered = greedy ? 0.0 : std::exp(candidate.logit / settings.temperature - tempered_sum);
    if (candidate.probability > 0.0) {
      result.entropy -= candidate.probability * (candidate.logit - result.log_sum_exp);
    }
  }
  if (greedy) result.ranked.front().tempered = 1.0;

  const auto everything = static_cast<std::int64_t>(result.ranked.size());
  result.kept = everything;
  if (greedy) cut_from(result.ranked, result.kept, 1, Candidate::Cut::top_k);
  if (settings.top_k > 0) cut_from(result.ranked, result.kept, settings.top_k, Candidate::Cut::top_k);
  if (settings.top_p < 1.0) {
    cut_from(result.ranked, result.kept, nucleus_size(result.ranked, result.kept, settings.top_p),
             Candidate::Cut::top_p);
  }
  if (settings.min_p > 0.0) {
    const double least = settings.min_p * result.ranked.front().tempered;
    std::int64_t above = 1;
    while (above < result.kept && result.ranked[static_cast<std::size_t>(above)].tempered >= least) ++above;
    cut_from(result.ranked, result.kept, above, Candidate::Cut::min_p);
  }
  double kept_sum = 0.0;
  for (std::int64_t i = 0; i < result.kept; ++i)
    kept_sum += result.ranked[static_cast<std::size_t>(i)].tempered;
  for (std::int64_t i = 0; i < result.kept; ++i) {
    Candidate& candidate = result.ranked[static_cast<std::size_t>(i)];
    candidate.sampled = candidate.tempered / kept_sum;
  }
  return result;
}

TokenId sample(const Distribution& distribution, std::mt19937_64& generator) {
  // Our own mapping to [0, 1): std::uniform_real_distribution differs between standard libraries.
  const double drawn = static_cast<double>(generator() >> 11) * 0x1.0p-53;
  double sum = 0.0;
  for (std::int64_t i = 0; i < distribution.kept; ++i) {
    sum += distribution.ranked[static_cast<std::size_t>(i)].sampled;
    if (drawn < sum) return distribution.ranked[static_cast<std::size_t>(i)].id;
  }
  return distribution.ranked[static_cast<std::size_t>(distribution.kept - 1)].id;
}

TokenId sample(const Distribution& distribution, std::uint64_t seed, std::int64_t position) {
  std::seed_seq both{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                     static_cast<std::uint32_t>(position)};
  std::mt19937_64 generator(both);
  return sample(distribution, generator);
}

}  // namespace headlight

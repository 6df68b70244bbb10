// One run a head; of each only two numbers are kept.
#include "core/analysis/head_sweep.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>

namespace headlight {
namespace {

std::vector<double> log_probabilities(std::span<const float> logits) {
  std::vector<double> result(logits.begin(), logits.end());
  const double largest = *std::ranges::max_element(result);
  double sum = 0.0;
  for (const double logit : result) sum += std::exp(logit - largest);
  const double log_sum = largest + std::log(sum);
  for (double& value : result) value -= log_sum;
  return result;
}

double measured(const std::vector<double>& log_p, const SweepAim& aim) {
  const double target = log_p[static_cast<std::size_t>(aim.target)];
  return aim.distractor ? target - log_p[static_cast<std::size_t>(*aim.distractor)] : target;
}

}  // namespace

TokenId likeliest_token(const Trace& trace, std::int64_t position) {
  const std::span<const float> logits = trace.row(Hook::logits, 0, position);
  return static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
}

HeadSweep head_sweep(const Trace& trace, Backend& backend, const SweepAim& aim, const Edits& changes,
                     const std::function<void(float)>& progress) {
  const ArchitectureDescription& a = trace.model().architecture;
  for (const TokenId token : {aim.target, aim.distractor.value_or(aim.target)}) {
    if (token < 0 || token >= a.vocabulary)
      throw std::logic_error("token " + std::to_string(token) + " is no target");
  }
  std::vector<Edits> runs;
  for (std::int64_t layer = 0; layer < a.layers; ++layer) {
    Edits in_force;  // what was changed before this block is in the stream that it reads
    std::ranges::copy_if(changes, std::back_inserter(in_force), [&](const Intervention& change) {
      return change.hook >= Hook::resid_pre && change.layer >= layer;
    });
    for (std::int64_t head = 0; head < a.heads; ++head) {
      runs.push_back(in_force);
      runs.back().push_back({Hook::z, layer, head, {}, Scale{0.0F}});
    }
  }
  const std::vector<double> with = log_probabilities(trace.row(Hook::logits, 0, aim.position));
  HeadSweep sweep{a.layers, a.heads, aim, measured(with, aim), std::vector<HeadEffect>(runs.size())};
  std::size_t done = 0;
  const auto report = [&] {
    if (progress) progress(static_cast<float>(done) / static_cast<float>(runs.size()));
  };
  edited_runs(
      trace, backend, runs, aim.position,
      [&](std::size_t run, std::span<const float> logits) {
        const std::vector<double> without = log_probabilities(logits);
        HeadEffect& effect = sweep.effects[run];
        effect.lost = sweep.measure - measured(without, aim);
        for (std::size_t id = 0; id < with.size(); ++id) {
          const double p = std::exp(with[id]);
          if (p > 0.0) effect.divergence += p * (with[id] - without[id]);
        }
        ++done;
        report();
      },
      [&] {
        report();
        return false;
      });
  return sweep;
}

}  // namespace headlight

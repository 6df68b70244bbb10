// One softmax over a few logits.
#include "core/analysis/class_scores.h"

#include <algorithm>
#include <cmath>

namespace headlight {

std::vector<ClassScore> class_scores(const Trace& trace) {
  if (!has_hook(Hook::class_logits, trace.model().architecture) || !trace.has(Hook::class_logits)) return {};
  const Tensor logits = trace.at(Hook::class_logits);
  const std::vector<std::string>& names = trace.model().label_names;
  std::vector<ClassScore> scores;
  double largest = -INFINITY;
  for (std::int64_t label = 0; label < logits.size(); ++label) {
    const auto at = static_cast<std::size_t>(label);
    const double logit = static_cast<double>(logits.data()[label]);
    scores.push_back({label, at < names.size() ? names[at] : "LABEL_" + std::to_string(label), logit, 0.0});
    if (logit > largest || std::isnan(logit)) largest = logit;
  }
  double sum = 0.0;
  for (ClassScore& score : scores) {
    score.probability = std::exp(score.logit - largest);
    sum += score.probability;
  }
  for (ClassScore& score : scores) score.probability /= sum;
  std::stable_sort(scores.begin(), scores.end(), [](const ClassScore& one, const ClassScore& other) {
    if (std::isnan(one.logit) != std::isnan(other.logit)) return std::isnan(one.logit);
    return one.logit > other.logit;
  });
  return scores;
}

}  // namespace headlight

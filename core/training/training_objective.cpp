#include "core/training/training_objective.h"

#include <stdexcept>

#include "core/training/text_pass.h"

namespace headlight {
namespace {

OutputGradient* first_output(const Judged& judged) {
  return judged.outputs.empty() ? nullptr : judged.outputs.data();
}

Loss pair(const PairLoss& loss, bool is_right) { return {loss.value, 1, is_right ? 1 : 0}; }

OutputGradient reward_gradient(double slope) {
  return {{0}, Tensor({1, 1}, std::vector<float>{static_cast<float>(slope)})};
}

double reward_of(const Tensor& logits) {
  if (logits.size() != 1) throw std::logic_error("a reward is one number, not " + shape_text(logits.shape()));
  return static_cast<double>(logits.values().front());
}

}  // namespace

Objective label_objective() {
  return {1, [](const Judged& judged) {
            return cross_entropy(judged.kernels, judged.logits[0], judged.texts[0].labels, judged.weight,
                                 first_output(judged));
          }};
}

Objective labels_of_another(std::shared_ptr<const Model> model) {
  return {1, [model = std::move(model)](const Judged& judged) {
            const TrainingExample& text = judged.texts[0];
            return cross_entropy(judged.kernels, logits_of(*model, judged.backend, text), text.labels, 0.0,
                                 nullptr);
          }};
}

Objective distillation_objective(std::shared_ptr<const Model> teacher, double temperature) {
  return {1, [teacher = std::move(teacher), temperature](const Judged& judged) {
            const TrainingExample& text = judged.texts[0];
            return distillation(judged.kernels, judged.logits[0], logits_of(*teacher, judged.backend, text),
                                text.labels, temperature, judged.weight, first_output(judged));
          }};
}

Objective preference_objective(std::shared_ptr<const Model> reference, double beta) {
  return {2, [reference = std::move(reference), beta](const Judged& judged) {
            AnswerProbabilities sums[2];
            for (std::size_t i = 0; i < 2; ++i) {
              const std::vector<TokenId>& labels = judged.texts[i].labels;
              const Tensor said = logits_of(*reference, judged.backend, judged.texts[i]);
              sums[i] = {log_probability(judged.kernels, judged.logits[i], labels),
                         log_probability(judged.kernels, said, labels)};
            }
            const PairLoss loss = preference(beta, sums[0], sums[1]);
            // The cross-entropy is minus the logarithm of the probability.
            for (std::size_t i = 0; i < judged.outputs.size(); ++i) {
              const double slope = i == 0 ? -loss.slope : loss.slope;
              cross_entropy(judged.kernels, judged.logits[i], judged.texts[i].labels, judged.weight * slope,
                            &judged.outputs[i]);
            }
            return pair(loss, sums[0].policy - sums[0].reference > sums[1].policy - sums[1].reference);
          }};
}

Objective reward_objective() {
  return {2, [](const Judged& judged) {
            const double chosen = reward_of(judged.logits[0]), rejected = reward_of(judged.logits[1]);
            const PairLoss loss = pair_loss(chosen, rejected);
            if (!judged.outputs.empty()) {
              judged.outputs[0] = reward_gradient(judged.weight * loss.slope);
              judged.outputs[1] = reward_gradient(-judged.weight * loss.slope);
            }
            return pair(loss, chosen > rejected);
          }};
}

Objective policy_objective(std::shared_ptr<const Model> reference, double beta) {
  return {1, [reference = std::move(reference), beta](const Judged& judged) {
            const TrainingExample& text = judged.texts[0];
            const std::vector<double> advantages(text.labels.size(), text.advantage);
            return policy_gradient(judged.kernels, judged.logits[0],
                                   logits_of(*reference, judged.backend, text), text.labels, advantages, beta,
                                   judged.weight, first_output(judged));
          }};
}

}  // namespace headlight

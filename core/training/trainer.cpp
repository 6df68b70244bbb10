#include "core/training/trainer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/backends/cpu/cpu_backend.h"
#include "core/backends/cpu/instruction_sets.h"

namespace headlight {

Trainer::Trainer(Parameters& parameters, Optimizer& optimizer, int threads, int lanes)
    : parameters_(parameters), optimizer_(optimizer), kernels_(chosen_kernels()), threads_(threads) {
  for (int i = 0; i < lanes; ++i) {
    lanes_.push_back({make_cpu_backend(1),
                      std::make_unique<GradientOperations>(kernels_),
                      std::make_unique<Gradients>(parameters),
                      {}});
  }
}

void Trainer::run_lane(Lane& lane, std::size_t number, std::span<const TrainingExample> batch,
                       const Objective& objective, double weight) {
  lane.loss = {};
  if (weight > 0.0) lane.gradients->clear();
  const std::size_t together = objective.texts;
  for (std::size_t i = number * together; i < batch.size(); i += lanes_.size() * together) {
    const std::span<const TrainingExample> texts = batch.subspan(i, together);
    std::vector<std::unique_ptr<const TextPass>> passes;
    std::vector<Tensor> logits;
    for (const TrainingExample& text : texts) {
      passes.push_back(text_pass(parameters_, *lane.backend, text));
      logits.push_back(passes.back()->logits());
    }
    std::vector<OutputGradient> outputs(weight > 0.0 ? together : 0);
    const Loss loss = objective.judge({*lane.backend, kernels_, texts, logits, weight, outputs});
    lane.loss.sum += loss.sum;
    lane.loss.scored += loss.scored;
    lane.loss.right += loss.right;
    for (std::size_t text = 0; text < outputs.size(); ++text) {
      if (outputs[text].positions.empty()) continue;
      passes[text]->backwards(outputs[text], *lane.operations, *lane.gradients);
    }
  }
}

void Trainer::run_lanes(std::span<const TrainingExample> batch, const Objective& objective, double weight) {
  if (batch.size() % objective.texts != 0) throw std::logic_error("half a pair in a batch");
  threads_.parallel_for(static_cast<std::int64_t>(lanes_.size()), [&](std::int64_t lane, int) {
    run_lane(lanes_[static_cast<std::size_t>(lane)], static_cast<std::size_t>(lane), batch, objective,
             weight);
  });
}

std::int64_t Trainer::scored_in(std::span<const TrainingExample> batch) const {
  if (objective_.texts > 1) return static_cast<std::int64_t>(batch.size() / objective_.texts);
  std::int64_t scored = 0;
  for (const TrainingExample& example : batch) {
    scored += std::count_if(example.labels.begin(), example.labels.end(),
                            [](TokenId label) { return label != not_scored; });
  }
  return scored;
}

StepReport Trainer::compute_gradients(std::span<const TrainingExample> batch) {
  StepReport report;
  report.scored = scored_in(batch);
  for (const TrainingExample& example : batch) {
    report.tokens += static_cast<std::int64_t>(example.tokens.size() + example.source.size());
  }
  if (report.scored == 0) return report;
  const double weight = 1.0 / static_cast<double>(report.scored);
  run_lanes(batch, objective_, weight);
  Loss loss;
  float* sum = lanes_.front().gradients->values().data();
  const auto size = static_cast<std::int64_t>(parameters_.values().size());
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    loss.sum += lanes_[lane].loss.sum;
    if (lane > 0) kernels_.add(sum, lanes_[lane].gradients->values().data(), size, sum);
  }
  report.loss = loss.sum * weight;
  moving_gradients_ = lanes_.front().gradients->values();
  if (low_rank_ != nullptr) moving_gradients_ = low_rank_->gradients_from(moving_gradients_);
  report.gradient_length = length_of(moving_gradients_);
  return report;
}

StepReport Trainer::step(std::span<const TrainingExample> batch) {
  const StepReport report = compute_gradients(batch);
  if (!std::isfinite(report.loss) || !std::isfinite(report.gradient_length) || report.scored == 0) {
    return report;
  }
  const std::span<float> moving = low_rank_ != nullptr ? low_rank_->values() : parameters_.values();
  optimizer_.step(moving, moving_gradients_, report.gradient_length);
  if (low_rank_ != nullptr) low_rank_->apply();
  return report;
}

Loss Trainer::evaluate(std::span<const TrainingExample> examples, const Objective& objective) {
  run_lanes(examples, objective, 0.0);
  Loss loss;
  for (const Lane& lane : lanes_) {
    loss.sum += lane.loss.sum;
    loss.scored += lane.loss.scored;
    loss.right += lane.loss.right;
  }
  return loss;
}

}  // namespace headlight

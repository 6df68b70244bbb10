#include "core/training/trainer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/backends/cpu/cpu_backend.h"
#include "core/backends/cpu/instruction_sets.h"
#include "core/backends/cuda/device_backend.h"
#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/training/device_gradient_operations.h"

namespace headlight {

Trainer::Trainer(Parameters& parameters, Optimizer& optimizer, int threads, int lanes, ComputeDevice device)
    : parameters_(parameters),
      optimizer_(optimizer),
      kernels_(chosen_kernels()),
      threads_(threads),
      device_(std::move(device)),
      lanes_(static_cast<std::size_t>(lanes)) {
  if (device_.memory && parameters.gru()) {
    device_ = {};
    device_note_ = {"Recurrent networks are trained by the CPU.", "순환 신경망은 CPU로 학습합니다."};
  }
  lanes_ = make_lanes({});
}

std::vector<Trainer::Lane> Trainer::make_lanes(const ComputeDevice& device) const {
  std::vector<Lane> lanes(lanes_.size());
  for (Lane& lane : lanes) {
    lane.backend = make_cpu_backend(1);
    if (device.memory) {
      lane.backend = make_device_backend(device.memory, std::move(lane.backend), device.precision);
      lane.operations = make_device_gradient_operations(device, *lane.backend);
    } else {
      lane.operations = make_cpu_gradient_operations(kernels_);
    }
    lane.gradients = std::make_unique<Gradients>(parameters_);
  }
  return lanes;
}

double Trainer::most_difference(ProductPrecision precision) {
  switch (precision) {
    case ProductPrecision::tf32:
      return 3e-2;
    case ProductPrecision::bf16:
      return 2e-1;
    case ProductPrecision::f32:
      break;
  }
  return 1e-3;
}

void Trainer::run_lane(Lane& lane, std::size_t number, std::span<const TrainingExample> batch,
                       const Objective& objective, double weight) {
  lane.loss = {};
  if (weight > 0.0) lane.gradients->begin(*lane.operations);
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
  if (weight > 0.0) lane.gradients->finish(*lane.operations);
}

void Trainer::run_lanes(std::span<const TrainingExample> batch, const Objective& objective, double weight) {
  threads_.parallel_for(static_cast<std::int64_t>(lanes_.size()), [&](std::int64_t lane, int) {
    run_lane(lanes_[static_cast<std::size_t>(lane)], static_cast<std::size_t>(lane), batch, objective,
             weight);
  });
}

void Trainer::run_where_possible(std::span<const TrainingExample> batch, const Objective& objective,
                                 double weight) {
  if (batch.size() % objective.texts != 0) throw std::logic_error("half a pair in a batch");
  if (weights_) {
    try {
      return run_on_device(batch, objective, weight);
    } catch (const DeviceError& error) {
      std::vector<Lane> of_cpu = make_lanes({});
      for (std::size_t lane = 0; lane < of_cpu.size(); ++lane) {
        of_cpu[lane].gradients =
            std::move(lanes_[lane].gradients);  // of the last step: they may be looked at
      }
      leave_device(error, std::move(of_cpu));
    }
  }
  run_lanes(batch, objective, weight);
  if (device_.memory && weight > 0.0) try_device(batch, weight);
}

// What the host changed since the last time is sent first.
void Trainer::run_on_device(std::span<const TrainingExample> batch, const Objective& objective,
                            double weight) {
  weights_->send();
  run_lanes(batch, objective, weight);
  // Logits that a device did not give back are NaN, which would look like a run that went astray.
  if (device_.memory->lost())
    throw told<DeviceError>("The GPU stopped answering.", "GPU가 응답하지 않습니다.");
}

// The lanes have the CPU's gradients of this batch, and keep them unless the device's are the same. Where
// they are not finite, they cannot tell.
void Trainer::try_device(std::span<const TrainingExample> batch, double weight) {
  double size = 0.0, difference = 0.0;
  for (const Lane& lane : lanes_) {
    for (const float exact : lane.gradients->values())
      size += static_cast<double>(exact) * static_cast<double>(exact);
  }
  if (!std::isfinite(size)) return;
  std::vector<Lane> of_cpu = std::move(lanes_);
  lanes_.resize(of_cpu.size());
  try {
    weights_ = device_.memory->mirror(parameters_.values());
    lanes_ = make_lanes(device_);
    run_on_device(batch, objective_, weight);
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      const std::span<const float> ours = of_cpu[lane].gradients->values();
      const std::span<const float> theirs = lanes_[lane].gradients->values();
      for (std::size_t i = 0; i < ours.size(); ++i) {
        const double away = static_cast<double>(theirs[i]) - static_cast<double>(ours[i]);
        difference += away * away;
      }
    }
    const double share = size > 0.0 ? std::sqrt(difference / size) : difference,
                 most = most_difference(device_.precision);
    const std::string name = device_.memory->device().facts().name;
    if (!(share <= most)) {
      throw told<DeviceError>("Gradients on {} differ from the CPU's by {:.2g}%, where {:.2g}% is allowed.",
                              "{}: CPU와의 기울기 차이가 {:.2g}%로, 허용치 {:.2g}%를 넘습니다.", name,
                              100.0 * share, 100.0 * most);
    }
    device_note_ =
        in_both("Trains on {}; the first gradients differ from the CPU's by {:.1g}%.",
                "{}에서 학습합니다. 첫 기울기의 CPU 대비 오차는 {:.1g}%입니다.", name, 100.0 * share);
  } catch (const DeviceError& error) {
    leave_device(error, std::move(of_cpu));
  }
}

// `lanes`: the CPU's, which go on.
void Trainer::leave_device(const std::exception& why, std::vector<Lane> lanes) {
  device_note_ = in_both("{} The CPU goes on with the training; no step is lost.",
                         "{} CPU로 학습을 이어 갑니다. 빠진 단계는 없습니다.", said(why));
  lanes_ = std::move(lanes);
  weights_.reset();
  device_ = {};
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
  run_where_possible(batch, objective_, weight);
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
  run_where_possible(examples, objective, 0.0);
  Loss loss;
  for (const Lane& lane : lanes_) {
    loss.sum += lane.loss.sum;
    loss.scored += lane.loss.scored;
    loss.right += lane.loss.right;
  }
  return loss;
}

}  // namespace headlight

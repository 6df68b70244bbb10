#include "core/training/trainer.h"

#include <cmath>

#include "core/backends/cpu/cpu_backend.h"
#include "core/backends/cpu/instruction_sets.h"
#include "core/forward/forward_pass.h"

namespace headlight {
namespace {

// Keeps everything but the scores.
class KeepingDoor final : public Door {
 public:
  explicit KeepingDoor(Trace& trace) : trace_(trace) {}
  Tensor pass(Hook hook, std::int64_t layer, Tensor value) override {
    trace_.set(hook, layer, value);
    return value;
  }
  MapsNeeded maps_needed(std::int64_t) const override { return MapsNeeded::pattern; }

 private:
  Trace& trace_;
};

std::shared_ptr<Trace> traced(const std::shared_ptr<const Model>& model, Backend& backend,
                              const std::vector<TokenId>& tokens, const ForwardPlace& place) {
  const auto trace = std::make_shared<Trace>(model, tokens);
  KeepingDoor door(*trace);
  forward_pass(*model, backend, tokens, door, place);
  return trace;
}

Tensor last_value(const Trace& trace) {
  const ArchitectureDescription& a = trace.model().architecture;
  return trace.at(last_hook(a), last_layer(a));
}

std::int64_t scored_positions(std::span<const TrainingExample> batch) {
  std::int64_t scored = 0;
  for (const TrainingExample& example : batch) {
    scored += std::count_if(example.labels.begin(), example.labels.end(),
                            [](TokenId label) { return label != not_scored; });
  }
  return scored;
}

}  // namespace

std::shared_ptr<const Trace> training_pass(const std::shared_ptr<const Model>& model, Backend& backend,
                                           const TrainingExample& example) {
  ForwardPlace place;
  std::shared_ptr<const Trace> source;
  if (model->encoder) {
    source = traced(model->encoder, backend, example.source, {});
    place.source_state = last_value(*source);
  }
  const std::shared_ptr<Trace> trace = traced(model, backend, example.tokens, place);
  trace->set_source(std::move(source));
  return trace;
}

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
                       double weight) {
  lane.loss = {};
  if (weight > 0.0) lane.gradients->clear();
  for (std::size_t i = number; i < batch.size(); i += lanes_.size()) {
    const auto trace = training_pass(parameters_.model(), *lane.backend, batch[i]);
    OutputGradient output;
    const Loss loss = cross_entropy(kernels_, last_value(*trace), batch[i].labels, weight,
                                    weight > 0.0 ? &output : nullptr);
    lane.loss.sum += loss.sum;
    lane.loss.scored += loss.scored;
    lane.loss.right += loss.right;
    if (weight > 0.0 && loss.scored > 0) {
      backward_pass(*trace, output, *lane.operations, *lane.gradients);
    }
  }
}

StepReport Trainer::compute_gradients(std::span<const TrainingExample> batch) {
  StepReport report;
  report.scored = scored_positions(batch);
  for (const TrainingExample& example : batch) {
    report.tokens += static_cast<std::int64_t>(example.tokens.size() + example.source.size());
  }
  if (report.scored == 0) return report;
  const double weight = 1.0 / static_cast<double>(report.scored);
  threads_.parallel_for(static_cast<std::int64_t>(lanes_.size()), [&](std::int64_t lane, int) {
    run_lane(lanes_[static_cast<std::size_t>(lane)], static_cast<std::size_t>(lane), batch, weight);
  });
  Loss loss;
  float* sum = lanes_.front().gradients->values().data();
  const auto size = static_cast<std::int64_t>(parameters_.values().size());
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    loss.sum += lanes_[lane].loss.sum;
    if (lane > 0) kernels_.add(sum, lanes_[lane].gradients->values().data(), size, sum);
  }
  report.loss = loss.sum * weight;
  report.gradient_length = length_of(lanes_.front().gradients->values());
  return report;
}

StepReport Trainer::step(std::span<const TrainingExample> batch) {
  const StepReport report = compute_gradients(batch);
  if (std::isfinite(report.loss) && std::isfinite(report.gradient_length) && report.scored > 0) {
    optimizer_.step(parameters_.values(), lanes_.front().gradients->values(), report.gradient_length);
  }
  return report;
}

Loss Trainer::evaluate(std::span<const TrainingExample> examples) {
  threads_.parallel_for(static_cast<std::int64_t>(lanes_.size()), [&](std::int64_t lane, int) {
    run_lane(lanes_[static_cast<std::size_t>(lane)], static_cast<std::size_t>(lane), examples, 0.0);
  });
  Loss loss;
  for (const Lane& lane : lanes_) {
    loss.sum += lane.loss.sum;
    loss.scored += lane.loss.scored;
    loss.right += lane.loss.right;
  }
  return loss;
}

}  // namespace headlight

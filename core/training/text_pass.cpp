#include "core/training/text_pass.h"

#include "core/backends/cpu/instruction_sets.h"
#include "core/forward/forward_pass.h"
#include "core/training/gru.h"

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

class OpenDoor final : public Door {
 public:
  Tensor pass(Hook, std::int64_t, Tensor value) override { return value; }
  MapsNeeded maps_needed(std::int64_t) const override { return MapsNeeded::none; }
};

Tensor last_value(const Trace& trace) {
  const ArchitectureDescription& a = trace.model().architecture;
  return trace.at(last_hook(a), last_layer(a));
}

std::shared_ptr<Trace> traced(const std::shared_ptr<const Model>& model, Backend& backend,
                              const std::vector<TokenId>& tokens, const ForwardPlace& place) {
  const auto trace = std::make_shared<Trace>(model, tokens);
  KeepingDoor door(*trace);
  forward_pass(*model, backend, tokens, door, place);
  return trace;
}

class TransformerPass final : public TextPass {
 public:
  explicit TransformerPass(std::shared_ptr<const Trace> trace)
      : trace_(std::move(trace)), logits_(last_value(*trace_)) {}
  const Tensor& logits() const override { return logits_; }
  void backwards(const OutputGradient& output, GradientOperations& operations,
                 Gradients& gradients) const override {
    backward_pass(*trace_, output, operations, gradients);
  }

 private:
  std::shared_ptr<const Trace> trace_;
  Tensor logits_;
};

class GruPass final : public TextPass {
 public:
  GruPass(const GruModel& model, Backend& backend, const TrainingExample& example)
      : model_(model), trace_(gru_pass(model, backend, chosen_kernels(), example.tokens)) {}
  const Tensor& logits() const override { return trace_.logits; }
  void backwards(const OutputGradient& output, GradientOperations& operations,
                 Gradients& gradients) const override {
    gru_backward_pass(model_, trace_, output, chosen_kernels(), operations, gradients);
  }

 private:
  const GruModel& model_;
  GruTrace trace_;
};

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

Tensor logits_of(const Model& model, Backend& backend, const TrainingExample& example) {
  OpenDoor door;
  ForwardPlace place;
  if (model.encoder) place.source_state = forward_pass(*model.encoder, backend, example.source, door);
  return forward_pass(model, backend, example.tokens, door, place);
}

std::unique_ptr<const TextPass> text_pass(const Parameters& parameters, Backend& backend,
                                          const TrainingExample& example) {
  if (parameters.gru()) return std::make_unique<GruPass>(*parameters.gru(), backend, example);
  return std::make_unique<TransformerPass>(training_pass(parameters.model(), backend, example));
}

}  // namespace headlight

// One step of training: a batch of texts forwards and backwards, then all weights a little.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/backends/backend.h"
#include "core/backends/cpu/thread_pool.h"
#include "core/training/backward_pass.h"
#include "core/training/example.h"
#include "core/training/losses.h"
#include "core/training/optimizer.h"

namespace headlight {

struct StepReport {
  double loss = 0.0;             // in nats a scored position, before the step
  double gradient_length = 0.0;  // before it was cut
  std::int64_t tokens = 0;       // computed
  std::int64_t scored = 0;
};

// The pass of one text, with everything that the way back needs.
std::shared_ptr<const Trace> training_pass(const std::shared_ptr<const Model>& model, Backend& backend,
                                           const TrainingExample& example);

class Trainer {
 public:
  // A batch is cut into `lanes` parts, each summed up in order by itself and then added up in order: the
  // numbers do not depend on how many threads there are. More threads than lanes find nothing to do.
  Trainer(Parameters& parameters, Optimizer& optimizer, int threads, int lanes = 2);

  // The mean loss of the batch and its derivative, without a step; `report.loss` is not finite when the
  // numbers have run away.
  StepReport compute_gradients(std::span<const TrainingExample> batch);
  // That, and a step; none when loss or gradient are not finite: the weights stay as they are.
  StepReport step(std::span<const TrainingExample> batch);
  // The loss alone.
  Loss evaluate(std::span<const TrainingExample> examples);

  const Gradients& gradients() const { return *lanes_.front().gradients; }

 private:
  struct Lane {
    std::unique_ptr<Backend> backend;
    std::unique_ptr<GradientOperations> operations;
    std::unique_ptr<Gradients> gradients;
    Loss loss;
  };
  void run_lane(Lane& lane, std::size_t number, std::span<const TrainingExample> batch, double weight);

  Parameters& parameters_;
  Optimizer& optimizer_;
  const Kernels& kernels_;
  ThreadPool threads_;
  std::vector<Lane> lanes_;
};

}  // namespace headlight

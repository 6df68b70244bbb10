// One step of training: a batch of texts forwards and backwards, then all weights a little.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <vector>

#include "core/backends/backend.h"
#include "core/backends/compute_device.h"
#include "core/backends/cpu/thread_pool.h"
#include "core/base/bilingual.h"
#include "core/training/low_rank.h"
#include "core/training/optimizer.h"
#include "core/training/text_pass.h"
#include "core/training/training_objective.h"

namespace headlight {

class DeviceMirror;

struct StepReport {
  double loss = 0.0;             // a scored position (nats) or a pair, before the step
  double gradient_length = 0.0;  // before it was cut
  std::int64_t tokens = 0;       // computed
  std::int64_t scored = 0;
};

class Trainer {
 public:
  // A batch is cut into `lanes` parts, each summed up in order by itself and then added up in order: the
  // numbers do not depend on how many threads there are. More threads than lanes find nothing to do.
  //
  // With a device, passes run there from the first gradients on, which are computed by both it and the CPU:
  // where they are more than most_difference() apart, and whenever the device fails, the CPU goes on, with
  // the step that was begun. Losses and the optimizer are the CPU's in any case, and so are recurrent
  // networks.
  Trainer(Parameters& parameters, Optimizer& optimizer, int threads, int lanes = 2,
          ComputeDevice device = {});

  // What is made small; each position's label, unless this is called.
  void aim_at(Objective objective) { objective_ = std::move(objective); }
  // From now on these are moved, and not the parameters themselves; the optimizer must be one of their list.
  void adapt(LowRank& low_rank) { low_rank_ = &low_rank; }

  // The mean loss of the batch and its derivative, without a step; `report.loss` is not finite when the
  // numbers have run away.
  StepReport compute_gradients(std::span<const TrainingExample> batch);
  // That, and a step; none when loss or gradient are not finite: the weights stay as they are.
  StepReport step(std::span<const TrainingExample> batch);
  // The loss alone, of what is made small or of something else.
  Loss evaluate(std::span<const TrainingExample> examples) { return evaluate(examples, objective_); }
  Loss evaluate(std::span<const TrainingExample> examples, const Objective& objective);

  const Gradients& gradients() const { return *lanes_.front().gradients; }

  bool on_device() const { return weights_ != nullptr; }
  // What became of the device, one sentence; empty while there is nothing to say.
  const Bilingual& device_note() const { return device_note_; }
  // Between the first gradients on the device and on the CPU: the length of the difference, as a share of the
  // length of the CPU's. On small models float32 comes to 3e-6 and bf16, which keeps 16 bits fewer, to 3e-2;
  // TF32 keeps three more than bf16. A wrong formula shows at a tenth, and deep or trained models, whose
  // gradients are small differences, may need more than small ones.
  static double most_difference(ProductPrecision precision);

 private:
  struct Lane {
    std::unique_ptr<Backend> backend;
    std::unique_ptr<GradientOperations> operations;
    std::unique_ptr<Gradients> gradients;
    Loss loss;
  };
  // Weight 0: the loss alone.
  void run_lane(Lane& lane, std::size_t number, std::span<const TrainingExample> batch,
                const Objective& objective, double weight);
  void run_lanes(std::span<const TrainingExample> batch, const Objective& objective, double weight);
  // The same, and where it runs is settled.
  void run_where_possible(std::span<const TrainingExample> batch, const Objective& objective, double weight);
  void run_on_device(std::span<const TrainingExample> batch, const Objective& objective, double weight);
  void try_device(std::span<const TrainingExample> batch, double weight);
  std::vector<Lane> make_lanes(const ComputeDevice& device) const;
  void leave_device(const std::exception& why, std::vector<Lane> lanes);
  std::int64_t scored_in(std::span<const TrainingExample> batch) const;

  Parameters& parameters_;
  Optimizer& optimizer_;
  const Kernels& kernels_;
  Objective objective_ = label_objective();
  LowRank* low_rank_ = nullptr;
  ThreadPool threads_;
  ComputeDevice device_;                         // none when it was left
  std::shared_ptr<const DeviceMirror> weights_;  // on the device, while it is used
  Bilingual device_note_;
  std::vector<Lane> lanes_;
  std::span<const float> moving_gradients_;  // of what the optimizer moves
};

}  // namespace headlight

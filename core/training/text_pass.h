// One text through the model in training, of whatever kind it is, and the way back.
#pragma once

#include <memory>

#include "core/backends/backend.h"
#include "core/training/backward_pass.h"
#include "core/training/example.h"
#include "core/training/parameters.h"

namespace headlight {

class TextPass {
 public:
  virtual ~TextPass() = default;
  virtual const Tensor& logits() const = 0;  // [pos, vocabulary]; of a classifier [1, labels]
  // Adds d loss / d weight to `gradients`.
  virtual void backwards(const OutputGradient& output, GradientOperations& operations,
                         Gradients& gradients) const = 0;
};

std::unique_ptr<const TextPass> text_pass(const Parameters& parameters, Backend& backend,
                                          const TrainingExample& example);

// The pass of one text through a transformer, with everything that the way back needs.
std::shared_ptr<const Trace> training_pass(const std::shared_ptr<const Model>& model, Backend& backend,
                                           const TrainingExample& example);

// What a model that does not learn says of a text: its logits alone.
Tensor logits_of(const Model& model, Backend& backend, const TrainingExample& example);

}  // namespace headlight

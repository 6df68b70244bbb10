// What a trainer makes small: how the logits of texts are judged, and with which model beside them that stays
// as it is.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "core/backends/backend.h"
#include "core/model/model.h"
#include "core/training/objectives.h"

namespace headlight {

struct Judged {
  Backend& backend;  // for a model that is asked beside the one that learns
  const Kernels& kernels;
  std::span<const TrainingExample> texts;
  std::span<const Tensor> logits;     // of each text
  double weight;                      // of the sum, in what is differentiated
  std::span<OutputGradient> outputs;  // to be made for each text; none where the loss alone is asked for
};

struct Objective {
  std::size_t texts =
      1;  // neighbours in a batch that are judged together, and scored as one if they are several
  std::function<Loss(const Judged&)> judge;  // called for several groups at once
};

// To give each position its label: next tokens, hidden tokens, translations, classes.
Objective label_objective();
// What another model's labels cost: to compare with, not to be made small.
Objective labels_of_another(std::shared_ptr<const Model> model);
// To say what another model with the same vocabulary says, where there are labels.
Objective distillation_objective(std::shared_ptr<const Model> teacher, double temperature);
// Pairs of texts, the better one first, whose labels are the answers' tokens: DPO, beside the model that the
// training began with.
Objective preference_objective(std::shared_ptr<const Model> reference, double beta);
// Pairs of texts, the better one first: a classifier with one label, whose logit becomes the reward.
Objective reward_objective();
// Texts whose labels the model drew itself, each with its TrainingExample::advantage.
Objective policy_objective(std::shared_ptr<const Model> reference, double beta);

}  // namespace headlight

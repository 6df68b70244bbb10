// The tensors that a model of this description has, for one that does not exist yet.
#pragma once

#include <string>
#include <vector>

#include "core/base/tensor.h"
#include "core/model/architecture_table.h"

namespace headlight {

constexpr double normal_deviation = 0.02;  // of what begins as random numbers

enum class Beginning { normal, ones, zeros };

struct PlannedTensor {
  std::string name;
  Shape shape;
  Beginning beginning = Beginning::normal;
  double shrink = 1.0;  // the normal distribution's deviation is divided by this
};

// Those of the main part, then what the encoder has beside them; each name once. `token_types`: rows of that
// table, where the model has one.
std::vector<PlannedTensor> planned_tensors(const ModelDescription& description, std::int64_t token_types);

}  // namespace headlight

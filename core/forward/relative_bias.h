// T5's relative position bias: a learned number for each head and each distance, distances in buckets.
#pragma once

#include <vector>

#include "core/base/tensor.h"
#include "core/model/model.h"

namespace headlight {

// The bucket of the distance key - query. Small distances have one each; larger ones share, growing with the
// logarithm. Source: Raffel et al. 2020, section 2.1; in float32 as in transformers, whose rounding decides
// on which side of a border a distance falls.
std::int64_t relative_bucket(std::int64_t distance, const ArchitectureDescription& architecture);

// One head's number for each bucket; empty when the model has none.
std::vector<float> relative_bias_of_head(const Model& model, std::int64_t head);

// [head, query, key] for queries at first_position, first_position + 1, ...; empty when the model has none.
Tensor relative_position_bias(const Model& model, std::int64_t first_position, std::int64_t queries,
                              std::int64_t keys);

}  // namespace headlight

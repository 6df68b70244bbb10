// The shape rules of the operations, written once for all backends: each returns the shape of the result, or
// throws std::logic_error that names the operation and the shapes it was given.
#pragma once

#include <span>

#include "core/backends/backend.h"

namespace headlight {

Shape embed_shape(const Weight& table, std::span<const TokenId> ids);  // also checks every id
Shape linear_shape(const Tensor& x, const Weight& weight);
Shape rms_scale_shape(const Tensor& x);
Shape scaled_by_shape(const Tensor& x, const Tensor& scale, const Tensor& gain);
Shape rotate_shape(const Tensor& x, std::int64_t first_position, std::int64_t dimensions);
Shape attention_scores_shape(const Tensor& q, const Tensor& k, std::int64_t first_position);
Shape softmax_shape(const Tensor& scores);
Shape mix_values_shape(const Tensor& pattern, const Tensor& v);
Shape attend_shape(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t first_position);
Shape same_shape(std::string_view operation, const Tensor& a, const Tensor& b);
Shape activate_shape(const Tensor& x);

}  // namespace headlight

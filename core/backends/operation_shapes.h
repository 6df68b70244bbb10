// The shape rules of the operations, written once for all backends: each returns the shape of the result, or
// throws std::logic_error that names the operation and the shapes it was given.
#pragma once

#include <span>

#include "core/backends/backend.h"

namespace headlight {

Shape embed_shape(const Weight& table, std::span<const TokenId> ids);  // also checks every id
Shape linear_shape(const Tensor& x, const Weight& weight, const Tensor& bias);
Shape norm_scale_shape(const Tensor& x);
Shape normalized_shape(const Tensor& x, const Tensor& scale, const Tensor& gain, const Tensor& bias);
Shape rotate_shape(const Tensor& x, std::int64_t first_position, const Rotation& rotation);
Shape attention_scores_shape(const Tensor& q, const TensorRows& k, const AttentionRule& rule,
                             const Tensor& bias);
Shape softmax_shape(const Tensor& scores);
Shape mix_values_shape(const Tensor& pattern, const TensorRows& v);
Shape attend_shape(const Tensor& q, const TensorRows& k, const TensorRows& v, const AttentionRule& rule,
                   const Tensor& bias);
Shape same_shape(std::string_view operation, const Tensor& a, const Tensor& b);
Shape elements_shape(std::string_view operation, const Tensor& x);
Shape mean_row_shape(const Tensor& x);

}  // namespace headlight

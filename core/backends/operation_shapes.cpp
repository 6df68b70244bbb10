// Every message names the operation and the shapes: it is read by whoever wrote the wrong call.
#include "core/backends/operation_shapes.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace headlight {
namespace {

// What was given is put into words only when it is wrong: a pass checks hundreds of shapes.
template <class Given>
void require(bool holds, std::string_view operation, const Given& given) {
  if (!holds) throw std::logic_error(std::string(operation) + " cannot work on " + given());
}

std::string text(const Tensor& a) { return a.empty() ? "an empty tensor" : shape_text(a.shape()); }
std::string text(const TensorRows& rows) { return shape_text(rows.shape()); }
std::string text(const Weight& w) { return "weight " + shape_text({w.rows, w.columns}); }

bool has_axes(const Tensor& a, std::size_t count) { return !a.empty() && a.shape().size() == count; }

bool has_axes(const TensorRows& rows, std::size_t count) { return rows.shape().size() == count; }

bool heads_divide(std::int64_t heads, std::int64_t kv_heads) {
  return kv_heads > 0 ? heads % kv_heads == 0 : heads == 0;
}

void require_weight(const Weight& weight, std::string_view operation) {
  require(weight.bytes != nullptr && weight.rows >= 0 && weight.columns >= 0 &&
              weight.columns % block_values(weight.format) == 0,
          operation, [&] { return text(weight); });
}

}  // namespace

Shape embed_shape(const Weight& table, std::span<const TokenId> ids) {
  require_weight(table, "embed");
  for (const TokenId id : ids) {
    require(id >= 0 && id < table.rows, "embed",
            [&] { return "token " + std::to_string(id) + " of " + text(table); });
  }
  return {static_cast<std::int64_t>(ids.size()), table.columns};
}

Shape linear_shape(const Tensor& x, const Weight& weight, const Tensor& bias) {
  require_weight(weight, "linear");
  require(has_axes(x, 2) && x.axis(1) == weight.columns, "linear",
          [&] { return text(x) + " and " + text(weight); });
  require(bias.empty() || (has_axes(bias, 1) && bias.axis(0) == weight.rows), "linear",
          [&] { return text(weight) + " and bias " + text(bias); });
  return {x.axis(0), weight.rows};
}

Shape norm_scale_shape(const Tensor& x) {
  require(has_axes(x, 2) && x.axis(1) > 0, "norm_scale", [&] { return text(x); });
  return {x.axis(0), 1};
}

Shape normalized_shape(const Tensor& x, const Tensor& scale, const Tensor& gain, const Tensor& bias) {
  require(has_axes(x, 2) && has_axes(scale, 2) && has_axes(gain, 1) && scale.axis(0) == x.axis(0) &&
              scale.axis(1) == 1 && gain.axis(0) == x.axis(1),
          "normalized", [&] { return text(x) + ", " + text(scale) + " and " + text(gain); });
  require(bias.empty() || bias.shape() == gain.shape(), "normalized",
          [&] { return "gain " + text(gain) + " and bias " + text(bias); });
  return x.shape();
}

Shape rotate_shape(const Tensor& x, std::int64_t first_position, const Rotation& rotation) {
  const auto dimensions = 2 * static_cast<std::int64_t>(rotation.frequencies.size());
  require(has_axes(x, 3) && first_position >= 0 && dimensions <= x.axis(2), "rotate", [&] {
    return text(x) + ", " + std::to_string(dimensions) + " dimensions from position " +
           std::to_string(first_position);
  });
  return x.shape();
}

Shape attention_scores_shape(const Tensor& q, const TensorRows& k, const AttentionRule& rule,
                             const Tensor& bias) {
  require(has_axes(q, 3) && has_axes(k, 3) && q.axis(2) == k.axis(2) && heads_divide(q.axis(1), k.axis(1)) &&
              rule.first_position >= 0 && rule.window >= 0,
          "attention_scores", [&] {
            return text(q) + " and " + text(k) + " from position " + std::to_string(rule.first_position);
          });
  const Shape shape = {q.axis(1), q.axis(0), k.axis(0)};
  require(bias.empty() || bias.shape() == shape, "attention_scores",
          [&] { return shape_text(shape) + " scores and bias " + text(bias); });
  return shape;
}

Shape softmax_shape(const Tensor& scores) {
  require(!scores.empty() && !scores.shape().empty(), "softmax", [&] { return text(scores); });
  return scores.shape();
}

Shape mix_values_shape(const Tensor& pattern, const TensorRows& v) {
  require(has_axes(pattern, 3) && has_axes(v, 3) && pattern.axis(2) == v.axis(0) &&
              heads_divide(pattern.axis(0), v.axis(1)),
          "mix_values", [&] { return text(pattern) + " and " + text(v); });
  return {pattern.axis(1), pattern.axis(0), v.axis(2)};
}

Shape attend_shape(const Tensor& q, const TensorRows& k, const TensorRows& v, const AttentionRule& rule,
                   const Tensor& bias) {
  attention_scores_shape(q, k, rule, bias);
  require(has_axes(v, 3) && v.axis(0) == k.axis(0) && v.axis(1) == k.axis(1), "attend",
          [&] { return text(k) + " as keys and " + text(v) + " as values"; });
  return {q.axis(0), q.axis(1), v.axis(2)};
}

Shape same_shape(std::string_view operation, const Tensor& a, const Tensor& b) {
  require(!a.empty() && !b.empty() && a.shape() == b.shape(), operation,
          [&] { return text(a) + " and " + text(b); });
  return a.shape();
}

Shape elements_shape(std::string_view operation, const Tensor& x) {
  require(!x.empty(), operation, [&] { return text(x); });
  return x.shape();
}

Shape mean_row_shape(const Tensor& x) {
  require(has_axes(x, 2) && x.axis(0) > 0, "mean_row", [&] { return text(x); });
  return {1, x.axis(1)};
}

KeyRange visible_keys(const AttentionRule& rule, std::int64_t position, std::int64_t keys) {
  KeyRange range;
  range.last = rule.causal ? std::min(keys, position + 1) : keys;
  range.first = rule.window > 0 ? std::clamp(position - rule.window + 1, std::int64_t{0}, range.last) : 0;
  return range;
}

}  // namespace headlight

// Looks up each pair's bucket in the table that all layers share.
#include "core/forward/relative_bias.h"

#include <algorithm>
#include <cmath>

namespace headlight {

std::int64_t relative_bucket(std::int64_t distance, const ArchitectureDescription& a) {
  std::int64_t buckets = a.relative_buckets;
  std::int64_t first = 0;
  if (!a.causal) {  // the upper half is for keys behind the query
    buckets /= 2;
    if (distance > 0) first = buckets;
    distance = std::abs(distance);
  } else {
    distance = std::max<std::int64_t>(-distance, 0);
  }
  const std::int64_t exact = buckets / 2;
  if (distance < exact) return first + distance;
  const auto nearest = static_cast<float>(exact);
  const auto range =
      static_cast<float>(std::log(static_cast<double>(a.relative_distance) / static_cast<double>(exact)));
  const float share = std::log(static_cast<float>(distance) / nearest) / range;
  const auto bucket = exact + static_cast<std::int64_t>(share * static_cast<float>(buckets - exact));
  return first + std::min(bucket, buckets - 1);
}

std::vector<float> relative_bias_of_head(const Model& model, std::int64_t head) {
  std::vector<float> numbers;
  for (std::int64_t bucket = 0; bucket < model.architecture.relative_buckets; ++bucket) {
    numbers.push_back(weight_row(model.relative_bias, bucket)[static_cast<std::size_t>(head)]);
  }
  return numbers;
}

Tensor relative_position_bias(const Model& model, std::int64_t first_position, std::int64_t queries,
                              std::int64_t keys) {
  const ArchitectureDescription& a = model.architecture;
  if (a.relative_buckets == 0) return {};
  Tensor bias({a.heads, queries, keys});
  float* out = bias.writable();
  for (std::int64_t head = 0; head < a.heads; ++head) {
    const std::vector<float> numbers = relative_bias_of_head(model, head);
    for (std::int64_t query = 0; query < queries; ++query) {
      for (std::int64_t key = 0; key < keys; ++key) {
        *out++ = numbers[static_cast<std::size_t>(relative_bucket(key - (first_position + query), a))];
      }
    }
  }
  return bias;
}

}  // namespace headlight

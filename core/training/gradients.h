// One number for each parameter: how the loss changes with it.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "core/training/parameters.h"

namespace headlight {

class Gradients {
 public:
  explicit Gradients(const Parameters& parameters)
      : parameters_(parameters), values_(parameters.values().size(), 0.0F) {}

  std::span<float> values() { return values_; }
  std::span<const float> values() const { return values_; }
  void clear() { std::fill(values_.begin(), values_.end(), 0.0F); }

  // Where the gradient of a weight of the model is summed up; null for what is not trained.
  float* of(const Weight& weight) { return at(weight.bytes); }
  float* of(const Tensor& values) { return values.empty() ? nullptr : at(values.data()); }

 private:
  float* at(const void* weight) {
    const std::int64_t place = parameters_.place(weight);
    return place < 0 ? nullptr : values_.data() + place;
  }

  const Parameters& parameters_;
  std::vector<float> values_;
};

}  // namespace headlight

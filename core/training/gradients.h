// One number for each parameter: how the loss changes with it.
#pragma once

#include <span>
#include <vector>

#include "core/training/gradient_operations.h"
#include "core/training/parameters.h"

namespace headlight {

class Gradients {
 public:
  explicit Gradients(const Parameters& parameters)
      : parameters_(parameters), values_(parameters.values().size(), 0.0F) {}

  // Those of what went through begin() and finish().
  std::span<float> values() { return values_; }
  std::span<const float> values() const { return values_; }

  // Zeros, where `operations` add to them; and what has come together there.
  void begin(GradientOperations& operations) { sums_ = operations.begin_sums(values_); }
  void finish(GradientOperations& operations) { operations.finish_sums(values_); }

  // Where the gradient of a weight of the model is summed up; null for what is not trained.
  float* of(const Weight& weight) { return at(weight.bytes); }
  float* of(const Tensor& values) { return values.empty() ? nullptr : at(values.data()); }

 private:
  float* at(const void* weight) {
    const std::int64_t place = parameters_.place(weight);
    return place < 0 ? nullptr : sums_ + place;
  }

  const Parameters& parameters_;
  std::vector<float> values_;
  float* sums_ = nullptr;  // where the operations of begin() compute
};

}  // namespace headlight

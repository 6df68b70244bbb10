// AdamW with a limit on the gradient, and how fast it may go at each step.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/training/parameters.h"

namespace headlight {

struct OptimizerSettings {
  double learning_rate = 1e-3;  // the largest
  double final_share = 0.1;     // of it, at the last step
  std::int64_t warm_up = 100;   // steps
  std::int64_t steps = 1000;
  double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;
  double weight_decay = 0.1;      // of parameters with two axes
  double largest_gradient = 1.0;  // the length that a longer gradient is cut to
};

// For step 1, 2, ...: rises along a line to the largest at step `warm_up`, then falls along half a cosine to
// the final share at step `steps`. Source: Loshchilov & Hutter 2017.
double learning_rate_at(const OptimizerSettings& settings, std::int64_t step);

class Optimizer {
 public:
  // For values of which these are the tensors.
  Optimizer(const std::vector<Parameter>& list, std::size_t values, OptimizerSettings settings);
  Optimizer(const Parameters& parameters, OptimizerSettings settings)
      : Optimizer(parameters.list(), parameters.values().size(), settings) {}

  // Moves the parameters once. `length`: that of the whole gradient, before it is cut.
  // Source: Kingma & Ba 2015; Loshchilov & Hutter 2019, algorithm 2; cut: Pascanu et al. 2013.
  void step(std::span<float> values, std::span<const float> gradients, double length);

  std::int64_t steps_done() const { return steps_done_; }
  const OptimizerSettings& settings() const { return settings_; }

  // Only tensors whose name matches one of these globs move; empty: all.
  void train_only(const std::vector<Parameter>& list, const std::vector<std::string>& globs);

  // Running means of the gradient and of its square: all that a resumed run needs beside the weights.
  std::span<float> means() { return means_; }
  std::span<float> squares() { return squares_; }
  std::span<const float> means() const { return means_; }
  std::span<const float> squares() const { return squares_; }
  void set_steps_done(std::int64_t steps) { steps_done_ = steps; }

 private:
  struct Part {
    std::int64_t first = 0, size = 0;
    bool decays = false, moves = true;
  };
  void move(const Part& part, float* values, const float* gradients, float cut);

  OptimizerSettings settings_;
  std::vector<Part> parts_;
  std::vector<float> means_, squares_;
  std::int64_t steps_done_ = 0;
};

// The length of a gradient, summed in double, one parameter after the other.
double length_of(std::span<const float> gradients);

}  // namespace headlight

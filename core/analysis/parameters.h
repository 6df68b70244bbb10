// Every parameter tensor of a model, and how its numbers are distributed.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/model/model.h"

namespace headlight {

struct ParameterTensor {
  std::string name;  // as TransformerLens writes them: "blocks.0.attn.W_Q"
  Shape shape;       // as it is stored: [outputs, inputs] of a matrix
  NumberFormat format = NumberFormat::f32;
  std::int64_t count = 0;
  std::int64_t bytes = 0;
  bool tied = false;  // the same numbers as another one in the list, and not counted again
  Weight weight;      // one of the two holds the numbers
  Tensor values;
};

// In the order of computation, of an encoder-decoder the encoder's first ("encoder.…", "decoder.…").
std::vector<ParameterTensor> parameter_tensors(const Model& model);
// All of them, tied ones once.
std::int64_t parameter_count(const std::vector<ParameterTensor>& tensors);

struct ValueHistogram {
  static constexpr std::size_t bins = 61;  // odd: zero stands in the middle of one
  std::array<std::int64_t, bins> counts{};
  double limit = 0.0;  // the bins divide [-limit, limit]
  double least = 0.0, largest = 0.0, mean = 0.0, deviation = 0.0;
  std::int64_t values = 0;  // that are finite
  std::int64_t not_finite = 0;
};

// Reads every number twice. `report` is called now and then with what is done (0 to 1); what it throws stops
// the work.
ValueHistogram value_histogram(const ParameterTensor& tensor, const std::function<void(float)>& report);

}  // namespace headlight

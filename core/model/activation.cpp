// The formulas as their papers write them: the reference of every faster form.
#include "core/model/activation.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace headlight {

double activated(double x, Activation activation) {
  switch (activation) {
    case Activation::silu:
      return x / (1.0 + std::exp(-x));
    case Activation::gelu:
      return 0.5 * x * (1.0 + std::erf(x / std::numbers::sqrt2));
    case Activation::gelu_tanh:
      return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return x < 0.0 ? 0.0 : x;  // NaN stays NaN
    case Activation::tanh:
      return std::tanh(x);
  }
  throw std::logic_error("unknown activation");
}

}  // namespace headlight

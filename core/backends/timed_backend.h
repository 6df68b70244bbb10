// A backend that adds up what each operation of another one costs. For measurements; ordinary passes run
// without it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/backends/backend.h"
#include "core/base/clocks.h"

namespace headlight {

// All calls of one operation; products by a weight are kept apart by the weight's shape and number format.
struct OperationCost {
  std::string operation;  // "softmax", "linear 1536 x 576 Q4_1"
  std::int64_t calls = 0;
  double seconds = 0.0;
  double multiply_adds = 0.0;  // of matrix products; keys that a query may not see are not counted
  double weight_bytes = 0.0;   // as they lie in memory, once a call
  double value_bytes = 0.0;    // float32 tensors, in and out
};

// Hands every operation on to `backend` and adds to `costs`, in the order in which operations are first met.
// Both must live as long as what is returned.
std::unique_ptr<Backend> make_timed_backend(Backend& backend, std::vector<OperationCost>& costs,
                                            SecondsClock clock = wall_seconds);

}  // namespace headlight

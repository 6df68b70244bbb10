// The weights of one head as a matrix: kept for the head that is looked at.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/forward/trace.h"

namespace headlight {

class HeadMaps {
 public:
  // [query, key]; null while the layer is not done. `cross`: to the encoder's text. Stays valid until another
  // head or trace is asked for.
  const float* pattern(const std::shared_ptr<const Trace>& trace, std::int64_t layer, std::int64_t head,
                       bool cross = false);

 private:
  std::shared_ptr<const Trace> trace_;  // held, so that its address stays its own
  std::int64_t layer_ = -1;
  std::int64_t head_ = -1;
  bool cross_ = false;
  Tensor map_;
};

// The score before softmax of one pair; nothing while the layer is not done or where the mask hides it.
std::optional<double> pair_score(const Trace& trace, std::int64_t layer, std::int64_t head,
                                 std::int64_t query, std::int64_t key, bool cross = false);

}  // namespace headlight

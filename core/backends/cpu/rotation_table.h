// Cosines and sines for rotary positions, computed in double once and kept: every layer asks for the same
// ones.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/model/architecture.h"

namespace headlight {

struct RotationTable {
  Rotation rotation;
  std::int64_t first_position = 0;
  std::int64_t positions = 0;
  std::vector<float> cosines, sines;  // [position, dimensions / 2], times the magnitude
};

class RotationTables {
 public:
  // The table that begins at first_position and has at least this many positions. Safe from any thread.
  std::shared_ptr<const RotationTable> find(const Rotation& rotation, std::int64_t first_position,
                                            std::int64_t positions);

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<const RotationTable>> tables_;  // newest first, a few
};

}  // namespace headlight

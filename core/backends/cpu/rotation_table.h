// Cosines and sines for rotary positions, computed in double once and kept: every layer asks for the same
// ones.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace headlight {

struct RotationTable {
  double base = 0.0;
  std::int64_t dimensions = 0;
  std::int64_t first_position = 0;
  std::int64_t positions = 0;
  std::vector<float> cosines, sines;  // [position, dimensions / 2]
};

class RotationTables {
 public:
  // The table that begins at first_position and has at least this many positions. Safe from any thread.
  std::shared_ptr<const RotationTable> find(double base, std::int64_t dimensions, std::int64_t first_position,
                                            std::int64_t positions);

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<const RotationTable>> tables_;  // newest first, a few
};

}  // namespace headlight

// The angles of Su et al. 2021, section 3.2.2: position * frequency of the pair.
#include "core/backends/cpu/rotation_table.h"

#include <cmath>

namespace headlight {
namespace {

constexpr std::size_t kept = 8;  // two models with local and global layers, whole passes and continued ones

std::shared_ptr<const RotationTable> make_table(const Rotation& rotation, std::int64_t first_position,
                                                std::int64_t positions) {
  const auto table =
      std::make_shared<RotationTable>(RotationTable{rotation, first_position, positions, {}, {}});
  table->cosines.reserve(static_cast<std::size_t>(positions) * rotation.frequencies.size());
  table->sines.reserve(table->cosines.capacity());
  for (std::int64_t position = 0; position < positions; ++position) {
    for (const double frequency : rotation.frequencies) {
      const double angle = static_cast<double>(first_position + position) * frequency;
      table->cosines.push_back(static_cast<float>(rotation.magnitude * std::cos(angle)));
      table->sines.push_back(static_cast<float>(rotation.magnitude * std::sin(angle)));
    }
  }
  return table;
}

}  // namespace

std::shared_ptr<const RotationTable> RotationTables::find(const Rotation& rotation,
                                                          std::int64_t first_position,
                                                          std::int64_t positions) {
  const std::lock_guard lock(mutex_);
  for (const auto& table : tables_) {
    if (table->rotation == rotation && table->first_position == first_position &&
        table->positions >= positions) {
      return table;
    }
  }
  tables_.insert(tables_.begin(), make_table(rotation, first_position, positions));
  if (tables_.size() > kept) tables_.pop_back();
  return tables_.front();
}

}  // namespace headlight

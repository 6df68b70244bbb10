// The angles of Su et al. 2021, section 3.2.2: position * base^(-2i/dimensions).
#include "core/backends/cpu/rotation_table.h"

#include <cmath>

namespace headlight {
namespace {

constexpr std::size_t kept = 4;  // two models, each with whole passes and continued ones

std::shared_ptr<const RotationTable> make_table(double base, std::int64_t dimensions,
                                                std::int64_t first_position, std::int64_t positions) {
  const auto table =
      std::make_shared<RotationTable>(RotationTable{base, dimensions, first_position, positions, {}, {}});
  const auto half = static_cast<std::size_t>(dimensions / 2);
  table->cosines.reserve(static_cast<std::size_t>(positions) * half);
  table->sines.reserve(table->cosines.capacity());
  std::vector<double> frequencies;
  for (std::size_t i = 0; i < half; ++i) {
    frequencies.push_back(std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(dimensions)));
  }
  for (std::int64_t position = 0; position < positions; ++position) {
    for (const double frequency : frequencies) {
      const double angle = static_cast<double>(first_position + position) * frequency;
      table->cosines.push_back(static_cast<float>(std::cos(angle)));
      table->sines.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return table;
}

}  // namespace

std::shared_ptr<const RotationTable> RotationTables::find(double base, std::int64_t dimensions,
                                                          std::int64_t first_position,
                                                          std::int64_t positions) {
  const std::lock_guard lock(mutex_);
  for (const auto& table : tables_) {
    if (table->base == base && table->dimensions == dimensions && table->first_position == first_position &&
        table->positions >= positions) {
      return table;
    }
  }
  tables_.insert(tables_.begin(), make_table(base, dimensions, first_position, positions));
  if (tables_.size() > kept) tables_.pop_back();
  return tables_.front();
}

}  // namespace headlight

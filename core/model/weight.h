// A weight matrix as it lies in the file: packed, perhaps quantised. Backends look inside; everyone else
// reads single rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/model_files/number_formats.h"

namespace headlight {

struct Weight {
  NumberFormat format = NumberFormat::f32;
  std::int64_t rows = 0;              // outputs
  std::int64_t columns = 0;           // inputs
  const std::byte* bytes = nullptr;   // rows * row_bytes(format, columns)
  std::shared_ptr<const void> owner;  // the mapped file, or a rearranged copy

  std::int64_t byte_size() const { return rows * row_bytes(format, columns); }
};

// Row `row` as float32, [columns]: what the file's number format says, rounded at most once.
// Throws std::logic_error when there is no such row.
std::vector<float> weight_row(const Weight& weight, std::int64_t row);

}  // namespace headlight

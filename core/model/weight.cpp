// One row of a packed weight, widened to float32.
#include "core/model/weight.h"

#include <stdexcept>
#include <string>

namespace headlight {

std::vector<float> weight_row(const Weight& weight, std::int64_t row) {
  if (weight.bytes == nullptr || row < 0 || row >= weight.rows) {
    throw std::logic_error("row " + std::to_string(row) + " of a weight with " + std::to_string(weight.rows) +
                           " rows");
  }
  std::vector<float> values(static_cast<std::size_t>(weight.columns));
  decode_row(weight.format, weight.bytes + row * row_bytes(weight.format, weight.columns), weight.columns,
             values.data());
  return values;
}

}  // namespace headlight

// A unit changes where rounding would write 1000 of the one below.
#include "core/base/bytes_text.h"

#include <fmt/format.h>

namespace headlight {

std::string bytes_text(std::int64_t bytes) {
  const auto number = static_cast<double>(bytes);
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (number < 999.5e3) return fmt::format("{:.0f} kB", number * 1e-3);
  if (number >= 999.5e6) return fmt::format("{:.1f} GB", number * 1e-9);
  return fmt::format("{:.{}f} MB", number * 1e-6, number < 9.95e6 ? 1 : 0);
}

}  // namespace headlight

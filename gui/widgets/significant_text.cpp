// Plain digits between 0.0001 and 99999, powers of ten outside.
#include "gui/widgets/significant_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace headlight {

std::string significant_text(double value, int digits) {
  if (std::isnan(value)) return "NaN";
  const std::string sign = value < 0 ? "−" : "";
  if (std::isinf(value)) return sign + "∞";
  const double size = std::abs(value);
  if (size == 0.0) return "0";
  const std::string scientific = fmt::format("{:.{}e}", size, digits - 1);  // "1.235e-06": rounded as shown
  const std::size_t mark = scientific.find('e');
  const int exponent = std::atoi(scientific.c_str() + mark + 1);
  if (exponent >= -4 && exponent < 5) {
    return sign + fmt::format("{:.{}f}", size, std::max(0, digits - 1 - exponent));
  }
  return fmt::format("{}{}e{}{}", sign, scientific.substr(0, mark), exponent < 0 ? "−" : "",
                     std::abs(exponent));
}

}  // namespace headlight

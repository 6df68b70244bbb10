// Zeros would hide a small number.
#include "gui/widgets/hand_number.h"

#include <fmt/format.h>

#include <cmath>

#include "gui/widgets/significant_text.h"

namespace headlight {

std::string rounded_text(double value, int decimals) {
  if (!std::isfinite(value)) return significant_text(value);
  const std::string digits = fmt::format("{:.{}f}", std::abs(value), decimals);
  const bool is_zero = digits.find_first_not_of("0.") == std::string::npos;
  return value < 0 && !is_zero ? "−" + digits : digits;
}

std::string hand_number(double value, int decimals) {
  if (value == 0.0) return "0";
  if (std::abs(value) < std::pow(10.0, -decimals)) return significant_text(value, 2);
  return std::abs(value) >= 1e5 ? significant_text(value, 3) : rounded_text(value, decimals);
}

std::string share_text(double value, int decimals) {
  const double last = std::pow(10.0, -decimals);
  return value > 0.0 && value < last / 2 ? "<" + rounded_text(last, decimals) : rounded_text(value, decimals);
}

}  // namespace headlight

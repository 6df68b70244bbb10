// Enough digits to tell neighbours apart, and no more.
#include "gui/widgets/number_text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace headlight {

std::string percent_text(double probability) {
  if (std::isnan(probability)) return "NaN";
  const double percent = 100.0 * probability;
  if (percent >= 0.0995) return fmt::format("{:.2f}%", percent);
  if (percent >= 0.000995) return fmt::format("{:.3f}%", percent);
  if (percent >= 0.000095) return fmt::format("{:.4f}%", percent);
  if (probability <= 0.0) return "0%";
  const auto exponent = static_cast<int>(std::floor(std::log10(percent)));
  const double digit = std::round(percent / std::pow(10.0, exponent));
  if (digit >= 10.0) return power_text(exponent + 1) + "%";
  return fmt::format("{:.0f}{}%", digit, power_text(exponent).substr(1));
}

std::string power_text(int exponent) {
  return fmt::format("1e{}{}", exponent < 0 ? "−" : "", std::abs(exponent));
}

std::string grouped_text(std::int64_t number) {
  std::string digits = fmt::format("{}", number < 0 ? -number : number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return number < 0 ? "−" + digits : digits;
}

}  // namespace headlight

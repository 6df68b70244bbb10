// Tries from the most digits to the fewest.
#include "gui/widgets/cell_number.h"

#include <cmath>

#include "gui/widgets/hand_number.h"
#include "imgui.h"

namespace headlight {
namespace {

// 0.97 as "1.0" or "1", and every smaller one as "0".
bool rounds_to_another(float size, int decimals) {
  return size < 0.995F && (decimals == 0 || (decimals == 1 && size >= 0.95F));
}

}  // namespace

Decimals decimals_for(float room) {
  const auto fits = [room](const char* number) { return ImGui::CalcTextSize(number).x <= room; };
  return fits("0.00")  ? Decimals::two_and_nought
         : fits(".00") ? Decimals::two
         : fits(".0")  ? Decimals::one
                       : Decimals::none;
}

std::string cell_number(float value, Decimals decimals, float room) {
  if (std::isnan(value)) return ImGui::CalcTextSize("NaN").x <= room ? "NaN" : "";
  const float slack = ImGui::GetFontSize() * 0.06F;  // digits are not all as wide as those that were measured
  for (int count = decimals == Decimals::one ? 1 : 2; count >= 0; --count) {
    if (rounds_to_another(std::abs(value), count)) break;
    std::string number = rounded_text(static_cast<double>(value), count);
    const std::size_t sign = number.find_first_of("0123456789");
    if (decimals != Decimals::two_and_nought && number.compare(sign, 2, "0.") == 0) number.erase(sign, 1);
    if (ImGui::CalcTextSize(number.c_str()).x <= room + slack) return number;
  }
  return {};
}

}  // namespace headlight

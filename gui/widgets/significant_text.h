// A number with as many digits as it deserves, in few characters.
#pragma once

#include <string>

namespace headlight {

// "0.4213", "−12.35", "1.235e−6", "−∞", "NaN": `digits` significant digits, a real minus sign.
std::string significant_text(double value, int digits = 4);

}  // namespace headlight

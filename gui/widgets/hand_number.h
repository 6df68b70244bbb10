// Numbers with a fixed count of decimals, as a person writes them by hand.
#pragma once

#include <string>

namespace headlight {

// "0.42", "−3.0": a real minus sign, and none before zeros. For cells that have room for so much and no more.
std::string rounded_text(double value, int decimals);

// "3.214", "−0.50": the same, but two significant digits where nothing but zeros would be left ("7.1e−5"),
// and "0" of what is exactly that.
std::string hand_number(double value, int decimals = 3);

// "0.9033", "<0.0001": a number between 0 and 1 in a column of such, with as many decimals in every line.
std::string share_text(double value, int decimals);

}  // namespace headlight

// Numbers as every view prints them.
#pragma once

#include <cstdint>
#include <string>

namespace headlight {

// A probability: "61.23%", small ones "0.0004%", smaller ones "3e−5%".
std::string percent_text(double probability);

// A power of ten: "1e−3".
std::string power_text(int exponent);

// "49,152"
std::string grouped_text(std::int64_t number);

}  // namespace headlight

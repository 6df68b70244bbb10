// Lines of "label  value" in a tooltip, the values in one column.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace headlight {

using Facts = std::vector<std::pair<std::string, std::string>>;

// A tooltip: a heading, the facts, and a sentence (each may be empty).
void facts_tooltip(const std::string& heading, const Facts& facts, const std::string& sentence);

}  // namespace headlight

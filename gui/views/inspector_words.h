// How the inspector names values and writes their formulas.
#pragma once

#include <string>
#include <vector>

#include "core/analysis/operands.h"
#include "gui/frame.h"
#include "imgui.h"

namespace headlight {

// The accent of the concept that a hook belongs to.
ImU32 hook_color(Hook hook);

// "α", "q′", "x_mid": a value's letter in formulas and in the trail.
std::string hook_letter(Hook hook);

// One index of a value, spelled out: "query 4" and the token there, or "" when the axis has no tokens.
struct IndexWords {
  std::string words;
  std::string token;
  ImU32 color;
};
std::vector<IndexWords> index_words(const Trace& trace, const ValueReference& at);

// The formula in letters, and the same with the live numbers. Empty for Formula::unknown.
struct FormulaWords {
  std::string letters;
  std::string numbers;
};
FormulaWords formula_words(const Trace& trace, const Operands& operands);

// Makes every view point at what a value belongs to: token, key, head.
void point_at(Commands& commands, const ValueReference& at);

}  // namespace headlight

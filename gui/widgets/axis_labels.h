// Which of the labels along an axis of tokens or layers are drawn where there is no room for all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "imgui.h"

namespace headlight {

// Above so many tokens for each label, a word would not say for which it stands: then the labels say
// positions.
constexpr std::int64_t position_from = 3;

// As many tokens for each label as it takes when a label needs `needed` pixels and a token has `cell`; above
// position_from, a round number.
std::int64_t tokens_for_label(float needed, float cell);

// Whether that of `index` is drawn when there is room for one in every `every`: those of `marked` and `other`
// always, that of `third` where it covers neither of them, and no other one that would cover them. One covers
// what is less than `covered` away: `every` where that is not given.
bool is_label_drawn(std::int64_t index, std::int64_t every, std::optional<std::int64_t> marked,
                    std::optional<std::int64_t> other, std::optional<std::int64_t> third = std::nullopt,
                    std::optional<std::int64_t> covered = std::nullopt);

// A layer's or a head's name beside a plot in which the chosen one stands out: in bold and in the colour of
// what is locked. `align` as in add_label(); `font`: of the others.
void add_axis_name(ImDrawList& list, ImFont* font, float size, ImVec2 at, float align,
                   const std::string& name, bool chosen);

}  // namespace headlight

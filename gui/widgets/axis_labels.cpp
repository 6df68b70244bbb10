// Round steps, and what stands out among them.
#include "gui/widgets/axis_labels.h"

#include <cmath>
#include <cstdlib>

#include "gui/fonts.h"
#include "gui/theme.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/ribbon.h"

namespace headlight {

std::int64_t tokens_for_label(float needed, float cell) {
  const auto every = static_cast<std::int64_t>(std::ceil(needed / cell));
  if (every <= position_from) return every;
  for (std::int64_t power = 1;; power *= 10) {
    for (const std::int64_t factor : {1, 2, 5}) {
      if (power * factor >= every) return power * factor;
    }
  }
}

bool is_label_drawn(std::int64_t index, std::int64_t every, std::optional<std::int64_t> marked,
                    std::optional<std::int64_t> other, std::optional<std::int64_t> third,
                    std::optional<std::int64_t> covered) {
  const std::int64_t reach = covered.value_or(every);
  const auto covers = [&](std::optional<std::int64_t> at) { return at && std::abs(index - *at) < reach; };
  if (index == marked || index == other) return true;
  if (covers(marked) || covers(other)) return false;
  return index == third || (index % every == 0 && !covers(third));
}

void add_axis_name(ImDrawList& list, ImFont* font, float size, ImVec2 at, float align,
                   const std::string& name, bool chosen) {
  add_label(list, chosen ? fonts().strong : font, size, at, align,
            readable_small(chosen ? palette().lock : palette().muted), name);
}

}  // namespace headlight

#include "gui/views/learning_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/strings.h"
#include "gui/theme.h"

namespace headlight {

std::string time_words(double seconds) {
  const bool in_minutes = seconds >= 90.0;
  const double number = std::max(1.0, std::round(in_minutes ? seconds / 60.0 : seconds));
  return format_text(in_minutes ? "learning.minutes" : "learning.seconds",
                     fmt::arg("n", static_cast<std::int64_t>(number)));
}

std::string part_words(const LearningPart& part) {
  const auto name = [&] {
    switch (part.kind) {
      case LearningPartKind::embedding:
        return text("learning.part_embedding");
      case LearningPartKind::attention:
        return text("learning.part_attention");
      case LearningPartKind::mlp:
        return text("learning.part_mlp");
      case LearningPartKind::norm:
        return text(part.layer < 0 ? "learning.part_last_norm" : "learning.part_norm");
      case LearningPartKind::output:
        return text("learning.part_output");
    }
    return std::string();
  }();
  return part.layer < 0 ? name : fmt::format("L{} {}", part.layer, name);
}

ImU32 part_color(LearningPartKind kind) {
  switch (kind) {
    case LearningPartKind::attention:
      return palette().attention;
    case LearningPartKind::mlp:
      return palette().mlp;
    case LearningPartKind::output:
      return palette().probability;
    case LearningPartKind::embedding:
    case LearningPartKind::norm:
      return palette().residual;
  }
  return palette().residual;
}

}  // namespace headlight

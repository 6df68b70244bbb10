// Three words to choose from.
#include "gui/views/fold_choice.h"

#include <array>

#include "gui/strings.h"
#include "gui/widgets/segmented.h"

namespace headlight {

void draw_fold_choice(const Frame& frame, Commands& commands) {
  constexpr std::array folds = {TokenFold::tokens, TokenFold::graphemes, TokenFold::words};
  const std::array<Segment, 3> segments = {
      {{text("attention.fold_tokens"), text("attention.fold_tokens_tip")},
       {text("attention.fold_graphemes"), text("attention.fold_tip")},
       {text("attention.fold_words"), text("attention.fold_tip")}}};
  const auto selected = static_cast<std::size_t>(frame.document.attention.fold);
  if (const auto chosen = segmented("fold", segments, selected)) {
    AttentionChoices choices = frame.document.attention;
    choices.fold = folds[*chosen];
    commands.edit(SetChoices{choices});
  }
}

}  // namespace headlight

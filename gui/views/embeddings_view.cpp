// Which picture, and of which text.
#include "gui/views/embeddings_view.h"

#include <array>
#include <vector>

#include "core/session/document_names.h"
#include "gui/strings.h"
#include "gui/views/tool_row.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/segmented.h"

namespace headlight {
namespace {

void choose_picture(const EmbeddingChoices& choices, Commands& commands, ToolRow& row) {
  std::vector<Segment> segments;
  std::size_t selected = 0;
  for (const auto& [name, picture] : embedding_pictures) {
    if (picture == choices.picture) selected = segments.size();
    const std::string key = "embeddings.show_" + std::string(name);
    segments.push_back({text(key), text(key + "_tip")});
  }
  row.next(segmented_width(segments));
  if (const auto chosen = segmented("picture", segments, selected)) {
    EmbeddingChoices next = choices;
    next.picture = embedding_pictures[*chosen].value;
    commands.edit(SetChoices{next});
  }
}

void choose_text(const EmbeddingChoices& choices, Commands& commands, ToolRow& row) {
  const std::array segments = {Segment{text("embeddings.decoder"), text("embeddings.decoder_tip")},
                               Segment{text("embeddings.encoder"), text("embeddings.encoder_tip")}};
  row.next(segmented_width(segments));
  if (const auto chosen = segmented("text", segments, choices.encoder ? 1 : 0)) {
    EmbeddingChoices next = choices;
    next.encoder = *chosen == 1;
    commands.edit(SetChoices{next});
  }
}

}  // namespace

void EmbeddingsView::draw(const Frame& frame, Commands& commands) {
  const ShownText shown = shown_text(frame);
  if (!shown) return draw_empty_note("embeddings.empty");
  const EmbeddingChoices& choices = frame.document.embedding;
  ToolRow row;
  choose_picture(choices, commands, row);
  const bool of_a_text = choices.picture != EmbeddingPicture::arithmetic;
  if (frame.trace()->source() && of_a_text) choose_text(choices, commands, row);
  switch (choices.picture) {
    case EmbeddingPicture::points:
      return points_.draw(frame, commands, shown);
    case EmbeddingPicture::neighbors:
      return neighbors_.draw(frame, commands, shown);
    case EmbeddingPicture::arithmetic:
      return arithmetic_.draw(frame, commands, shown);
    case EmbeddingPicture::similarity:
      return vectors_.draw(frame, commands, shown);
    case EmbeddingPicture::positions:
      return positions_.draw(frame, commands, shown);
  }
}

}  // namespace headlight

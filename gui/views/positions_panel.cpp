// Chooses by what the model has; draws the table of vectors.
#include "gui/views/positions_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/session/same_owner.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/facts.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/significant_text.h"

namespace headlight {
namespace {

constexpr std::int64_t most_rows = 1024;
constexpr std::int64_t most_cells = 128;

float em() { return ImGui::GetFontSize(); }

SimilarityPicture picture_of(const PositionTableKey& key, const Progress& progress) {
  const std::shared_ptr<const Model> model = key.model.lock();
  if (!model) throw Progress::Cancelled{};
  Tensor rows({key.rows, model->position_table.columns});
  float* out = rows.writable();
  for (std::int64_t row = 0; row < key.rows; ++row) {
    const std::vector<float> values = weight_row(model->position_table, row);
    out = std::copy(values.begin(), values.end(), out);
  }
  progress.report(0.5F);
  SimilarityPicture picture{cosine_similarity(rows), {}, {}};
  picture.cells = similarity_cells(picture.similarity.cosines, most_cells);
  return picture;
}

// A number at every fourth of both edges.
void draw_numbers(ImVec2 corner, float extent, std::int64_t rows) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont mono(fonts().mono, smallest_mono);
  constexpr int pieces = 4;
  for (int i = 0; i < pieces; ++i) {
    const std::string words = grouped_text(rows * i / pieces);
    const float at = extent * static_cast<float>(i) / pieces;
    const ImVec2 size = ImGui::CalcTextSize(words.c_str());
    list->AddText(ImVec2(corner.x - size.x - em() * 0.5F, corner.y + at), palette().muted, words.c_str());
    list->AddText(ImVec2(corner.x + at, corner.y - size.y - em() * 0.2F), palette().muted, words.c_str());
  }
}

}  // namespace

bool PositionTableKey::operator==(const PositionTableKey& other) const {
  return same_owner(model, other.model) && rows == other.rows;
}

PositionsPanel::PositionsPanel() : made_(picture_of) {}

void PositionsPanel::draw_table(const Frame& frame, Commands& commands, const ShownText& shown) {
  const Model& model = shown.trace->model();
  const std::int64_t rows = std::min(model.position_table.rows, most_rows);
  const bool learned = model.architecture.positions == PositionTable::learned;
  const std::string words = format_text(
      learned ? "embeddings.positions_learned" : "embeddings.positions_sinusoidal",
      fmt::arg("rows", grouped_text(rows)), fmt::arg("all", grouped_text(model.position_table.rows)));
  draw_caption(words, palette().muted);
  const PositionTableKey key{shown.trace->shared_model(), rows};
  made_.want(key);
  if (made_.pending()) commands.pending();
  const auto done = made_.done();
  if (!done || !done->value || !(done->key == key)) return;
  const SimilarityPicture& picture = *done->value;
  ImGui::Dummy(ImVec2(0, em() * 1.4F));
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float left = em() * 3.4F;
  const float extent = std::floor(std::max(em() * 6, std::min(room.x - left - em(), room.y - em() * 3.2F)));
  const ImVec2 corner(start.x + left, start.y);
  draw_similarity_cells(corner, extent, picture.cells);
  draw_numbers(corner, extent, rows);
  ImGui::SetCursorScreenPos(corner);
  const float cell = extent / static_cast<float>(std::max<std::int64_t>(1, rows));
  const Hand hand = canvas("##positions", ImVec2(extent, extent), {corner, ImVec2(cell, cell), {}});
  if (hand.inside) {
    const ImVec2 mouse = hand.at;
    const auto position = [&](float pixels) {
      const auto at = static_cast<std::int64_t>(pixels / extent * static_cast<float>(rows));
      return std::clamp<std::int64_t>(at, 0, rows - 1);
    };
    const std::int64_t row = position(mouse.y - corner.y), column = position(mouse.x - corner.x);
    if (row < shown.positions()) hover_token(commands, shown, row);
    const double cosine = static_cast<double>(picture.similarity.cosines.data()[row * rows + column]);
    facts_tooltip(format_text("embeddings.two_positions", fmt::arg("a", row), fmt::arg("b", column)),
                  {{"cos", significant_text(cosine)},
                   {"a", fmt::format("W_pos [{}, :]", row)},
                   {"b", fmt::format("W_pos [{}, :]", column)}},
                  text("embeddings.two_positions_tip"));
    if (hand.clicked && row < shown.positions()) click_token(frame, commands, shown, row);
  }
  // How far this text reaches.
  const float reach =
      extent * static_cast<float>(std::min(shown.positions(), rows)) / static_cast<float>(rows);
  ImGui::GetWindowDrawList()->AddRect(corner, ImVec2(corner.x + reach, corner.y + reach), palette().query, 0,
                                      std::max(1.0F, em() * 0.1F));
  draw_similarity_scale(ImVec2(corner.x, corner.y + extent + em() * 0.6F), std::min(extent, em() * 22),
                        picture.cells.range);
  ImGui::SetCursorScreenPos(ImVec2(start.x, corner.y + extent + em() * 2.4F));
  ImGui::Dummy(ImVec2(0, 0));
}

void PositionsPanel::draw(const Frame& frame, Commands& commands, const ShownText& shown) {
  const ArchitectureDescription& a = shown.trace->model().architecture;
  if (a.positions != PositionTable::none && shown.trace->model().position_table.rows > 0)
    return draw_table(frame, commands, shown);
  if (a.rotary_of(frame.layer()).dimensions > 0) return draw_rotary_angles(frame, commands, shown);
  draw_empty_note(a.relative_buckets > 0 ? "embeddings.positions_relative" : "embeddings.positions_none");
}

}  // namespace headlight

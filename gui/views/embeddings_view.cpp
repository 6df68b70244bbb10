// The tool bar and captions of the embedding view, its keys, and where its two drawings go.
#include "gui/views/embeddings_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/segmented.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

constexpr double seconds_a_step = 0.45;  // of the walk through the layers
constexpr double outshines = 3.0;        // the first vector against the median: worth a word
constexpr std::int64_t most_cells = 64;  // along an axis of the similarity matrix

float em() { return ImGui::GetFontSize(); }

std::string layer_name(std::int64_t layer) {
  if (layer == 0) return text("embeddings.at_embedding");
  return format_text("embeddings.after_block", fmt::arg("layer", layer - 1));
}

void muted(const std::string& words) {
  const ScopedFont small(fonts().body, 0.88F);
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextWrapped("%s", words.c_str());
  ImGui::PopStyleColor();
}

// A triangle, or two bars while it plays.
bool play_button(bool playing) {
  const float side = em() * 1.75F;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const bool clicked = ImGui::InvisibleButton("##play", ImVec2(side, side));
  const bool hovered = ImGui::IsItemHovered();
  ImGui::SetItemTooltip("%s", text(playing ? "embeddings.stop" : "embeddings.play").c_str());
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 middle(corner.x + side * 0.5F, corner.y + side * 0.5F);
  list->AddCircleFilled(middle, side * 0.5F,
                        hovered ? mix(palette().raised, palette().residual, 0.3F) : palette().raised);
  const float r = side * 0.22F;
  if (playing) {
    list->AddRectFilled(ImVec2(middle.x - r, middle.y - r), ImVec2(middle.x - r * 0.3F, middle.y + r),
                        palette().text);
    list->AddRectFilled(ImVec2(middle.x + r * 0.3F, middle.y - r), ImVec2(middle.x + r, middle.y + r),
                        palette().text);
  } else {
    list->AddTriangleFilled(ImVec2(middle.x - r * 0.7F, middle.y - r),
                            ImVec2(middle.x - r * 0.7F, middle.y + r), ImVec2(middle.x + r * 1.1F, middle.y),
                            palette().text);
  }
  return clicked;
}

// A line with one stop a layer; returns the layer that the mouse chose, or -1.
std::int64_t layer_slider(std::int64_t layer, std::int64_t layers, float width) {
  const float height = em() * 1.75F;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::InvisibleButton("##layer", ImVec2(width, height));
  const bool hovered = ImGui::IsItemHovered();
  const bool held = ImGui::IsItemActive();
  ImGui::SetItemTooltip("%s", text("embeddings.slider").c_str());
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float left = corner.x + em() * 0.5F;
  const float extent = width - em();
  const float y = corner.y + height * 0.5F;
  const auto stop = [&](std::int64_t at) {
    return left + extent * static_cast<float>(at) / static_cast<float>(std::max<std::int64_t>(1, layers));
  };
  const float line = em() * 0.16F;
  list->AddRectFilled(ImVec2(left, y - line * 0.5F), ImVec2(left + extent, y + line * 0.5F), palette().grid,
                      line);
  list->AddRectFilled(ImVec2(left, y - line * 0.5F), ImVec2(stop(layer), y + line * 0.5F), palette().residual,
                      line);
  if (extent / static_cast<float>(layers + 1) > em() * 0.3F) {
    for (std::int64_t at = 0; at <= layers; ++at)
      list->AddCircleFilled(ImVec2(stop(at), y), em() * 0.13F,
                            at <= layer ? palette().residual : palette().grid);
  }
  const float knob = em() * (held || hovered ? 0.46F : 0.4F);
  list->AddCircleFilled(ImVec2(stop(layer), y), knob, palette().residual);
  list->AddCircle(ImVec2(stop(layer), y), knob, palette().panel, 0, em() * 0.1F);
  if (!held) return -1;
  const float part = std::clamp((ImGui::GetMousePos().x - left) / extent, 0.0F, 1.0F);
  return static_cast<std::int64_t>(std::lround(part * static_cast<float>(layers)));
}

// How many times the first vector is as long as the median of the others; 0 when that cannot be said.
double first_against_others(const Similarity* similarity) {
  if (!similarity || similarity->lengths.size() < 3) return 0.0;
  std::vector<double> others(similarity->lengths.begin() + 1, similarity->lengths.end());
  const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
  for (const double length : others) {
    if (!std::isfinite(length)) return 0.0;
  }
  std::nth_element(others.begin(), middle, others.end());
  const double ratio = *middle > 0.0 ? similarity->lengths.front() / *middle : 0.0;
  return std::isfinite(ratio) ? ratio : 0.0;
}

void draw_captions(const Frame& frame) {
  const Document& document = frame.document;
  muted(text("embeddings.caption"));
  const double ratio = first_against_others(frame.result.similarity.get());
  if (frame.result.projection_without_first && frame.positions() > 1) {
    muted(format_text("embeddings.first_left_out", fmt::arg("token", frame.token_text(0))));
  } else if (ratio > outshines && !document.embedding_without_first) {
    const ScopedFont small(fonts().body, 0.88F);
    ImGui::PushStyleColor(ImGuiCol_Text, palette().warning);
    ImGui::TextWrapped("%s", format_text("embeddings.massive", fmt::arg("token", frame.token_text(0)),
                                         fmt::arg("times", fmt::format("{:.{}f}", ratio, ratio < 10 ? 1 : 0)))
                                 .c_str());
    ImGui::PopStyleColor();
  }
}

}  // namespace

void EmbeddingsView::choose(std::int64_t layer, Commands& commands) {
  walking_ = false;
  commands.edit(SetEmbeddingLayer{layer});
}

// One layer after the other; each waits until the one before is drawn.
void EmbeddingsView::walk(const Frame& frame, Commands& commands) {
  if (!walking_) return;
  const std::int64_t layers = frame.trace()->model().architecture.layers;
  const std::int64_t layer = std::min(frame.document.embedding_layer, layers);
  commands.animate();
  if (frame.seconds < next_step_ || scatter_.layer() != layer) return;
  if (layer >= layers) {
    walking_ = false;
    return;
  }
  next_step_ = frame.seconds + seconds_a_step;
  commands.edit(SetEmbeddingLayer{layer + 1});
}

void EmbeddingsView::draw_tools(const Frame& frame, Commands& commands) {
  const std::int64_t layers = frame.trace()->model().architecture.layers;
  const std::int64_t layer = std::min(frame.document.embedding_layer, layers);
  if (play_button(walking_)) {
    walking_ = !walking_;
    next_step_ = frame.seconds + seconds_a_step;
    if (walking_ && layer >= layers) commands.edit(SetEmbeddingLayer{0});
  }
  const Segment without{text("embeddings.without_first"), text("embeddings.without_first_tip")};
  float label = 0;
  {
    const ScopedFont strong(fonts().strong);
    label =
        std::max(ImGui::CalcTextSize(layer_name(0).c_str()).x, ImGui::CalcTextSize(layer_name(88).c_str()).x);
  }
  const float room = ImGui::GetContentRegionAvail().x - em() * 1.75F;
  const float rest = label + em() * 3.2F;
  const bool one_line = room - rest - toggle_width(without) > em() * 8;
  const float width =
      std::clamp(room - rest - (one_line ? toggle_width(without) : 0.0F), em() * 5, em() * 30);
  ImGui::SameLine(0, em() * 0.6F);
  const std::int64_t chosen = layer_slider(layer, layers, width);
  if (chosen >= 0 && chosen != layer) choose(chosen, commands);
  ImGui::SameLine(0, em() * 0.6F);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  {
    const ScopedFont strong(fonts().strong);
    ImGui::GetWindowDrawList()->AddText(ImVec2(at.x, at.y + em() * 0.375F), palette().text,
                                        layer_name(layer).c_str());
  }
  ImGui::Dummy(ImVec2(label, em() * 1.75F));
  if (one_line) ImGui::SameLine(0, em() * 1.2F);
  if (toggle("##without", without, frame.document.embedding_without_first))
    commands.edit(SetEmbeddingWithoutFirst{!frame.document.embedding_without_first});
  if (ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows) && !ImGui::GetIO().WantTextInput) {
    // The arrows belong to the layers here, not to the way from button to button.
    const ImGuiID owner = ImGui::GetID("##layer");
    for (const ImGuiKey key : {ImGuiKey_LeftArrow, ImGuiKey_RightArrow}) ImGui::SetKeyOwner(key, owner);
    if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow) && layer > 0) choose(layer - 1, commands);
    if (ImGui::IsKeyPressed(ImGuiKey_RightArrow) && layer < layers) choose(layer + 1, commands);
  }
}

void EmbeddingsView::draw(const Frame& frame, Commands& commands) {
  if (frame.trace() == nullptr || frame.positions() == 0) {
    walking_ = false;
    scatter_.draw(frame, commands, ImVec2(0, 0));  // lets go of what it showed
    draw_empty_note("embeddings.empty");
    return;
  }
  draw_tools(frame, commands);
  walk(frame, commands);
  draw_captions(frame);
  if (frame.trace()->complete() && !frame.result.projection) {
    draw_empty_note("embeddings.not_kept");
    return;
  }
  if (frame.positions() == 1 && frame.result.projection) {
    draw_empty_note("embeddings.one_token");
    return;
  }
  ImGui::Dummy(ImVec2(0, em() * 0.2F));
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const bool beside = room.x > em() * 34 && room.y > em() * 14;
  const float matrix = beside ? std::min(room.x * 0.42F, room.y + em() * 2) : 0.0F;
  const ImVec2 corner = ImGui::GetCursorPos();
  const float height = std::max(room.y, em() * 12) - em() * 0.4F;
  scatter_.draw(frame, commands, ImVec2(room.x - matrix - (beside ? em() * 1.5F : 0.0F), height));
  if (!beside || !frame.result.similarity) return;
  if (similarity_ != frame.result.similarity) {
    similarity_ = frame.result.similarity;
    cells_ = similarity_cells(similarity_->cosines, most_cells);
  }
  ImGui::SetCursorPos(ImVec2(corner.x + room.x - matrix, corner.y));
  draw_similarity(frame, commands, cells_, ImVec2(matrix, height));
}

}  // namespace headlight

// Drawn as one line: button, slider, name of the layer.
#include "gui/views/layer_walk.h"

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

constexpr double seconds_a_step = 0.45;

float em() { return ImGui::GetFontSize(); }
float height() { return em() * 1.75F; }

float label_width(const LayerWalk::Stops& stops) {
  const ScopedFont strong(fonts().strong);
  return std::max(ImGui::CalcTextSize(stops.label.c_str()).x, ImGui::CalcTextSize(stops.widest.c_str()).x);
}

// A triangle, or two bars while it plays.
bool play_button(bool playing) {
  const float side = height();
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const bool clicked = ImGui::InvisibleButton("##play", ImVec2(side, side), ImGuiButtonFlags_EnableNav);
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

// Returns the layer that the mouse chose, or -1.
std::int64_t slider(std::int64_t layer, std::int64_t layers, float width) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::InvisibleButton("##layer", ImVec2(width, height()), ImGuiButtonFlags_EnableNav);
  const bool hovered = ImGui::IsItemHovered();
  const bool held = ImGui::IsItemActive();
  ImGui::SetItemTooltip("%s", text("embeddings.slider").c_str());
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float left = corner.x + em() * 0.5F;
  const float extent = width - em();
  const float y = corner.y + height() * 0.5F;
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
  if (!held || !ImGui::IsMouseDown(ImGuiMouseButton_Left)) return -1;
  const float part = std::clamp((ImGui::GetMousePos().x - left) / extent, 0.0F, 1.0F);
  return static_cast<std::int64_t>(std::lround(part * static_cast<float>(layers)));
}

// The arrows belong to the layers here, not to the way from button to button. With Shift they are others'.
std::int64_t step_by_key(ImGuiID owner) {
  const ImGuiIO& io = ImGui::GetIO();
  const bool on_slider = keyboard_is_on_an_item() && ImGui::GetCurrentContext()->NavId == owner;
  if (io.KeyShift || !(on_slider || panel_has_keys())) return 0;
  for (const ImGuiKey key : {ImGuiKey_LeftArrow, ImGuiKey_RightArrow}) ImGui::SetKeyOwner(key, owner);
  return (ImGui::IsKeyPressed(ImGuiKey_RightArrow) ? 1 : 0) -
         (ImGui::IsKeyPressed(ImGuiKey_LeftArrow) ? 1 : 0);
}

}  // namespace

float LayerWalk::least_width(const Stops& stops) { return height() + em() * 6.2F + label_width(stops); }

std::optional<std::int64_t> LayerWalk::draw(const Frame& frame, Commands& commands, const Stops& stops,
                                            float width) {
  std::optional<std::int64_t> chosen;
  if (play_button(walking_)) {
    walking_ = !walking_;
    next_step_ = frame.seconds + seconds_a_step;
    if (walking_ && stops.at >= stops.last) chosen = 0;
  }
  ImGui::SameLine(0, em() * 0.6F);
  const float label = label_width(stops);
  const float track = std::clamp(width - height() - label - em() * 1.2F, em() * 5, em() * 30);
  const std::int64_t dragged = slider(stops.at, stops.last, track);
  ImGui::SameLine(0, em() * 0.6F);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  {
    const ScopedFont strong(fonts().strong);
    ImGui::GetWindowDrawList()->AddText(ImVec2(at.x, at.y + em() * 0.375F), palette().text,
                                        stops.label.c_str());
  }
  ImGui::Dummy(ImVec2(label, height()));
  const std::int64_t stepped = stops.at + step_by_key(ImGui::GetID("##layer"));
  for (const std::int64_t wanted : {dragged, stepped}) {
    if (wanted < 0 || wanted > stops.last || wanted == stops.at) continue;
    walking_ = false;
    chosen = wanted;
  }
  if (!walking_ || chosen) return chosen;
  // One layer after the other; each waits until the one before is drawn.
  commands.animate();
  if (frame.seconds < next_step_ || !stops.arrived) return chosen;
  if (stops.at >= stops.last) {
    walking_ = false;
    return chosen;
  }
  next_step_ = frame.seconds + seconds_a_step;
  return stops.at + 1;
}

}  // namespace headlight

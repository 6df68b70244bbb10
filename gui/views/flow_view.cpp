// Lays the picture out, paints it, and turns clicks, wheel and keys into commands.
#include "gui/views/flow_view.h"

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/views/flow_picture.h"
#include "gui/views/flow_words.h"
#include "gui/widgets/empty_note.h"
#include "gui/widgets/ribbon.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// The widest of the first tokens' labels: a long text must not cost a measurement of each of its tokens.
float widest_token(const Frame& frame) {
  float widest = 0;
  for (std::int64_t i = 0; i < std::min<std::int64_t>(frame.positions(), 32); ++i)
    widest = std::max(widest, label_width(fonts().body, 0.95F, chip_text(*frame.trace(), i)));
  return widest + em() * 0.8F;
}

FlowShape shape_of(const Frame& frame) {
  const ArchitectureDescription& a = frame.trace()->model().architecture;
  FlowShape shape;
  shape.positions = frame.positions();
  shape.selected = std::max<std::int64_t>(0, frame.locked_query());
  shape.layers = std::max<std::int64_t>(1, a.layers);
  shape.heads = std::max<std::int64_t>(1, a.heads);
  // The trace may be of another model than the one that was opened last.
  shape.layer = std::clamp<std::int64_t>(frame.layer(), 0, shape.layers - 1);
  shape.head = std::clamp<std::int64_t>(frame.head(), 0, shape.heads - 1);
  shape.parts = flow_parts(a, shape.layer);
  if (a.head == OutputHead::classifier) shape.output_row = 0;  // it reads the first token
  shape.token_width = widest_token(frame);
  return shape;
}

}  // namespace

void FlowView::draw(const Frame& frame, Commands& commands) {
  if (frame.trace() == nullptr || frame.positions() == 0) {
    draw_empty_note("flow.empty");
    return;
  }
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const float width =
      std::max(room.x, narrowest_flow(em(), flow_parts(frame.trace()->model().architecture, 0)));
  const bool scrolls = width > room.x + 1;
  const ImGuiWindowFlags flags =
      ImGuiWindowFlags_NoScrollWithMouse | ImGuiWindowFlags_NoNavInputs |
      (scrolls ? ImGuiWindowFlags_HorizontalScrollbar : ImGuiWindowFlags_NoScrollbar);
  if (ImGui::BeginChild("##flow", room, ImGuiChildFlags_None, flags)) {
    const float bar = scrolls ? ImGui::GetStyle().ScrollbarSize : 0;
    draw_picture(frame, commands, ImVec2(width, std::max(em() * 16, room.y - bar)));
  }
  ImGui::EndChild();
}

void FlowView::draw_picture(const Frame& frame, Commands& commands, ImVec2 size) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  layout_ = place_flow(shape_of(frame), corner, size, em());
  const FlowLayout& at = layout_;
  values_.show(frame.result.trace, at.layer, at.head_index, at.first, at.last);
  HeadRows* pattern = maps_.rows(frame.result.trace, at.layer, at.head_index);
  ImGui::SetNextItemAllowOverlap();
  const bool clicked = ImGui::InvisibleButton("##canvas", size);
  const bool pointed = ImGui::IsItemHovered() && !detail_.is_open();
  const FlowHit hit = pointed ? flow_hit(at, ImGui::GetMousePos()) : FlowHit{};
  const FlowScene scene{
      *ImGui::GetWindowDrawList(), frame, *frame.trace(), at, values_, pattern, frame.query(), hit};
  draw_flow_cards(scene);
  if (at.shows(scene.query)) {
    const float top = at.row_top(scene.query);
    scene.list.AddRectFilled(ImVec2(corner.x - em() * 0.2F, top),
                             ImVec2(at.candidates.min.x - em() * 0.5F, top + at.row_height),
                             with_alpha(palette().text, 0.045F), em() * 0.4F);
  }
  draw_flow_stream(scene);
  draw_flow_ribbons(scene);
  draw_flow_strips(scene);
  draw_flow_candidates(scene);
  draw_flow_footer(scene);
  if (pointed) {
    show_flow_hover(at, frame, commands, values_, pattern, hit);
    const float turned = ImGui::GetIO().MouseWheel;
    wheel_ = turned == 0 ? wheel_ : wheel_ + turned;
  }
  if (clicked) handle_click(frame, commands, at, hit);
  handle_keys(frame, commands, at);
  if (detail_.is_open()) detail_.draw(frame, commands, at, pattern);
}

void FlowView::handle_click(const Frame& frame, Commands& commands, const FlowLayout& at,
                            const FlowHit& hit) {
  if (detail_.is_open()) {
    if (!detail_.covers(ImGui::GetMousePos())) detail_.close(frame);
    return;
  }
  switch (hit.pick) {
    case FlowPick::token: {
      const bool locked = frame.document.query && frame.locked_query() == hit.position;
      commands.edit(SelectQuery{locked ? std::nullopt : std::optional(hit.position)});
      break;
    }
    case FlowPick::strip:
    case FlowPick::stream:
    case FlowPick::map: {
      if (hit.position != frame.locked_query()) commands.edit(SelectQuery{hit.position});
      const FlowColumn* column = at.column(hit.hook);
      const FlowRect from = hit.pick == FlowPick::map ? at.map_row(hit.position)
                            : column != nullptr       ? at.strip(*column, hit.position)
                                                      : at.map_row(hit.position);
      detail_.open(hit.hook, from, frame);
      break;
    }
    case FlowPick::open_part:
      detail_.open(hit.hook, at.candidates, frame);
      break;
    case FlowPick::layer:
      commands.edit(SelectHead{hit.cell, at.head_index});
      break;
    case FlowPick::head:
      commands.edit(SelectHead{at.layer, hit.cell});
      break;
    case FlowPick::candidate: {
      const auto rank = static_cast<std::size_t>(hit.cell);
      if (!frame.result.next || rank >= frame.result.next->ranked.size()) break;
      const TokenId id = frame.result.next->ranked[rank].id;
      commands.edit(SelectCandidate{frame.document.candidate == id ? std::nullopt : std::optional(id)});
      break;
    }
    case FlowPick::nothing:
      break;
  }
}

void FlowView::handle_keys(const Frame& frame, Commands& commands, const FlowLayout& at) {
  std::int64_t layer = at.layer;
  std::int64_t head = at.head_index;
  const auto steps = static_cast<std::int64_t>(std::trunc(wheel_));
  wheel_ -= static_cast<float>(steps);
  if (ImGui::GetIO().KeyShift) {
    head -= steps;
  } else {
    layer -= steps;
  }
  if (detail_.is_open()) {
    // Esc closes the part, and only that: the window's own Esc must not see it.
    const ImGuiID owner = ImGui::GetID("##escape");
    ImGui::SetKeyOwner(ImGuiKey_Escape, owner, ImGuiInputFlags_LockUntilRelease);
    if (ImGui::IsKeyPressed(ImGuiKey_Escape, ImGuiInputFlags_None, owner)) detail_.close(frame);
  }
  const bool focused =
      ImGui::IsWindowFocused(ImGuiFocusedFlags_ChildWindows) && !ImGui::GetIO().WantTextInput;
  if (focused) {
    const std::int64_t sideways = (ImGui::IsKeyPressed(ImGuiKey_RightArrow) ? 1 : 0) -
                                  (ImGui::IsKeyPressed(ImGuiKey_LeftArrow) ? 1 : 0);
    (ImGui::GetIO().KeyShift ? head : layer) += sideways;
    const std::int64_t down =
        (ImGui::IsKeyPressed(ImGuiKey_DownArrow) ? 1 : 0) - (ImGui::IsKeyPressed(ImGuiKey_UpArrow) ? 1 : 0);
    if (down != 0)
      commands.edit(SelectQuery{std::clamp<std::int64_t>(frame.locked_query() + down, 0, at.positions - 1)});
  }
  layer = std::clamp<std::int64_t>(layer, 0, at.layer_count - 1);
  head = std::clamp<std::int64_t>(head, 0, at.head_count - 1);
  if (layer != at.layer || head != at.head_index) commands.edit(SelectHead{layer, head});
}

}  // namespace headlight

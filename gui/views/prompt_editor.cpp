// ImGui's multi-line editor without its own undo and background. The editor's glyphs live in a child window,
// whose drawing comes after its parent's: what is drawn in the parent after the keys were taken lies behind
// them, in the same frame.
#include "gui/views/prompt_editor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/text_field.h"
#include "imgui_internal.h"
#include "imgui_stdlib.h"

namespace headlight {
namespace {

constexpr const char* editor_id = "##text";
constexpr float relative_size = 1.25F;  // readable from the last row
// A low window keeps its room for what the text leads to; the rest of the text is scrolled to. One line more
// is shown when that is all.
int shown_lines(int lines) {
  const int most = is_low_window() ? 2 : 4;
  return lines <= most + 1 ? std::max(1, lines) : most;
}
constexpr int focus_attempts = 12;  // frames

ImVec2 padding() { return ImVec2(ImGui::GetFontSize() * 0.6F, ImGui::GetFontSize() * 0.4F); }

float wrap_width_of(float width) {
  return std::max(1.0F, width - padding().x - ImGui::GetStyle().ScrollbarSize);
}

ImGuiWindow* child_of(const ImGuiWindow* parent, ImGuiID id) {
  for (ImGuiWindow* child : parent->DC.ChildWindows) {
    if (child->ChildId == id) return child;
  }
  return nullptr;
}

}  // namespace

bool is_low_window() { return ImGui::GetMainViewport()->Size.y < ImGui::GetFontSize() * 52.0F; }

void PromptEditor::follow_document(const Frame& frame) {
  const std::string& wanted = which_ == PromptText::own ? frame.document.text : frame.document.source_text;
  const std::size_t end = std::min(wanted.find('\0'), wanted.size());
  const bool same = wanted.compare(0, end, text_) == 0 && wanted.compare(end, std::string::npos, tail_) == 0;
  if (same) return;
  text_ = wanted.substr(0, end);
  tail_ = wanted.substr(end);
  cursor_to_end_ = true;
}

void PromptEditor::keep_focus(const Frame& frame) {
  if (frame.focus_prompt && which_ == PromptText::own) {
    frames_to_focus_ = focus_attempts;
    cursor_to_end_ = true;
  }
  if (keep_field_in_step(ImGui::GetID(editor_id), text_, cursor_to_end_)) {
    frames_to_focus_ = 0;
    cursor_to_end_ = false;
  }
  if (frames_to_focus_ > 0) {
    --frames_to_focus_;
    ImGui::SetKeyboardFocusHere();
  }
}

bool PromptEditor::edit(const Frame& frame) {
  follow_document(frame);
  const ScopedFont large(fonts().body, relative_size);
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, padding());
  ImGui::PushStyleVar(ImGuiStyleVar_FrameBorderSize, 0.0F);
  ImGui::PushStyleColor(ImGuiCol_FrameBg, 0);
  ImGui::PushStyleColor(ImGuiCol_NavCursor, 0);  // the frame says it
  ImGui::PushStyleColor(ImGuiCol_Text, palette().token_text);
  corner_ = ImGui::GetCursorScreenPos();
  size_.x = ImGui::GetContentRegionAvail().x;
  layout_.update(text_, wrap_width_of(size_.x));
  shown_lines_ = shown_lines(layout_.lines());
  size_.y = static_cast<float>(shown_lines_) * ImGui::GetFontSize() + 2.0F * padding().y;
  scroll_by_lines();
  keep_focus(frame);
  const bool changed = ImGui::InputTextMultiline(
      editor_id, &text_, size_, ImGuiInputTextFlags_NoUndoRedo | ImGuiInputTextFlags_WordWrap);
  active_ = ImGui::IsItemActive();
  touched_ = touched_ || changed;
  inner_ = child_of(ImGui::GetCurrentWindow(), ImGui::GetID(editor_id));
  origin_ = corner_;
  if (inner_) {
    origin_ = ImVec2(inner_->Pos.x + padding().x, inner_->Pos.y + padding().y - inner_->Scroll.y);
    // The editor's own width for lines: without the scroll bar, whether it is there or not.
    const float right =
        inner_->ContentRegionRect.Max.x - (inner_->ScrollbarY ? 0.0F : ImGui::GetStyle().ScrollbarSize);
    layout_.update(text_, std::max(1.0F, right - origin_.x));
  }
  ImGui::PopStyleColor(3);
  ImGui::PopStyleVar(2);
  return changed;
}

ImVec2 PromptEditor::place(const WrappedText::Piece& piece, bool right_bottom) const {
  const float inset = layout_.line_height() * 0.03F;
  const float top = origin_.y + static_cast<float>(piece.line) * layout_.line_height();
  if (right_bottom) return ImVec2(origin_.x + piece.right, top + layout_.line_height() - inset);
  return ImVec2(origin_.x + piece.left, top + inset);
}

std::optional<std::int64_t> PromptEditor::draw_tokens(const Frame& frame, const std::vector<Token>& tokens,
                                                      const ShownScores& scores, std::int64_t context) {
  const ScopedFont large(fonts().body, relative_size);
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 opposite(corner_.x + size_.x, corner_.y + size_.y);
  list->AddRectFilled(corner_, opposite, palette().background, ImGui::GetStyle().FrameRounding);
  if (!is_cut() || !inner_ || tokens.empty()) draw_frame(*list);
  draw_invitation(frame);
  std::optional<std::int64_t> under_mouse;
  if (!inner_ || tokens.empty()) return under_mouse;
  list->PushClipRect(corner_, opposite, true);
  inner_->DrawList->PushClipRect(corner_, opposite, false);
  // Tokens of lines that are seen in part would run over the frame.
  const float margin = padding().y * 0.9F;
  list->PushClipRect(ImVec2(corner_.x, corner_.y + margin), ImVec2(opposite.x, opposite.y - margin), true);
  const auto line_at = [this](float y) {
    return static_cast<int>(std::floor((y - origin_.y) / layout_.line_height()));
  };
  const auto seen = layout_.range_of_lines(line_at(corner_.y), line_at(opposite.y));
  const ImVec2 mouse = ImGui::GetMousePos();
  const bool mouse_inside = ImGui::IsItemHovered() && ImGui::IsMouseHoveringRect(corner_, opposite);
  const auto first = std::lower_bound(tokens.begin(), tokens.end(), seen.first,
                                      [](const Token& token, std::size_t byte) { return token.end <= byte; });
  for (auto token = first; token != tokens.end() && token->begin < seen.second; ++token) {
    layout_.pieces(token->begin, token->end, pieces_);
    const std::int64_t position = token - tokens.begin();
    const bool runs = position < context;
    draw_token(frame, position,
               runs ? token_ground(which_, frame, scores, position) : std::optional(palette().masked), runs);
    for (const WrappedText::Piece& piece : pieces_) {
      const ImVec2 from = place(piece, false);
      const ImVec2 to = place(piece, true);
      const bool inside = mouse.x >= from.x && mouse.x < to.x && mouse.y >= from.y && mouse.y < to.y;
      if (mouse_inside && inside) under_mouse = position;
    }
  }
  draw_marks(seen.first, seen.second);
  if (is_cut()) cover_cut_lines();
  inner_->DrawList->PopClipRect();
  list->PopClipRect();
  list->PopClipRect();
  return under_mouse;
}

bool PromptEditor::is_cut() const { return layout_.lines() > shown_lines_; }

// The wheel would stop in the middle of a line.
void PromptEditor::scroll_by_lines() {
  if (!inner_ || !is_cut()) return;
  const float line = layout_.line_height();
  if (ImGui::IsWindowHovered(ImGuiHoveredFlags_ChildWindows) &&
      ImGui::IsMouseHoveringRect(corner_, ImVec2(corner_.x + size_.x, corner_.y + size_.y))) {
    ImGui::SetKeyOwner(ImGuiKey_MouseWheelY, ImGui::GetID(editor_id));
    wheel_ += ImGui::GetIO().MouseWheel * static_cast<float>(std::max(1, shown_lines_ - 1));
  }
  const float turned = std::trunc(wheel_);
  wheel_ -= turned;
  inner_->Scroll.y = std::clamp((std::round(inner_->Scroll.y / line) - turned) * line, 0.0F,
                                std::max(0.0F, inner_->ScrollMax.y));
}

// The editor scrolls into its own padding: half lines above and below the whole ones. Where lines are out of
// sight, those before them fade away behind an arrow.
void PromptEditor::cover_cut_lines() {
  const float rounding = ImGui::GetStyle().FrameRounding;
  const float bar = inner_->ScrollbarY ? ImGui::GetStyle().ScrollbarSize : 0.0F;
  const ImVec2 opposite(corner_.x + size_.x, corner_.y + size_.y);
  ImDrawList* list = inner_->DrawList;
  list->AddRectFilled(corner_, ImVec2(opposite.x - bar, corner_.y + padding().y), palette().background,
                      rounding, ImDrawFlags_RoundTop);
  list->AddRectFilled(ImVec2(corner_.x, opposite.y - padding().y), ImVec2(opposite.x - bar, opposite.y),
                      palette().background, rounding, ImDrawFlags_RoundBottom);
  const auto add_sign = [&](float edge, float down) {  // at an edge, for what lies beyond it
    const float depth = layout_.line_height() * 0.55F, y = edge - down * depth;
    const ImU32 solid = with_alpha(palette().background, 0.9F),
                clear = with_alpha(palette().background, 0.0F);
    const bool is_top = down < 0.0F;
    list->AddRectFilledMultiColor(ImVec2(corner_.x, std::min(edge, y)),
                                  ImVec2(opposite.x - bar, std::max(edge, y)), is_top ? solid : clear,
                                  is_top ? solid : clear, is_top ? clear : solid, is_top ? clear : solid);
    const float arrow = padding().y * 0.55F, x = (corner_.x + opposite.x) * 0.5F;
    const float wide = arrow * 1.6F * down, base = edge - down * arrow * 0.3F;  // clockwise
    list->AddTriangleFilled(ImVec2(x - wide, base), ImVec2(x + wide, base), ImVec2(x, edge + down * arrow),
                            palette().text);
  };
  if (inner_->Scroll.y > 0.5F) add_sign(corner_.y + padding().y, -1.0F);
  if (inner_->Scroll.y < inner_->ScrollMax.y - 0.5F) add_sign(opposite.y - padding().y, 1.0F);
  draw_frame(*list);
}

void PromptEditor::draw_frame(ImDrawList& list) const {
  const float thickness = std::max(1.0F, ImGui::GetFontSize() * 0.06F);
  list.AddRect(corner_, ImVec2(corner_.x + size_.x, corner_.y + size_.y),
               active_ ? with_alpha(palette().query, 0.7F) : palette().grid, ImGui::GetStyle().FrameRounding,
               thickness);
}

void PromptEditor::draw_token(const Frame& frame, std::int64_t position, std::optional<ImU32> ground,
                              bool runs) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float line = layout_.line_height();
  const bool hovered = hovered_token(which_, frame) == position;
  const bool locked = locked_token(which_, frame) == position;
  for (const WrappedText::Piece& piece : pieces_) {
    const ImVec2 from = place(piece, false);
    const ImVec2 to = place(piece, true);
    add_token_ground(*list, from, to, ground, line * 0.12F);
    if (!runs) {  // a veil above the glyphs: not run
      inner_->DrawList->AddRectFilled(from, to, with_alpha(palette().background, 0.55F));
    }
    if (hovered || locked) {
      inner_->DrawList->AddRect(from, to, hovered ? palette().hover : palette().lock, line * 0.12F,
                                std::max(1.5F, line * 0.07F));
    }
  }
}

// Line breaks, and bytes that are no character: ImGui would draw those as U+FFFD.
void PromptEditor::find_marks() {
  if (text_ == marks_of_) return;
  marks_of_ = text_;
  marks_.clear();
  const std::string_view all(text_);
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t valid = invalid_utf8_offset(all.substr(at)).value_or(all.size() - at);
    for (std::size_t byte = at; byte < at + valid; ++byte) {
      if (all[byte] == '\n') marks_.push_back(byte);
    }
    at += valid;
    if (at < all.size()) marks_.push_back(at++);
  }
}

void PromptEditor::draw_marks(std::size_t begin, std::size_t end) {
  find_marks();
  const float line = layout_.line_height();
  ImDrawList* list = inner_->DrawList;
  for (auto mark = std::lower_bound(marks_.begin(), marks_.end(), begin); mark != marks_.end() && *mark < end;
       ++mark) {
    layout_.pieces(*mark, *mark + 1, pieces_);
    if (pieces_.empty()) continue;
    const ImVec2 from = place(pieces_.front(), false);
    const ImVec2 to = place(pieces_.front(), true);
    const auto byte = static_cast<unsigned char>(text_[*mark]);
    const bool line_break = byte == '\n';
    const std::string words = line_break ? "⏎" : fmt::format("{:02X}", byte);
    const ScopedFont small(line_break ? fonts().body : fonts().mono, 1.0F);
    ImVec2 size = ImGui::CalcTextSize(words.c_str());
    const float shrink = std::min(0.6F, (to.x - from.x) / std::max(1.0F, size.x));
    size = ImVec2(size.x * shrink, size.y * shrink);
    if (!line_break) list->AddRectFilled(from, to, palette().raised, line * 0.1F);
    list->AddText(ImGui::GetFont(), ImGui::GetFontSize() * shrink,
                  ImVec2((from.x + to.x - size.x) * 0.5F, (from.y + to.y - size.y) * 0.5F), palette().muted,
                  words.c_str());
  }
}

// An invitation behind the caret of an empty editor; a ribbon at the right end until the first key.
void PromptEditor::draw_invitation(const Frame& frame) {
  if (touched_ && invitation_ > 0.0F) {
    const float step = std::min(ImGui::GetIO().DeltaTime, 0.05F) / 0.4F;
    invitation_ = frame.settings.reduced_motion ? 0.0F : std::max(0.0F, invitation_ - step);
  }
  ImDrawList* list = ImGui::GetWindowDrawList();
  if (text_.empty()) {
    list->AddText(
        ImVec2(origin_.x + ImGui::GetFontSize() * 0.2F, origin_.y), palette().muted,
        headlight::text(which_ == PromptText::own ? "prompt.invitation" : "prompt.source_invitation")
            .c_str());
    return;
  }
  if (invitation_ <= 0.0F || which_ == PromptText::source) return;
  const ScopedFont small(fonts().body, 0.72F);
  const std::string& words = headlight::text("prompt.ribbon");
  const float font = ImGui::GetFontSize();
  const ImVec2 extent = ImGui::CalcTextSize(words.c_str());
  const float right = corner_.x + size_.x - font * 0.7F;
  const float left = right - extent.x - font * 1.4F;
  if (is_cut() || origin_.x + layout_.end_x() + font > left) return;  // never over words
  const float top = corner_.y + size_.y - font * 0.45F - extent.y - font * 0.3F;
  constexpr float tint = 0.16F;
  list->AddRectFilled(ImVec2(left, top), ImVec2(right, top + extent.y + font * 0.3F),
                      with_alpha(palette().query, tint * invitation_), font);
  const ImU32 ground = mix(palette().raised, palette().query, tint);
  list->AddText(ImVec2(left + font * 0.7F, top + font * 0.15F),
                with_alpha(readable_small(palette().query, ground), invitation_), words.c_str());
}

}  // namespace headlight

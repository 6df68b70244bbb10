// Which value is shown, its name, place, size and formula; the operands have their own file.
#include "gui/views/inspector_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/analysis/attention_row.h"
#include "core/forward/derived_values.h"
#include "core/model/has_weights.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/hook_words.h"
#include "gui/views/inspector_words.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/edge_fade.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/muted_text.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/small_mark.h"
#include "imgui_internal.h"

namespace headlight {
namespace {

constexpr std::size_t first_listed = 12;
constexpr std::size_t more_listed = 60;
constexpr float low_panel = 15.0F;  // em; below, formula and operands come before the sentence
// A pass in float32 stays within about 1e-5 of the magnitude; a number that was edited is usually far off.
constexpr double rounding = 1e-3;

float em() { return ImGui::GetFontSize(); }

constexpr float name_size = 0.88F, smallest_name = 0.8F;  // of a hook's name

void draw_name(const Trace& trace, const ValueReference& at, float size = name_size) {
  const ScopedFont mono(fonts().mono, size);
  const std::string name = value_name(trace, at);
  const std::string fitted = fitted_text(name, ImGui::GetContentRegionAvail().x);
  ImGui::PushStyleColor(ImGuiCol_Text, readable(hook_color(at.hook)));
  ImGui::TextUnformatted(fitted.c_str());
  ImGui::PopStyleColor();
  if (fitted != name) ImGui::SetItemTooltip("%s", name.c_str());
}

// At the right end of the number's line: the shape of what it is a part of.
void draw_shape(const Trace& trace, const ValueReference& at, ImVec2 corner, float height, float taken) {
  const ScopedFont mono(fonts().mono, 0.8F);
  const std::string shape = shape_text(value_shape(trace, at));
  const ImVec2 size = ImGui::CalcTextSize(shape.c_str());
  const float room = ImGui::GetContentRegionAvail().x;
  if (taken + size.x + em() > room) return;
  ImGui::GetWindowDrawList()->AddText(ImVec2(corner.x + room - size.x, corner.y + (height - size.y) * 0.5F),
                                      palette().muted, shape.c_str());
}

// "head 1 · query 4 ·is · key 3 ·France", the tokens as chips, wrapped between the parts.
void draw_place(const Trace& trace, const ValueReference& at) {
  const ScopedFont body(fonts().body, 0.92F);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, em() * 0.2F));
  bool first = true;
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (const IndexWords& part : index_words(trace, at)) {
    const float edge = ImGui::GetContentRegionAvail().x;
    const std::string token = fitted_text(part.token, edge * 0.6F);
    const float words_width = ImGui::CalcTextSize(part.words.c_str()).x;
    const float chip = token.empty() ? 0 : piece_width(token) + em() * 0.9F;
    if (!first) next_in_line(words_width + chip, em() * 0.9F);
    first = false;
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const float height = em() * 1.3F;
    const float y = corner.y + (height - em()) * 0.5F;
    list->AddText(ImVec2(corner.x, y), palette().text, part.words.c_str());
    if (!token.empty()) {
      const float x = corner.x + words_width + em() * 0.35F;
      list->AddRectFilled(ImVec2(x, corner.y), ImVec2(x + chip - em() * 0.35F, corner.y + height),
                          with_alpha(part.color, 0.18F), em() * 0.3F);
      const ImU32 ink = readable_small(part.color, mix(palette().panel, part.color, 0.18F));
      add_piece(*list, ImVec2(x + em() * 0.27F, y), ink, token);
    }
    ImGui::Dummy(ImVec2(words_width + chip, height));
    if (token != part.token) ImGui::SetItemTooltip("%s", part.token.c_str());
  }
  if (first) ImGui::Dummy(ImVec2(0, 0));
  ImGui::PopStyleVar();
}

void draw_formula(const Trace& trace, const Operands& operands, bool brief) {
  const FormulaWords words = formula_words(trace, operands);
  if (words.letters.empty()) return;
  const ScopedFont mono(operands.formula == Formula::masked ? fonts().body : fonts().mono, 0.9F);
  const float inset = em() * (brief ? 0.35F : 0.6F);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x;
  const float wrap = width - inset * 2;
  const std::string live = words.numbers.empty() ? "" : "= " + words.numbers;
  const float gap = live.empty() ? 0 : em() * (brief ? 0.15F : 0.35F);
  const ImVec2 first = ImGui::CalcTextSize(words.letters.c_str(), nullptr, false, wrap);
  const ImVec2 second = live.empty() ? ImVec2(0, 0) : ImGui::CalcTextSize(live.c_str(), nullptr, false, wrap);
  const float height = first.y + gap + second.y + inset * 1.4F;
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(corner, ImVec2(corner.x + width, corner.y + height),
                      with_alpha(hook_color(operands.target.hook), 0.09F), em() * 0.35F);
  const float size = ImGui::GetFontSize();
  const ImVec2 at(corner.x + inset, corner.y + inset * 0.7F);
  list->AddText(ImGui::GetFont(), size, at, palette().text, words.letters.c_str(), nullptr, wrap);
  if (!live.empty()) {
    list->AddText(ImGui::GetFont(), size, ImVec2(at.x, at.y + first.y + gap), palette().muted, live.c_str(),
                  nullptr, wrap);
  }
  ImGui::Dummy(ImVec2(width, height));
}

// How wide draw_lock_mark() draws.
float lock_mark_width() {
  const ScopedFont small(fonts().body, 0.8F);
  return ImGui::CalcTextSize(text("inspector.kept").c_str()).x + em() * 1.6F;
}

// "kept", framed, beside a locked number. Returns its width.
float draw_lock_mark(ImVec2 corner, float height) {
  const float width = lock_mark_width();
  const ScopedFont small(fonts().body, 0.8F);
  const std::string& words = text("inspector.kept");
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  const ImVec2 place(corner.x + em() * 0.4F, corner.y + (height - size.y) * 0.5F);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddRectFilled(ImVec2(place.x - em() * 0.4F, place.y - em() * 0.15F),
                      ImVec2(place.x + size.x + em() * 0.4F, place.y + size.y + em() * 0.15F),
                      with_alpha(palette().lock, 0.2F), em() * 0.4F);
  list->AddText(place, palette().text, words.c_str());
  return width;
}

bool differs(const Operands& o) {
  if (o.formula == Formula::unknown || o.value == o.recomputed) return false;
  const double limit = rounding * std::max(o.magnitude, std::abs(o.value));
  return !(std::abs(o.value - o.recomputed) <= limit);
}

// Is the formula the whole truth about this number?
void draw_notes(const Trace& trace, const Operands& o) {
  const bool off = differs(o);
  if (o.formula == Formula::unknown) {
    small_muted_text(text(has_weights(trace.model()) ? "inspector.unknown" : "session.needs_model"), 0.85F);
  }
  if (trace.modified) {
    const ScopedFont small(fonts().body, 0.85F);
    ImGui::PushStyleColor(ImGuiCol_Text, palette().warning);
    const std::string words =
        off ? format_text("inspector.modified_here", fmt::arg("value", significant_text(o.recomputed, 5)))
            : text("inspector.modified");
    ImGui::TextWrapped("%s", words.c_str());
    ImGui::PopStyleColor();
  } else if (off) {
    small_muted_text(format_text("inspector.differs", fmt::arg("value", significant_text(o.recomputed, 5))),
                     0.85F);
  }
}

}  // namespace

// The key to which the current head looks from the current token, and its weight.
ValueReference InspectorView::current_weight(const Frame& frame) {
  const Trace& trace = *frame.trace();
  const ArchitectureDescription& a = trace.model().architecture;
  const std::int64_t layer =
      std::clamp<std::int64_t>(frame.layer(), 0, std::max<std::int64_t>(0, a.layers - 1));
  const std::int64_t head = std::clamp<std::int64_t>(frame.head(), 0, std::max<std::int64_t>(0, a.heads - 1));
  const std::int64_t query = std::max<std::int64_t>(0, frame.locked_query());
  const ValueReference row{Hook::pattern, layer, {head, query, 0}};
  const auto key = frame.document.key;
  const KeyRange seen = visible_keys(attention_rule(a, layer), query, trace.positions());
  if (key && *key >= seen.first && *key < seen.last) return {Hook::pattern, layer, {head, query, *key}};
  const bool known = strongest_of_.lock() == frame.result.trace && strongest_.layer == layer &&
                     strongest_.index[0] == head && strongest_.index[1] == query;
  if (known) return strongest_;
  if (!trace.has(query_hook(a), layer) || !trace.has(key_hook(a), layer)) return row;
  const std::vector<double> weights = attention_row(trace, layer, head, query).weight;
  strongest_ = row;
  strongest_.index[2] = std::max_element(weights.begin(), weights.end()) - weights.begin();
  strongest_of_ = frame.result.trace;
  return strongest_;
}

// While the mouse or the keyboard is in this panel, what it points at here must not replace what is shown
// here: that stays until another token, layer or head is looked at.
ValueReference InspectorView::shown_value(const Frame& frame) {
  const bool inside = hand_inside_ || choice_.line.has_value();
  const std::array<std::int64_t, 3> from = {frame.locked_query(), frame.layer(), frame.head()};
  if (!inside || from != pointed_from_) {
    pointed_ = frame.hover.value;
    pointed_from_ = from;
  }
  if (frame.document.value && (inside || !pointed_)) return *frame.document.value;
  return pointed_ ? *pointed_ : current_weight(frame);
}

void InspectorView::refresh(const std::shared_ptr<const Trace>& trace, const ValueReference& at) {
  live_ = trace.get();
  if (at_ != at) {
    listed_ = first_listed;
    choice_.line.reset();
  }
  if (trace_.lock() == trace && at_ == at && most_ == listed_) return;
  operands_ = operands_of(*trace, at, listed_);
  trace_ = trace;
  at_ = at;
  most_ = listed_;
}

// The trail ends at what is open now; undo and clicks elsewhere shorten it or begin a new one.
void InspectorView::follow_trail(const Frame& frame) {
  if (!frame.document.value) {
    trail_.clear();
    return;
  }
  const auto found = std::find(trail_.begin(), trail_.end(), *frame.document.value);
  if (found != trail_.end()) {
    trail_.erase(found + 1, trail_.end());
  } else {
    trail_.assign(1, *frame.document.value);
  }
}

// The trail is told before the document changes: a value that is not in it begins a new one.
void InspectorView::open(Commands& commands, const ValueReference& from, const ValueReference& to) {
  if (trail_.empty() || trail_.back() != from) trail_.assign(1, from);
  if (to != from) trail_.push_back(to);
  commands.edit(SelectValue{to});
}

// Up and down choose an operand, right (or Enter) opens it, left goes back to what was open before.
void InspectorView::walk_with_keys(Commands& commands, const ValueReference& at) {
  choice_.moved = false;
  const ImVec2 moved = ImGui::GetIO().MouseDelta;
  if (moved.x != 0 || moved.y != 0) choice_.line.reset();
  if (!ImGui::IsWindowFocused(ImGuiFocusedFlags_ChildWindows) || ImGui::GetIO().WantTextInput) {
    choice_.line.reset();
    return;
  }
  // The arrows walk here instead of from button to button.
  const ImGuiID owner = ImGui::GetID("##walk");
  const auto pressed = [owner](ImGuiKey key) {
    ImGui::SetKeyOwner(key, owner, ImGuiInputFlags_LockUntilRelease);
    return ImGui::IsKeyPressed(key, ImGuiInputFlags_Repeat, owner);
  };
  const std::size_t lines = operand_lines(*operands_);
  const bool up = pressed(ImGuiKey_UpArrow), down = pressed(ImGuiKey_DownArrow);
  const bool right = pressed(ImGuiKey_RightArrow), left = pressed(ImGuiKey_LeftArrow);
  if ((up || down) && lines > 0) {
    const std::size_t line = choice_.line.value_or(down ? lines - 1 : 0);
    choice_ = {(down ? line + 1 : line + lines - 1) % lines, true};
  }
  const bool opens = right || (choice_.line && ImGui::IsKeyPressed(ImGuiKey_Enter, false));
  if (opens && lines > 0) {
    if (const auto to = opened_by(*operands_, choice_.line.value_or(0))) open(commands, at, *to);
  }
  if (left && trail_.size() > 1) commands.edit(SelectValue{trail_[trail_.size() - 2]});
}

// "α › s › q′ › q": a click goes back.
void InspectorView::draw_trail(Commands& commands) const {
  if (trail_.size() < 2) return;
  const ScopedFont mono(fonts().mono, 0.88F);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, em() * 0.2F));
  ImDrawList* list = ImGui::GetWindowDrawList();
  for (std::size_t i = 0; i < trail_.size(); ++i) {
    const bool last = i + 1 == trail_.size();
    const std::string letter = hook_letter(trail_[i].hook);
    const ImVec2 size = ImGui::CalcTextSize(letter.c_str());
    if (i > 0) next_in_line(size.x + em() * 1.4F, 0);
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    ImGui::PushID(static_cast<int>(i));
    const ImVec2 room(size.x + (last ? 0 : em() * 1.4F), em() * 1.35F);
    const bool clicked = ImGui::InvisibleButton("##back", room, ImGuiButtonFlags_EnableNav);
    const bool hovered = ImGui::IsItemHovered() && !last;
    ImGui::PopID();
    if (hovered) {
      point_at(commands, trail_[i]);
      ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
      ImGui::SetTooltip("%s\n%s", text("inspector.back").c_str(), value_name(*live_, trail_[i]).c_str());
    }
    const ImU32 color = last      ? readable(hook_color(trail_[i].hook))
                        : hovered ? palette().text
                                  : palette().muted;
    list->AddText(corner, color, letter.c_str());
    if (!last) list->AddText(ImVec2(corner.x + size.x + em() * 0.4F, corner.y), palette().muted, "›");
    if (clicked && !last) commands.edit(SelectValue{trail_[i]});
  }
  ImGui::PopStyleVar();
}

// The number itself, `type` times as large as the panel's words: a click keeps it here, another lets it go.
ImVec2 InspectorView::draw_number(const Frame& frame, Commands& commands, float type) const {
  const bool locked = frame.document.value == operands_->target;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const std::string number = significant_text(operands_->value, 5);
  ImVec2 size;
  {
    const ScopedFont mono(fonts().mono, type);
    size = ImGui::CalcTextSize(number.c_str());
    const bool clicked = ImGui::InvisibleButton("##value", size, ImGuiButtonFlags_EnableNav);
    const ImU32 color = std::isnan(operands_->value) ? palette().error : palette().text;
    ImGui::GetWindowDrawList()->AddText(corner, color, number.c_str());
    if (clicked) commands.edit(SelectValue{locked ? std::nullopt : std::optional(operands_->target)});
  }
  if (ImGui::IsItemHovered()) {
    point_at(commands, operands_->target);
    ImGui::SetTooltip("%s\n%s", significant_text(operands_->value, 9).c_str(),
                      text(locked ? "inspector.release" : "inspector.keep").c_str());
  }
  return size;
}

void InspectorView::draw_value(const Frame& frame, Commands& commands) const {
  draw_name(*live_, operands_->target);
  draw_place(*live_, operands_->target);
  const bool locked = frame.document.value == operands_->target;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImVec2 size = draw_number(frame, commands, 1.75F);
  const float chip = locked ? draw_lock_mark(ImVec2(corner.x + size.x + em() * 0.5F, corner.y), size.y) : 0;
  draw_shape(*live_, operands_->target, corner, size.y, size.x + chip);
}

// In a low panel: the number and its name in one line, so that the operands have room below; both smaller
// where that makes them fit, else the name in a line of its own.
void InspectorView::draw_brief_value(const Frame& frame, Commands& commands) const {
  const bool locked = frame.document.value == operands_->target;
  const std::string number = significant_text(operands_->value, 5),
                    name = value_name(*live_, operands_->target);
  const float room = ImGui::GetContentRegionAvail().x - (locked ? lock_mark_width() : 0.0F);
  const auto fits = [&](float of_number, float of_name, float between) {
    return label_width(fonts().mono, of_number, number) + em() * between +
               label_width(fonts().mono, of_name, name) <=
           room;
  };
  const bool whole = fits(1.4F, name_size, 0.6F), tight = !whole && fits(1.15F, smallest_name, 0.4F);
  if (!whole && !tight) draw_name(*live_, operands_->target);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const ImVec2 size = draw_number(frame, commands, tight ? 1.15F : 1.4F);
  const float mark = locked ? draw_lock_mark(ImVec2(corner.x + size.x + em() * 0.4F, corner.y), size.y) : 0;
  if (whole || tight) {
    ImGui::SameLine(0, em() * (tight ? 0.4F : 0.6F) + mark);
    ImGui::SetCursorPosY(ImGui::GetCursorPosY() + (size.y - em()) * 0.6F);
    draw_name(*live_, operands_->target, tight ? smallest_name : name_size);
  }
  ImGui::SetCursorScreenPos(ImVec2(corner.x, corner.y + size.y + em() * 0.2F));
  draw_place(*live_, operands_->target);
}

void InspectorView::draw_operands_of(const Frame& frame, Commands& commands, const ValueReference& at,
                                     bool brief) {
  const auto explain = [&] {
    small_muted_text(hook_sentence(trace_of_value(*live_, at)->model().architecture, at.hook));
    if (!operands_->captured) small_muted_text(text("inspector.derived"), 0.85F);
  };
  brief ? draw_brief_value(frame, commands) : draw_value(frame, commands);
  if (!brief) explain();
  draw_notes(*live_, *operands_);
  draw_formula(*live_, *operands_, brief);
  walk_with_keys(commands, at);
  const OperandsAnswer answer = draw_operands(frame, commands, *operands_, choice_);
  if (answer.opened) open(commands, at, *answer.opened);
  if (!operands_->operands.empty()) {
    ImGui::Dummy(ImVec2(0, em() * 0.1F));
    small_muted_text(text("inspector.keys"), smallest_words);
  }
  if (answer.more) listed_ += more_listed;
  if (brief) explain();
}

void InspectorView::draw(const Frame& frame, Commands& commands) {
  // Also while a mouse button holds one of the numbers: what it holds must not change.
  hand_inside_ = ImGui::IsWindowHovered(ImGuiHoveredFlags_ChildWindows |
                                        ImGuiHoveredFlags_AllowWhenBlockedByActiveItem) ||
                 (keyboard_is_on_an_item() && ImGui::IsWindowFocused(ImGuiFocusedFlags_ChildWindows));
  follow_trail(frame);
  if (frame.trace() == nullptr || frame.positions() == 0) {
    small_muted_text(text("inspector.empty"), 1.0F);
    return;
  }
  const ValueReference at = shown_value(frame);
  refresh(frame.result.trace, at);
  ImGui::PushID("inspector");
  const bool brief = ImGui::GetWindowHeight() < em() * low_panel;
  if (brief) {
    ImGui::PushStyleVarY(ImGuiStyleVar_ItemSpacing, em() * 0.25F);
    ImGui::SetCursorPosY(std::max(ImGui::GetCursorStartPos().y, ImGui::GetCursorPosY() - em() * 0.35F));
  }
  if (frame.document.value == at) draw_trail(commands);
  if (!operands_) {
    draw_name(*live_, at);
    draw_place(*live_, at);
    small_muted_text(text(frame.busy ? "inspector.not_done" : "inspector.not_there"), 0.9F);
  } else {
    draw_operands_of(frame, commands, at, brief);
  }
  if (brief) ImGui::PopStyleVar();
  ImGui::PopID();
  fade_edges();
}

}  // namespace headlight

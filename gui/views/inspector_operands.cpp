// Three kinds of lines: products that are added up, keys of a row, and the few numbers of a short formula.
#include "gui/views/inspector_operands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/hook_words.h"
#include "gui/views/inspector_words.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }
constexpr float small_size = 0.86F;  // of the numbers, relative to the panel's type

// Left edges, in pixels from the left of the line. Numbers are right-aligned in cells of `number`.
struct Columns {
  float label_width;
  float number;
  float value;
  float factor;
  float bar;
  float width;
  float line;  // height
  int digits;
};

bool is_row_of_keys(const Operands& o) {
  return o.formula == Formula::softmax || o.formula == Formula::mixed;
}

// Terms with a factor: "value × factor = contribution".
bool has_products(const Operands& o) {
  return o.formula == Formula::linear || o.formula == Formula::dot_product || o.formula == Formula::mixed ||
         o.formula == Formula::turned || o.formula == Formula::pooled;
}

struct Label {
  std::string words;
  std::optional<std::int64_t> position;  // of a token that the text has more than once
};

Label label_of(const Frame& frame, const Operands& o, const Operand& operand) {
  if (!is_row_of_keys(o)) return {operand.label, std::nullopt};
  const ValueReference& weight = *operand.reference;
  const Trace* in = trace_of_value(*frame.trace(), weight);
  if (in != nullptr && hook_info(weight.hook).axes[2] == Axis::source) in = in->source().get();
  const std::int64_t key = weight.index[2];
  if (in == nullptr || key < 0 || key >= in->positions()) return {operand.label, std::nullopt};
  return {token_words(*frame.trace(), in->tokens()[static_cast<std::size_t>(key)]),
          told_apart(in->tokens(), key)};
}

Columns columns_for(const Frame& frame, const Operands& o, float width) {
  Columns c{};
  c.width = width;
  c.line = em() * 1.5F;
  c.digits = has_products(o) && width < em() * 19 ? 3 : 4;
  {
    const ScopedFont mono(fonts().mono, small_size);
    c.number = ImGui::CalcTextSize(c.digits == 3 ? "−0.0000" : "−0.00000").x;
  }
  const float gap = em() * 0.5F;
  const ScopedFont mono(is_row_of_keys(o) ? fonts().body : fonts().mono, small_size);
  for (const Operand& operand : o.operands) {
    const Label label = label_of(frame, o, operand);
    c.label_width = std::max(c.label_width, token_label_width(label.words, label.position));
  }
  for (const auto* beside : {&o.bias, &o.norm_scale, &o.gain}) {
    if (*beside) c.label_width = std::max(c.label_width, ImGui::CalcTextSize((*beside)->label.c_str()).x);
  }
  c.label_width = std::min(c.label_width, has_products(o) ? width * 0.26F : width * 0.4F);
  c.value = c.label_width + gap;
  c.factor = c.value + c.number + em() * 1.1F;
  c.bar = (has_products(o) ? c.factor : c.value) + c.number + gap * 1.4F;
  return c;
}

void words_at(ImVec2 corner, ImVec2 room, ImU32 color, const std::string& words, float align) {
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  ImGui::GetWindowDrawList()->AddText(
      ImVec2(corner.x + std::max(0.0F, (room.x - size.x) * align), corner.y + (room.y - size.y) * 0.5F),
      color, words.c_str());
}

std::string sentence_of(const Trace& trace, const ValueReference& at) {
  const Trace* in = trace_of_value(trace, at);
  return in ? hook_sentence(in->model().architecture, at.hook) : std::string();
}

void value_tooltip(const Frame& frame, const ValueReference& at, double value) {
  if (!ImGui::BeginTooltip()) return;
  {
    const ScopedFont mono(fonts().mono, 0.9F);
    ImGui::TextUnformatted(value_name(*frame.trace(), at).c_str());
    ImGui::TextUnformatted(significant_text(value, 6).c_str());
  }
  std::string place;
  for (const IndexWords& part : index_words(*frame.trace(), at)) {
    place += fmt::format("{}{}{}{}", place.empty() ? "" : " · ", part.words, part.token.empty() ? "" : " ",
                         part.token);
  }
  ImGui::PushTextWrapPos(em() * 26);
  ImGui::TextDisabled("%s", place.c_str());
  ImGui::TextUnformatted(sentence_of(*frame.trace(), at).c_str());
  ImGui::TextDisabled("%s", text("inspector.click_to_open").c_str());
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

struct Number {
  double value;
  std::optional<ValueReference> place;  // with one, the number can be clicked
  std::string label;                    // of a weight of the model, which has none
};

// Scores and weights stand in columns: as many decimals in every line.
std::string cell_text(const Number& number, int digits) {
  const std::optional<Hook> hook = number.place ? std::optional(number.place->hook) : std::nullopt;
  if (hook == Hook::pattern || hook == Hook::cross_pattern) return share_text(number.value, digits);
  if (hook == Hook::attn_scores || hook == Hook::cross_attn_scores)
    return hand_number(number.value, digits - 1);
  return significant_text(number.value, digits);
}

// True when it was clicked.
bool number_cell(const Frame& frame, Commands& commands, const char* id, ImVec2 corner, const Columns& c,
                 const Number& number) {
  ImGui::SetCursorScreenPos(corner);
  const ImVec2 room(std::max(1.0F, c.number), c.line);
  bool clicked = false;
  bool lit = false;
  if (number.place) {
    clicked = ImGui::InvisibleButton(id, room, ImGuiButtonFlags_EnableNav);
    lit = ImGui::IsItemHovered();
  } else {
    ImGui::Dummy(room);
    if (!number.label.empty()) {
      ImGui::SetItemTooltip("%s = %s", number.label.c_str(), significant_text(number.value, 6).c_str());
    }
  }
  if (lit) {
    point_at(commands, *number.place);
    ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
    value_tooltip(frame, *number.place, number.value);
  }
  ImU32 color =
      number.place ? readable(mix(hook_color(number.place->hook), palette().text, 0.25F)) : palette().muted;
  if (std::isnan(number.value)) color = palette().error;
  const ScopedFont mono(fonts().mono, small_size);
  const std::string words = cell_text(number, c.digits);
  words_at(corner, room, color, words, 1.0F);
  if (lit) {
    const float left = corner.x + std::max(0.0F, room.x - ImGui::CalcTextSize(words.c_str()).x);
    const float y = corner.y + (room.y + em()) * 0.5F;
    ImGui::GetWindowDrawList()->AddLine(ImVec2(left, y), ImVec2(corner.x + room.x, y), color,
                                        std::max(1.0F, em() * 0.07F));
  }
  return clicked;
}

// What a term adds, on a bar from the left: blue and orange for the sign, violet for a weight.
void contribution_cell(ImVec2 corner, const Columns& c, double value, double limit, bool weight) {
  const float width = c.width - c.bar;
  if (width < em() * 2) return;
  const double share = limit > 0 && std::isfinite(value) ? std::min(1.0, std::abs(value) / limit) : 0.0;
  const ImU32 color = weight ? palette().attention : color_of(ColorMap::diverging, value < 0 ? -0.7F : 0.7F);
  const float inset = c.line * 0.14F;
  // Beside the number where both have room, else behind it.
  const float room = width - c.number > em() * 3 ? width - c.number : width;
  ImGui::GetWindowDrawList()->AddRectFilled(
      ImVec2(corner.x, corner.y + inset),
      ImVec2(corner.x + room * static_cast<float>(share), corner.y + c.line - inset),
      with_alpha(color, 0.35F), em() * 0.2F);
  const ScopedFont mono(fonts().mono, small_size);
  words_at(corner, ImVec2(width - em() * 0.2F, c.line), std::isnan(value) ? palette().error : palette().text,
           weight ? share_text(value, c.digits) : significant_text(value, c.digits), 1.0F);
}

double largest_contribution(const Operands& o) {
  double largest = 0;
  for (const Operand& operand : o.operands) {
    if (std::isfinite(operand.contribution)) largest = std::max(largest, std::abs(operand.contribution));
  }
  return largest;
}

void draw_label(const Frame& frame, const Operands& o, const Operand& operand, ImVec2 corner,
                const Columns& c) {
  const bool keys = is_row_of_keys(o);
  const ScopedFont font(keys ? fonts().body : fonts().mono, small_size);
  const Label label = label_of(frame, o, operand);
  add_token_label(*ImGui::GetWindowDrawList(), ImVec2(corner.x, corner.y + (c.line - em()) * 0.5F),
                  keys ? palette().key : palette().muted, label.words, label.position, c.label_width);
}

// The weight of a key: a bar that can be clicked.
bool weight_cell(const Frame& frame, Commands& commands, const Operand& operand, ImVec2 corner,
                 const Columns& c) {
  contribution_cell(corner, c, operand.contribution, 1.0, true);
  ImGui::SetCursorScreenPos(corner);
  const bool clicked = ImGui::InvisibleButton("##weight", ImVec2(std::max(1.0F, c.width - c.bar), c.line),
                                              ImGuiButtonFlags_EnableNav);
  if (ImGui::IsItemHovered()) {
    point_at(commands, *operand.factor_reference);
    ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
    value_tooltip(frame, *operand.factor_reference, operand.contribution);
  }
  return clicked;
}

std::optional<ValueReference> draw_line(const Frame& frame, Commands& commands, const Operands& o,
                                        const Operand& operand, const Columns& c, double limit) {
  std::optional<ValueReference> opened;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const bool softmax = o.formula == Formula::softmax;
  if (softmax && operand.reference->index[2] == o.target.index[2]) {
    ImGui::GetWindowDrawList()->AddRectFilled(ImVec2(corner.x - em() * 0.3F, corner.y),
                                              ImVec2(corner.x + c.width, corner.y + c.line),
                                              with_alpha(palette().attention, 0.12F), em() * 0.25F);
  }
  draw_label(frame, o, operand, corner, c);
  const ImVec2 value(corner.x + c.value, corner.y);
  if (number_cell(frame, commands, "##value", value, c, {operand.value, operand.reference, operand.label}))
    opened = operand.reference;
  if (has_products(o)) {
    {
      const ScopedFont mono(fonts().mono, small_size);
      words_at(ImVec2(value.x + c.number, corner.y), ImVec2(c.factor - c.value - c.number, c.line),
               palette().muted, "×", 0.6F);
    }
    if (number_cell(frame, commands, "##factor", ImVec2(corner.x + c.factor, corner.y), c,
                    {operand.factor, operand.factor_reference, operand.factor_label})) {
      opened = operand.factor_reference;
    }
  }
  const ImVec2 bar(corner.x + c.bar, corner.y);
  if (softmax) {
    if (weight_cell(frame, commands, operand, bar, c)) opened = operand.factor_reference;
  } else if (has_products(o) || o.formula == Formula::root_mean_square) {
    contribution_cell(bar, c, operand.contribution, limit, false);
  }
  ImGui::SetCursorScreenPos(corner);
  ImGui::Dummy(ImVec2(c.width, c.line));
  return opened;
}

// What is not listed: how many, how much, and more of it on a click.
bool draw_rest(const Operands& o, const Columns& c) {
  const auto listed = static_cast<std::int64_t>(o.operands.size());
  if (o.count <= listed) return false;
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const bool clicked = ImGui::InvisibleButton("##rest", ImVec2(c.width, c.line), ImGuiButtonFlags_EnableNav);
  const bool hovered = ImGui::IsItemHovered();
  if (hovered) {
    ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
    ImGui::SetTooltip("%s", text("inspector.rest_tip").c_str());
  }
  const ImVec2 room(c.width - em() * 0.2F, c.line);
  const ImU32 color = hovered ? palette().text : palette().muted;
  {
    const ScopedFont small(fonts().body, small_size);
    words_at(corner, room, color, format_text("inspector.rest", fmt::arg("count", o.count - listed)), 0.0F);
  }
  const ScopedFont mono(fonts().mono, small_size);
  const bool weights = o.formula == Formula::softmax;
  words_at(corner, room, color, weights ? share_text(o.rest, c.digits) : significant_text(o.rest, c.digits),
           1.0F);
  return clicked;
}

}  // namespace

namespace {

// A number that stands beside the terms: a bias, a norm's scale, a gain.
std::optional<ValueReference> draw_beside(const Frame& frame, Commands& commands, const Operand& operand,
                                          const Columns& c) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  ImGui::PushID(operand.label.c_str());
  {
    const ScopedFont font(fonts().mono, small_size);
    words_at(corner, ImVec2(c.label_width, c.line), palette().muted,
             fitted_text(operand.label, c.label_width), 0.0F);
  }
  const bool clicked = number_cell(frame, commands, "##beside", ImVec2(corner.x + c.value, corner.y), c,
                                   {operand.value, operand.reference, operand.label});
  ImGui::PopID();
  ImGui::SetCursorScreenPos(corner);
  ImGui::Dummy(ImVec2(c.width, c.line));
  return clicked ? operand.reference : std::nullopt;
}

}  // namespace

namespace {

const Operand* operand_at(const Operands& o, std::size_t line) {
  if (line < o.operands.size()) return &o.operands[line];
  line -= o.operands.size();
  for (const auto* beside : {&o.bias, &o.norm_scale, &o.gain}) {
    if (!*beside) continue;
    if (line == 0) return &**beside;
    --line;
  }
  return nullptr;
}

// Behind the line that the keyboard stands on; every view points at its number.
void mark_choice(Commands& commands, const Operands& o, const OperandChoice& choice, ImVec2 start,
                 const Columns& c) {
  if (!choice.line || *choice.line >= operand_lines(o)) return;
  // One line says how many smaller terms there are.
  const bool beside = *choice.line >= o.operands.size();
  const bool rest = o.count > static_cast<std::int64_t>(o.operands.size());
  const float y = start.y + c.line * static_cast<float>(*choice.line + (beside && rest ? 1 : 0));
  ImGui::GetWindowDrawList()->AddRectFilled(ImVec2(start.x - em() * 0.3F, y),
                                            ImVec2(start.x + c.width + em() * 0.2F, y + c.line),
                                            with_alpha(palette().lock, 0.2F), em() * 0.25F);
  if (choice.moved) ImGui::SetScrollFromPosY(y + c.line * 0.5F - ImGui::GetWindowPos().y, 0.5F);
  if (const auto place = opened_by(o, *choice.line)) point_at(commands, *place);
}

}  // namespace

std::size_t operand_lines(const Operands& o) {
  return o.operands.size() + (o.bias ? 1U : 0U) + (o.norm_scale ? 1U : 0U) + (o.gain ? 1U : 0U);
}

std::optional<ValueReference> opened_by(const Operands& o, std::size_t line) {
  const Operand* operand = operand_at(o, line);
  if (operand == nullptr) return std::nullopt;
  return operand->reference ? operand->reference : operand->factor_reference;
}

OperandsAnswer draw_operands(const Frame& frame, Commands& commands, const Operands& o,
                             const OperandChoice& choice) {
  OperandsAnswer answer;
  if (o.operands.empty()) return answer;
  const Columns columns = columns_for(frame, o, ImGui::GetContentRegionAvail().x);
  const double limit = largest_contribution(o);
  mark_choice(commands, o, choice, ImGui::GetCursorScreenPos(), columns);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2(0, 0));
  ImGuiListClipper clipper;  // somebody may list all 1,536 terms
  clipper.Begin(static_cast<int>(o.operands.size()), columns.line);
  while (clipper.Step()) {
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      ImGui::PushID(i);
      const auto opened =
          draw_line(frame, commands, o, o.operands[static_cast<std::size_t>(i)], columns, limit);
      if (opened) answer.opened = opened;
      ImGui::PopID();
    }
  }
  answer.more = draw_rest(o, columns);
  for (const auto* beside : {&o.bias, &o.norm_scale, &o.gain}) {
    if (!*beside) continue;
    if (const auto opened = draw_beside(frame, commands, **beside, columns)) answer.opened = opened;
  }
  ImGui::PopStyleVar();
  return answer;
}

}  // namespace headlight

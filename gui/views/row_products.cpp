// Fractions and superscripts drawn by hand, and signed strips.
#include "gui/views/row_products.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "gui/color_map.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/color_bar.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/ribbon.h"
#include "gui/widgets/rotated_text.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }
float strip_height() { return em() * 1.15F; }
float strip_step() { return em() * 1.75F; }
float formula_height() { return em() * 3.4F; }
float sign_bar() { return em() * 4.0F; }

constexpr float sign_type = 0.78F;   // as add_signed_legend() has it
constexpr float power_size = 0.86F;  // of the type: an exponent is read, too

// Writes a formula from left to right around one middle line.
class FormulaLine {
 public:
  explicit FormulaLine(ImVec2 start) : list_(ImGui::GetWindowDrawList()), x_(start.x), middle_(start.y) {}

  void words(const std::string& words, ImU32 color) {
    const ImVec2 size = ImGui::CalcTextSize(words.c_str());
    list_->AddText(ImVec2(x_, middle_ - size.y * 0.5F), color, words.c_str());
    x_ += size.x + em() * 0.3F;
  }

  void token(const std::string& words, std::optional<std::int64_t> position, ImU32 color) {
    const ImVec2 at(x_, middle_ - ImGui::GetFontSize() * 0.5F);
    x_ += add_token_label(*list_, at, color, words, position, em() * 7) + em() * 0.3F;
  }

  float end() const { return x_; }

  // e to the power of `power`, over `below`; or plain words above when `power` is empty.
  void fraction(const std::string& above, const std::string& power, const std::string& below, ImU32 color) {
    const float above_width = ImGui::CalcTextSize(above.c_str()).x;
    const float power_width = power.empty() ? 0 : small_width(power);
    const float below_width = ImGui::CalcTextSize(below.c_str()).x;
    const float width = std::max(above_width + power_width, below_width) + em() * 0.4F;
    const float top = middle_ - em() * 1.2F;
    const float left = x_ + (width - above_width - power_width) * 0.5F;
    list_->AddText(ImVec2(left, top), color, above.c_str());
    if (!power.empty()) {
      const ScopedFont small(fonts().mono, power_size);
      list_->AddText(ImVec2(left + above_width, top - em() * 0.3F), color, power.c_str());
    }
    list_->AddLine(ImVec2(x_, middle_), ImVec2(x_ + width, middle_), color, std::max(1.0F, em() * 0.07F));
    list_->AddText(ImVec2(x_ + (width - below_width) * 0.5F, middle_ + em() * 0.15F), color, below.c_str());
    x_ += width + em() * 0.3F;
  }

 private:
  static float small_width(const std::string& words) {
    const ScopedFont small(fonts().mono, power_size);
    return ImGui::CalcTextSize(words.c_str()).x;
  }

  ImDrawList* list_;
  float x_;
  float middle_;
};

struct Strip {
  const char* label;  // key of its name
  const std::vector<double>* values;
  ImU32 color;  // of the name
  Hook hook;
};

double limit_of(const std::vector<double>& values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::isfinite(value) ? std::abs(value) : 0.0);
  return largest;
}

void draw_strip_cells(const std::vector<double>& values, ImVec2 corner, float width, double limit) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float step = width / static_cast<float>(values.size());
  const float gap = step >= em() * 0.4F ? 1.0F : 0.0F;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float left = corner.x + step * static_cast<float>(i);
    const ImU32 color =
        std::isnan(values[i])
            ? palette().error
            : color_of(ColorMap::diverging, limit > 0 ? static_cast<float>(values[i] / limit) : 0.0F);
    list->AddRectFilled(ImVec2(left, corner.y), ImVec2(left + step - gap, corner.y + strip_height()), color);
  }
}

// How the dot product grows: bars from a middle line that is zero.
void draw_running(const std::vector<double>& values, ImVec2 corner, float width, double limit) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float step = width / static_cast<float>(values.size());
  const float middle = corner.y + strip_height() * 0.5F;
  list->AddLine(ImVec2(corner.x, middle), ImVec2(corner.x + width, middle), palette().grid, 1.0F);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float left = corner.x + step * static_cast<float>(i);
    const float share = limit > 0 && std::isfinite(values[i]) ? static_cast<float>(values[i] / limit) : 0.0F;
    const float tip = middle - share * strip_height() * 0.5F;
    list->AddRectFilled(ImVec2(left, std::min(tip, middle)),
                        ImVec2(left + std::max(1.0F, step - 1), std::max(tip, middle) + 1),
                        color_of(ColorMap::diverging, values[i] < 0 ? -0.66F : 0.66F));
  }
}

void strip_tooltip(const ShownAttention& shown, const AttentionRow& row, const QueryKeyProduct& products,
                   std::size_t dimension, Hook hook) {
  std::string words;
  if (hook == shown.hooks.z) {
    words = format_text("attention.z_tooltip", fmt::arg("dimension", dimension),
                        fmt::arg("value", hand_number(row.z[dimension], 4)));
  } else {
    words = format_text("attention.strip_tooltip", fmt::arg("dimension", dimension),
                        fmt::arg("q", hand_number(products.q[dimension], 4)),
                        fmt::arg("k", hand_number(products.k[dimension], 4)),
                        fmt::arg("product", hand_number(products.product[dimension], 4)),
                        fmt::arg("sum", hand_number(products.running[dimension], 4)));
  }
  ImGui::SetTooltip("%s\n%s", words.c_str(), shown.hook_line(hook).c_str());
}

ValueReference strip_value(const ShownAttention& shown, const AttentionRow& row, Hook hook, std::int64_t key,
                           std::int64_t dimension) {
  if (hook == shown.hooks.scores) return shown.cell(hook, row.query, key);
  if (hook == shown.hooks.k) return shown.place(hook, key, row.kv_head, dimension);
  return shown.place(hook, row.query, shown.head, dimension);
}

void draw_notes(const ShownAttention& shown, const AttentionRow& row, std::int64_t key, bool brief) {
  const ArchitectureDescription& a = shown.architecture();
  const ScopedFont small(fonts().body, 0.85F);
  std::string note;
  if (!brief && shown.hooks.q == Hook::rot_q) note = text("attention.rotary_note");
  if (!brief && a.kv_heads != a.heads) {
    const std::int64_t group = a.heads / a.kv_heads;
    const std::int64_t first = row.kv_head * group;
    const std::int64_t last = first + group - 1;
    if (!note.empty()) note += ' ';
    note += format_text("attention.group_note", fmt::arg("kv", row.kv_head), fmt::arg("first", first),
                        fmt::arg("last", last));
  }
  ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
  ImGui::TextWrapped("%s",
                     (format_text("attention.products_of", fmt::arg("query", shown.query_text(row.query)),
                                  fmt::arg("key", shown.key_text(key))) +
                      " " + note)
                         .c_str());
  ImGui::PopStyleColor();
}

void draw_one_strip(const ShownAttention& shown, Commands& commands, const AttentionRow& row,
                    const QueryKeyProduct& products, std::int64_t key, const Strip& strip, bool running) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float room = ImGui::GetContentRegionAvail().x;
  const float label_width = std::min(em() * 6.5F, room * 0.25F);
  const float scale_width = std::min(em() * 5.5F, room * 0.2F);
  const float width = std::max(em(), room - label_width - scale_width);
  ImDrawList* list = ImGui::GetWindowDrawList();
  list->AddText(ImVec2(corner.x, corner.y + (strip_height() - em()) * 0.5F), strip.color,
                fitted_text(text(strip.label), label_width - em() * 0.3F).c_str());
  const ImVec2 at(corner.x + label_width, corner.y);
  const double limit = limit_of(*strip.values);
  running ? draw_running(*strip.values, at, width, limit) : draw_strip_cells(*strip.values, at, width, limit);
  {
    const ScopedFont mono(fonts().mono, 0.8F);
    const std::string scale =
        fmt::format("{}{}", running ? "= " : "±", hand_number(running ? strip.values->back() : limit, 2));
    list->AddText(ImVec2(at.x + width + em() * 0.5F, corner.y + (strip_height() - em()) * 0.5F),
                  running ? palette().text : palette().muted, scale.c_str());
  }
  ImGui::SetCursorScreenPos(at);
  ImGui::PushID(strip.label);
  const auto count = static_cast<std::int64_t>(strip.values->size());
  const Hand hand = canvas("##strip", ImVec2(width, strip_height()),
                           {at, ImVec2(width / static_cast<float>(count), strip_height()), {}});
  ImGui::PopID();
  if (hand.inside) {
    const auto dimension = std::clamp<std::int64_t>(
        static_cast<std::int64_t>((hand.at.x - at.x) / width * static_cast<float>(count)), 0, count - 1);
    const ValueReference value = strip_value(shown, row, strip.hook, key, dimension);
    shown.hover_query(commands, row.query);
    shown.hover_key(commands, key);
    commands.hover().value = value;
    strip_tooltip(shown, row, products, static_cast<std::size_t>(dimension), strip.hook);
    if (hand.clicked)
      commands.edit(SelectValue{shown.frame.document.value == value ? std::nullopt : std::optional(value)});
  }
  ImGui::SetCursorScreenPos(ImVec2(corner.x, corner.y + strip_step()));
}

// Returns where it ends.
float draw_formula(const ShownAttention& shown, const AttentionRow& row, std::int64_t key) {
  const auto at = static_cast<std::size_t>(key);
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float height = formula_height();
  const float room = ImGui::GetContentRegionAvail().x;
  FormulaLine line(ImVec2(corner.x, corner.y + height * 0.5F));
  ImGui::GetWindowDrawList()->PushClipRect(corner, ImVec2(corner.x + room, corner.y + height), true);
  line.words("α", palette().attention);
  line.token(shown.query_text(row.query), shown.query_place(row.query), palette().query);
  line.words("→", palette().muted);
  line.token(shown.key_text(key), shown.key_place(key), palette().key);
  line.words("=", palette().muted);
  if (room > em() * 40) {
    line.fraction("e", "s − max", "Σ", palette().text);
    line.words("=", palette().muted);
  }
  const std::string power = fmt::format("{} {} {}", hand_number(row.score[at]), row.largest < 0 ? "+" : "−",
                                        hand_number(std::abs(row.largest)));
  line.fraction("e", power, hand_number(row.sum, 4), palette().text);
  line.words("=", palette().muted);
  if (room > em() * 22) {
    line.fraction(hand_number(row.exponential[at], 4), "", hand_number(row.sum, 4), palette().text);
    line.words("=", palette().muted);
  }
  const ScopedFont strong(fonts().strong, 1.1F);
  line.words(hand_number(row.weight[at], 4), palette().attention);
  ImGui::GetWindowDrawList()->PopClipRect();
  ImGui::Dummy(ImVec2(room, height));
  return line.end();
}

// Its words are left out where they do not fit beside the bar.
void draw_sign_legend(ImVec2 corner, float room) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float right = corner.x + room,
              left = add_signed_legend(*list, ImVec2(right, corner.y), sign_bar(), "", small_ink());
  const std::string& words = text("attention.sign_legend");
  const float end = left - em() * 0.6F;
  if (end - label_width(fonts().body, sign_type, words) >= corner.x)
    add_label(*list, fonts().body, sign_type, ImVec2(end, corner.y), 1, small_ink(), words);
}

}  // namespace

void draw_weight_formula(const ShownAttention& shown, const AttentionRow& row, std::int64_t key) {
  const ImVec2 corner = ImGui::GetCursorScreenPos();
  const float right = corner.x + ImGui::GetContentRegionAvail().x - ImGui::GetStyle().ScrollbarSize;
  const float left = draw_formula(shown, row, key) + em() * 1.5F;
  // What blue and orange mean: behind the formula, or beneath it.
  if (right - left >= sign_bar() * 2) {
    draw_sign_legend(ImVec2(left, corner.y + (formula_height() - em()) * 0.5F), right - left);
  } else {
    draw_sign_legend(ImGui::GetCursorScreenPos(), right - corner.x);
    ImGui::Dummy(ImVec2(0, em()));
  }
}

float product_strips_height() { return strip_step() * 5 + em() * 2.2F; }

void draw_product_strips(const ShownAttention& shown, Commands& commands, const AttentionRow& row,
                         const QueryKeyProduct& products, std::int64_t key, bool brief) {
  draw_notes(shown, row, key, brief);
  const std::array<Strip, 5> strips = {
      {{"attention.strip_q", &products.q, palette().query, shown.hooks.q},
       {"attention.strip_k", &products.k, palette().key, shown.hooks.k},
       {"attention.strip_product", &products.product, palette().text, shown.hooks.q},
       {"attention.strip_running", &products.running, palette().text, shown.hooks.scores},
       {"attention.strip_z", &row.z, palette().value, shown.hooks.z}}};
  for (std::size_t i = 0; i < strips.size(); ++i) {
    if (!strips[i].values->empty()) draw_one_strip(shown, commands, row, products, key, strips[i], i == 3);
  }
  ImGui::Dummy(ImVec2(1, 1));
}

}  // namespace headlight

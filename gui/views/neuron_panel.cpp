// One line a key, as in BertViz's neuron view, with labels, scales and numbers; below, the chosen key in
// full.
#include "gui/views/neuron_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

constexpr float usual_line = 1.55F, lowest_line = 0.86F;  // ems
constexpr float strip_share = 1.2F / usual_line;          // of a line

// Of the numbers in a line so high: no larger than the line.
float number_type(float line) { return std::min(smallest_mono, line / em()); }

// Of the chosen key's sums.
float plot_height() { return std::clamp(ImGui::GetWindowHeight() * 0.18F, em() * 3.4F, em() * 7); }

void widen(float& limit, float value) {
  if (std::isfinite(value)) limit = std::max(limit, std::abs(value));
}

// Over a strip: whose numbers it shows, and what their colours mean.
void add_strip_heading(ImDrawList& list, ImVec2 corner, float width, const char* name, float limit,
                       ImU32 color) {
  const std::string end = hand_number(static_cast<double>(limit), 2);
  const bool has_bar = width > em() * 15;
  add_label(list, fonts().body, 0.85F, corner, 0, color, has_bar ? name : fmt::format("{}  ±{}", name, end));
  if (has_bar) add_signed_legend(list, ImVec2(corner.x + width, corner.y), em() * 4, end, small_ink());
}

}  // namespace

std::span<const float> NeuronPanel::query_vector(const ShownAttention& shown) const {
  const auto size = static_cast<std::size_t>(shown.architecture().d_head);
  return shown.trace->row(shown.hooks.q, shown.layer, row_.query)
      .subspan(static_cast<std::size_t>(shown.head) * size, size);
}

std::span<const float> NeuronPanel::key_vector(const ShownAttention& shown, std::int64_t key) const {
  const auto size = static_cast<std::size_t>(shown.architecture().d_head);
  return shown.trace->row(shown.hooks.k, shown.layer, key)
      .subspan(static_cast<std::size_t>(row_.kv_head) * size, size);
}

bool NeuronPanel::refresh(const ShownAttention& shown) {
  const std::shared_ptr<const Trace>& trace = shown.trace;
  if (!trace->has(shown.hooks.q, shown.layer) || !trace->has(shown.hooks.k, shown.layer)) return false;
  if (trace == trace_.lock() && layer_ == shown.layer && head_ == shown.head && cross_ == shown.cross() &&
      row_.query == shown.query()) {
    return true;
  }
  row_ = attention_row(*trace, shown.layer, shown.head, shown.query(), shown.cross());
  trace_ = trace;
  layer_ = shown.layer;
  head_ = shown.head;
  cross_ = shown.cross();
  q_limit_ = k_limit_ = product_limit_ = 0;
  const std::span<const float> q = query_vector(shown);
  for (const float value : q) widen(q_limit_, value);
  for (auto key = row_.first_key; key < static_cast<std::int64_t>(row_.weight.size()); ++key) {
    const std::span<const float> k = key_vector(shown, key);
    for (std::size_t i = 0; i < k.size(); ++i) {
      widen(k_limit_, k[i]);
      widen(product_limit_, q[i] * k[i]);
    }
  }
  return true;
}

// Hovered, else locked, else where the row looks most.
std::int64_t NeuronPanel::chosen_key(const ShownAttention& shown) const {
  for (const auto& key : {shown.hovered_key(), shown.locked_key()}) {
    if (key && shown.map.sees(row_.query, *key)) return *key;
  }
  const auto largest = std::max_element(row_.weight.begin() + row_.first_key, row_.weight.end());
  return largest - row_.weight.begin();
}

NeuronPanel::Columns NeuronPanel::place() const {
  Columns columns;
  const float left = ImGui::GetCursorScreenPos().x;
  const float room = ImGui::GetContentRegionAvail().x - ImGui::GetStyle().ScrollbarSize - em() * 0.5F;
  const float gap = em() * 0.8F;
  columns.line = em() * usual_line;
  columns.label = left;
  columns.label_width = std::min(em() * 7, room * 0.2F);
  columns.number_width = em() * 3.6F;
  const int numbers = room > em() * 34 ? 3 : room > em() * 22 ? 2 : 1;
  columns.right = left + room;
  float x = columns.right - columns.number_width;
  columns.weight = x;
  if (numbers >= 2) columns.score = x -= columns.number_width;
  if (numbers >= 3) columns.dot = x -= columns.number_width;
  const float strips = x - gap - (left + columns.label_width + gap);
  columns.k = left + columns.label_width + gap;
  columns.strip_width = std::max(em(), (strips - gap) * 0.5F);
  columns.product = columns.k + columns.strip_width + gap;
  columns.product_width = columns.strip_width;
  return columns;
}

void NeuronPanel::strip_mouse(const ShownAttention& shown, Commands& commands, Hook hook, std::int64_t key,
                              ImVec2 corner, ImVec2 size) {
  const float width = size.x;
  ImGui::SetCursorScreenPos(corner);
  ImGui::PushID(static_cast<int>(hook));
  ImGui::PushID(static_cast<int>(key));
  const std::span<const float> q = query_vector(shown), k = key_vector(shown, key);
  const auto count = static_cast<std::int64_t>(q.size());
  const Hand hand =
      canvas("##strip", size,
             {corner, ImVec2(width / static_cast<float>(std::max<std::int64_t>(1, count)), size.y), {}});
  ImGui::PopID();
  ImGui::PopID();
  if (!hand.inside) return;
  const auto dimension = std::clamp<std::int64_t>(
      static_cast<std::int64_t>((hand.at.x - corner.x) / width * static_cast<float>(count)), 0, count - 1);
  const auto at = static_cast<std::size_t>(dimension);
  ValueReference value = shown.cell(shown.hooks.scores, row_.query, key);
  if (hook == shown.hooks.q) value = shown.place(hook, row_.query, shown.head, dimension);
  if (hook == shown.hooks.k) value = shown.place(hook, key, row_.kv_head, dimension);
  shown.hover_query(commands, row_.query);
  if (hook != shown.hooks.q) shown.hover_key(commands, key);
  commands.hover().value = value;
  const std::string q_text = hand_number(static_cast<double>(q[at]), 4);
  const std::string k_text = hand_number(static_cast<double>(k[at]), 4);
  const std::string product = hand_number(static_cast<double>(q[at]) * static_cast<double>(k[at]), 4);
  const std::string words =
      hook == shown.hooks.q
          ? format_text("attention.neuron_q_tip", fmt::arg("dimension", dimension), fmt::arg("q", q_text))
          : format_text("attention.neuron_cell_tip", fmt::arg("dimension", dimension), fmt::arg("q", q_text),
                        fmt::arg("k", k_text), fmt::arg("product", product));
  ImGui::SetTooltip("%s\n%s", words.c_str(), shown.hook_line(hook).c_str());
  if (hand.clicked) {
    commands.edit(SelectValue{shown.frame.document.value == value ? std::nullopt : std::optional(value)});
  }
}

// Headings with their scales, and q: above the k that it is multiplied with.
void NeuronPanel::draw_query(const ShownAttention& shown, Commands& commands, const Columns& columns) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float second = start.y + em() * 2.9F;
  add_strip_heading(*list, ImVec2(columns.k, start.y), columns.strip_width, "q", q_limit_, palette().query);
  add_strip_heading(*list, ImVec2(columns.k, second), columns.strip_width, "k", k_limit_, palette().key);
  add_strip_heading(*list, ImVec2(columns.product, second), columns.product_width, "q ∘ k", product_limit_,
                    palette().text);
  {
    const ScopedFont small(fonts().body, 0.85F);
    list->AddText(ImVec2(columns.label, start.y), palette().query,
                  fitted_text(text("attention.neuron_query"), columns.label_width).c_str());
    list->AddText(ImVec2(columns.label, second), palette().key, text("attention.neuron_keys").c_str());
    const auto at_second = [&](float x, const char* words) {
      if (x <= 0) return;
      const float width = ImGui::CalcTextSize(words).x;
      list->AddText(ImVec2(x + columns.number_width - width, second), palette().muted, words);
    };
    at_second(columns.dot, "q · k");
    at_second(columns.score, text("attention.neuron_score").c_str());
    at_second(columns.weight, "α");
  }
  const float y = start.y + em() * 1.15F;
  add_token_label(*list, ImVec2(columns.label, y + em() * 0.1F), palette().query,
                  shown.query_text(row_.query), shown.query_place(row_.query), columns.label_width);
  add_cells(*list, ImVec2(columns.k, y), ImVec2(columns.k + columns.strip_width, y + em() * 1.2F),
            query_vector(shown), q_limit_, 1.0F);
  strip_mouse(shown, commands, shown.hooks.q, row_.first_key, ImVec2(columns.k, y),
              ImVec2(columns.strip_width, em() * 1.2F));
  ImGui::SetCursorScreenPos(ImVec2(start.x, start.y + em() * 4.3F));
}

void NeuronPanel::draw_number(const ShownAttention& shown, Commands& commands, const ValueReference& value,
                              const std::string& words, ImVec2 corner, ImVec2 room, ImU32 color) {
  const float type = number_type(room.y);
  const ScopedFont mono(fonts().mono, type);
  const ImVec2 size = ImGui::CalcTextSize(words.c_str());
  const ImVec2 at(corner.x + room.x - size.x, corner.y + (room.y - em()) * 0.5F);
  ImGui::SetCursorScreenPos(ImVec2(at.x, corner.y));
  ImGui::PushID(static_cast<int>(value.hook));
  ImGui::PushID(static_cast<int>(value.index[2]));
  const bool clicked =
      ImGui::InvisibleButton("##number", ImVec2(std::max(1.0F, size.x), room.y), ImGuiButtonFlags_EnableNav);
  ImGui::PopID();
  ImGui::PopID();
  const bool locked = shown.frame.document.value == value;
  const bool hovered = ImGui::IsItemHovered();
  if (hovered) {
    commands.hover().value = value;
    const ScopedFont body(fonts().body, 1.0F / type);
    ImGui::SetTooltip("%s\n%s", shown.hook_line(value.hook).c_str(), text("attention.neuron_open").c_str());
  }
  ImGui::GetWindowDrawList()->AddText(at, hovered || locked ? readable(palette().lock) : color,
                                      words.c_str());
  if (clicked) commands.edit(SelectValue{locked ? std::nullopt : std::optional(value)});
}

void NeuronPanel::draw_row(const ShownAttention& shown, Commands& commands, const Columns& columns,
                           std::int64_t key, float y, bool chosen) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto at = static_cast<std::size_t>(key);
  if (chosen) {
    list->AddRectFilled(ImVec2(columns.label - em() * 0.2F, y), ImVec2(columns.right, y + columns.line),
                        with_alpha(shown.locked_key() == key ? palette().lock : palette().text,
                                   shown.locked_key() == key ? 0.16F : 0.07F),
                        em() * 0.25F);
  }
  const float high = columns.line * strip_share;
  const float top = y + (columns.line - high) * 0.5F;
  {
    const ScopedFont type(fonts().body, std::min(1.0F, columns.line / em()));
    add_token_label(*list, ImVec2(columns.label, y + (columns.line - em()) * 0.5F), palette().key,
                    shown.key_text(key), shown.key_place(key), columns.label_width);
  }
  const std::span<const float> q = query_vector(shown), k = key_vector(shown, key);
  std::vector<float> products(q.size());
  for (std::size_t i = 0; i < q.size(); ++i) products[i] = q[i] * k[i];
  add_cells(*list, ImVec2(columns.k, top), ImVec2(columns.k + columns.strip_width, top + high), k, k_limit_,
            1.0F);
  add_cells(*list, ImVec2(columns.product, top), ImVec2(columns.product + columns.product_width, top + high),
            products, product_limit_, 1.0F);
  // The label locks the key.
  ImGui::SetCursorScreenPos(ImVec2(columns.label, y));
  ImGui::PushID(static_cast<int>(key));
  if (ImGui::InvisibleButton("##key", ImVec2(columns.label_width, columns.line),
                             ImGuiButtonFlags_EnableNav)) {
    commands.edit(shown.select_key(shown.locked_key() == key ? std::nullopt : std::optional(key)));
  }
  ImGui::PopID();
  if (ImGui::IsItemHovered()) {
    shown.hover_key(commands, key);
    ImGui::SetTooltip("%s", format_text("attention.arc_key_tip", fmt::arg("token", shown.key_text(key)),
                                        fmt::arg("position", key))
                                .c_str());
  }
  strip_mouse(shown, commands, shown.hooks.k, key, ImVec2(columns.k, top), ImVec2(columns.strip_width, high));
  strip_mouse(shown, commands, shown.hooks.scores, key, ImVec2(columns.product, top),
              ImVec2(columns.product_width, high));
  const auto number = [&](float x, const ValueReference& value, double shown_value, int decimals,
                          ImU32 color) {
    if (x > 0) {
      draw_number(shown, commands, value, hand_number(shown_value, decimals), ImVec2(x, y),
                  ImVec2(columns.number_width, columns.line), color);
    }
  };
  if (columns.dot > 0) {
    const ScopedFont mono(fonts().mono, number_type(columns.line));
    const std::string dot = hand_number(row_.dot[at], 2);
    list->AddText(ImVec2(columns.dot + columns.number_width - ImGui::CalcTextSize(dot.c_str()).x,
                         y + (columns.line - em()) * 0.5F),
                  palette().muted, dot.c_str());
  }
  number(columns.score, shown.cell(shown.hooks.scores, row_.query, key), row_.score[at], 2, palette().text);
  number(columns.weight, shown.cell(shown.hooks.pattern, row_.query, key), row_.weight[at], 2,
         palette().attention);
}

void NeuronPanel::draw_rows(const ShownAttention& shown, Commands& commands, const Columns& columns) {
  const auto count = static_cast<std::int64_t>(row_.weight.size()) - row_.first_key;
  const std::int64_t chosen = chosen_key(shown);
  const ImVec2 start = ImGui::GetCursorScreenPos();
  const float scroll = ImGui::GetScrollY();
  // What is chosen comes into sight when it changes, but not under a mouse that points.
  if (!shown.hovered_key() && scrolled_to_ != chosen) {
    scrolled_to_ = chosen;
    const float at = static_cast<float>(chosen - row_.first_key) * columns.line;
    const float window = ImGui::GetWindowHeight();
    if (at < scroll || at + columns.line > scroll + window) {
      ImGui::SetScrollY(std::max(0.0F, at + (columns.line - window) * 0.5F));
    }
  }
  const auto first = std::max<std::int64_t>(0, static_cast<std::int64_t>(scroll / columns.line));
  const auto last =
      std::min(count, first + 2 + static_cast<std::int64_t>(ImGui::GetWindowHeight() / columns.line));
  for (std::int64_t line = first; line < last; ++line) {
    const std::int64_t key = row_.first_key + line;
    draw_row(shown, commands, columns, key, start.y + static_cast<float>(line) * columns.line, key == chosen);
  }
  ImGui::SetCursorScreenPos(start);
  ImGui::Dummy(ImVec2(1, static_cast<float>(count) * columns.line));
}

// Bars: what each dimension adds; the line: the sum so far, which ends at q · k.
void NeuronPanel::draw_sums(const QueryKeyProduct& products, ImVec2 corner, ImVec2 size, double range) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto count = products.product.size();
  const float middle = corner.y + size.y * 0.5F;
  const float step = size.x / static_cast<float>(count);
  const auto height = [&](double value) {
    if (!std::isfinite(value) || range <= 0) return middle;
    return middle - static_cast<float>(value / range) * size.y * 0.5F;
  };
  list->AddLine(ImVec2(corner.x, middle), ImVec2(corner.x + size.x, middle), palette().grid, 1.0F);
  std::vector<ImVec2> sums;
  for (std::size_t i = 0; i < count; ++i) {
    const float left = corner.x + step * static_cast<float>(i);
    const float tip = height(products.product[i]);
    list->AddRectFilled(ImVec2(left, std::min(tip, middle)),
                        ImVec2(left + std::max(1.0F, step - 1), std::max(tip, middle) + 1),
                        color_of(ColorMap::diverging, products.product[i] < 0 ? -0.66F : 0.66F));
    sums.emplace_back(left + step * 0.5F, height(products.running[i]));
  }
  list->AddPolyline(sums.data(), static_cast<int>(sums.size()), palette().text, std::max(1.5F, em() * 0.1F));
  if (!sums.empty()) list->AddCircleFilled(sums.back(), em() * 0.22F, palette().text);
}

void NeuronPanel::draw_formula(const ShownAttention& shown, std::int64_t key,
                               const std::string& beside) const {
  const auto at = static_cast<std::size_t>(key);
  const std::string from = shown.query_text(row_.query), to = shown.key_text(key);
  const std::string dot = hand_number(row_.dot[at], 3), scale = hand_number(row_.scale, 4);
  const std::string score = hand_number(row_.score[at], 3), weight = hand_number(row_.weight[at], 4);
  const bool plain = row_.bias.empty() && row_.soft_cap == 0;
  const std::string formula =
      format_text(plain ? "attention.neuron_formula" : "attention.neuron_formula_more",
                  fmt::arg("query", from), fmt::arg("key", to), fmt::arg("dot", dot),
                  fmt::arg("scale", scale), fmt::arg("score", score), fmt::arg("weight", weight));
  ImGui::TextWrapped("%s", formula.c_str());
  if (beside.empty()) return;
  const ScopedFont small(fonts().body, 0.85F);
  const float left = ImGui::GetItemRectMax().x + em();
  const float room = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x - left;
  if (ImGui::CalcTextSize(beside.c_str()).x > room) return;
  ImGui::GetWindowDrawList()->AddText(ImVec2(left, ImGui::GetItemRectMax().y - em() * 1.05F), palette().muted,
                                      beside.c_str());
}

// The sums of the chosen key in the given place; in a low window this is above the strips of the products,
// and the scale stands to the right.
void NeuronPanel::draw_plot(const ShownAttention& shown, Commands& commands, std::int64_t key, ImVec2 plot,
                            ImVec2 size, bool above_strips) {
  const QueryKeyProduct products =
      query_key_product(*shown.trace, shown.layer, shown.head, row_.query, key, shown.cross());
  double range = 0;
  for (std::size_t i = 0; i < products.product.size(); ++i) {
    for (const double value : {products.product[i], products.running[i]}) {
      if (std::isfinite(value)) range = std::max(range, std::abs(value));
    }
  }
  draw_sums(products, plot, size, range);
  {
    const ScopedFont small(fonts().body, smallest_words);
    ImDrawList* list = ImGui::GetWindowDrawList();
    const auto label = [&](double value, float y) {
      const std::string words = hand_number(value, 1);
      const float width = ImGui::CalcTextSize(words.c_str()).x;
      const float x = above_strips ? plot.x + size.x + em() * 0.5F : plot.x - em() * 0.5F - width;
      list->AddText(ImVec2(x, y - em() * 0.5F), palette().muted, words.c_str());
    };
    label(range, plot.y);
    label(0, plot.y + size.y * 0.5F);
    label(-range, plot.y + size.y);
    if (!above_strips) {
      const std::string end = fmt::format("{}", products.product.size() - 1);
      list->AddText(ImVec2(plot.x, plot.y + size.y), palette().muted, "0");
      list->AddText(ImVec2(plot.x + size.x - ImGui::CalcTextSize(end.c_str()).x, plot.y + size.y),
                    palette().muted, end.c_str());
      const std::string axis_words = text("attention.neuron_axis");
      list->AddText(
          ImVec2(plot.x + (size.x - ImGui::CalcTextSize(axis_words.c_str()).x) * 0.5F, plot.y + size.y),
          palette().muted, axis_words.c_str());
    }
  }
  ImGui::SetCursorScreenPos(plot);
  const auto count = static_cast<float>(products.product.size());
  const Hand hand = canvas("##sums", size, {plot, ImVec2(size.x / std::max(1.0F, count), size.y), {}});
  if (hand.inside) {
    const auto dimension =
        static_cast<std::size_t>(std::clamp((hand.at.x - plot.x) / size.x * count, 0.0F, count - 1));
    const ValueReference value = shown.cell(shown.hooks.scores, row_.query, key);
    shown.hover_query(commands, row_.query);
    shown.hover_key(commands, key);
    commands.hover().value = value;
    ImGui::SetTooltip("%s", format_text("attention.strip_tooltip", fmt::arg("dimension", dimension),
                                        fmt::arg("q", hand_number(products.q[dimension], 4)),
                                        fmt::arg("k", hand_number(products.k[dimension], 4)),
                                        fmt::arg("product", hand_number(products.product[dimension], 4)),
                                        fmt::arg("sum", hand_number(products.running[dimension], 4)))
                                .c_str());
    if (hand.clicked) {
      commands.edit(SelectValue{shown.frame.document.value == value ? std::nullopt : std::optional(value)});
    }
  }
}

void NeuronPanel::draw(const ShownAttention& shown, Commands& commands) {
  if (shown.query() < 0 || !refresh(shown)) {
    ImGui::TextDisabled("%s", text("attention.not_done").c_str());
    return;
  }
  if (row_.first_key >= static_cast<std::int64_t>(row_.weight.size())) return;
  const std::string note = shown.hooks.q == Hook::rot_q ? text("attention.rotary_note") : std::string();
  Columns columns = place();
  const auto count = static_cast<float>(row_.weight.size()) - static_cast<float>(row_.first_key);
  const float below = plot_height() + em() * 4.2F;
  const float all = ImGui::GetContentRegionAvail().y - em() * 4.3F;
  const float rows_above = all - below - em() * 1.4F;
  // In a low window the sums stand above the products that they add up, and all the room below is the rows'.
  const bool low = count * columns.line > rows_above && columns.product_width > em() * 12;
  if (!low && !note.empty()) {
    const ScopedFont small(fonts().body, 0.85F);
    ImGui::PushStyleColor(ImGuiCol_Text, palette().muted);
    ImGui::TextWrapped("%s", note.c_str());
    ImGui::PopStyleColor();
    columns = place();
  }
  const std::int64_t key = chosen_key(shown);
  const ImVec2 start = ImGui::GetCursorScreenPos();
  if (low) {
    {
      const ScopedFont small(fonts().body, 0.8F);
      ImGui::GetWindowDrawList()->AddText(
          ImVec2(columns.product, start.y), palette().muted,
          fitted_text(text("attention.neuron_axis"), columns.product_width).c_str());
    }
    draw_plot(shown, commands, key, ImVec2(columns.product, start.y + em() * 0.95F),
              ImVec2(columns.product_width, em() * 2.2F), true);
    ImGui::SetCursorScreenPos(start);
  }
  draw_query(shown, commands, columns);
  const float room =
      std::max(columns.line * 2, ImGui::GetContentRegionAvail().y - (low ? em() * 1.5F : below));
  columns.line = std::clamp(room / count, em() * lowest_line, columns.line);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  if (ImGui::BeginChild("##keys", ImVec2(0, std::min(room, count * columns.line + 1)),
                        ImGuiChildFlags_NavFlattened)) {
    draw_rows(shown, commands, columns);
  }
  ImGui::EndChild();
  ImGui::PopStyleVar();
  if (low) {
    ImGui::SetCursorPosY(ImGui::GetCursorPosY() - ImGui::GetStyle().ItemSpacing.y + em() * 0.3F);
  } else {
    ImGui::Dummy(ImVec2(0, em() * 0.4F));
  }
  draw_formula(shown, key, low ? note : std::string());
  if (!low) {
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const float axis = em() * 3.4F;
    draw_plot(shown, commands, key, ImVec2(corner.x + axis, corner.y + em() * 0.5F),
              ImVec2(std::max(em() * 2, ImGui::GetContentRegionAvail().x - axis), plot_height()), false);
  }
  if (!panel_has_keys()) return;
  const std::int64_t last = static_cast<std::int64_t>(row_.weight.size()) - 1;
  if (ImGui::IsKeyPressed(ImGuiKey_UpArrow)) {
    commands.edit(shown.select_key(std::max(row_.first_key, shown.locked_key().value_or(key) - 1)));
  }
  if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) {
    commands.edit(shown.select_key(std::min(last, shown.locked_key().value_or(key) + 1)));
  }
  const std::int64_t by =
      (ImGui::IsKeyPressed(ImGuiKey_RightArrow) ? 1 : 0) - (ImGui::IsKeyPressed(ImGuiKey_LeftArrow) ? 1 : 0);
  if (by != 0) {
    commands.edit(
        shown.select_query(std::clamp<std::int64_t>(shown.locked_query() + by, 0, shown.map.queries - 1)));
  }
}

}  // namespace headlight

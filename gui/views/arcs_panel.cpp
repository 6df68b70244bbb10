// Finds the lines, draws those that cross what is seen, and answers the mouse over words and lines.
#include "gui/views/arcs_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/fold_choice.h"
#include "gui/views/making_line.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/edge_fade.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/map_scale.h"
#include "gui/widgets/number_text.h"
#include "gui/widgets/segmented.h"
#include "gui/widgets/subscript.h"
#include "gui/widgets/thin_slider.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

constexpr std::int64_t most_cells_at_once = 512 * 512 * 2;  // about a millisecond
constexpr std::size_t most_drawn = 3000;  // lines: three milliseconds when all are made anew
constexpr SliderRange thresholds{0.01, 0.5, "%.2f"};
constexpr float lowest_line = 1.05F;  // ems: words that stand closer touch
constexpr float count_size = 0.88F;
constexpr float heading_room = 26;  // ems of the two headings, with the count between them

std::vector<std::int64_t> shown_heads(const ShownAttention& shown) {
  std::vector<std::int64_t> heads{shown.head};
  for (const std::int64_t head : shown.frame.document.attention.arc_heads) {
    if (head >= 0 && head < shown.architecture().heads) heads.push_back(head);
  }
  std::sort(heads.begin(), heads.end());
  heads.erase(std::unique(heads.begin(), heads.end()), heads.end());
  return heads;
}

// Adds or takes away a head; when the current one goes, the first of the others takes its place.
void toggle_head(const ShownAttention& shown, Commands& commands, std::int64_t head) {
  std::vector<std::int64_t> heads = shown_heads(shown);
  const auto found = std::find(heads.begin(), heads.end(), head);
  if (found == heads.end()) {
    heads.push_back(head);
  } else if (heads.size() > 1) {
    heads.erase(found);
  }
  std::int64_t current = shown.head;
  if (std::find(heads.begin(), heads.end(), current) == heads.end()) current = heads.front();
  heads.erase(std::find(heads.begin(), heads.end(), current));
  AttentionChoices choices = shown.frame.document.attention;
  choices.arc_heads = std::move(heads);
  if (current != shown.head) commands.edit(SelectHead{shown.layer, current});
  if (choices.arc_heads != shown.frame.document.attention.arc_heads) commands.edit(SetChoices{choices});
}

// The unit of a token, where the text has it.
std::optional<std::int32_t> unit_at(const PassText& text, std::optional<std::int64_t> token) {
  std::optional<std::int32_t> found;
  if (token && *token >= 0 && *token < static_cast<std::int64_t>(text.units.unit_of.size())) {
    found = static_cast<std::int32_t>(text.units.unit_of[static_cast<std::size_t>(*token)]);
  }
  return found;
}

// This head alone; all heads when it was alone.
void isolate_head(const ShownAttention& shown, Commands& commands, std::int64_t head) {
  AttentionChoices choices = shown.frame.document.attention;
  const bool alone = shown_heads(shown).size() == 1 && shown.head == head;
  choices.arc_heads.clear();
  for (std::int64_t other = 0; alone && other < shown.architecture().heads; ++other) {
    if (other != head) choices.arc_heads.push_back(other);
  }
  if (head != shown.head) commands.edit(SelectHead{shown.layer, head});
  commands.edit(SetChoices{choices});
}

}  // namespace

ImU32 head_color(std::int64_t head, std::int64_t heads, bool current) {
  if (current) return palette().attention;
  const bool dark = current_theme() == Theme::dark;
  // From pink through red, yellow and green to blue: violet is the current head's.
  const float part = static_cast<float>(head) / static_cast<float>(std::max<std::int64_t>(1, heads));
  const float hue = std::fmod(0.88F + part * 0.78F, 1.0F);
  return ImColor::HSV(hue, dark ? 0.55F : 0.80F, dark ? 0.95F : 0.68F);
}

bool ArcsPanel::Layout::operator==(const Layout& other) const {
  const auto all = [](const Layout& one) {
    return std::array{one.corner.x, one.corner.y, one.size.x, one.size.y, static_cast<float>(one.first),
                      one.line,     one.left,     one.right,  one.label};
  };
  return all(*this) == all(other);
}

ArcsPanel::ArcsPanel()
    : weights_([](const Key& key, const Progress& progress) {
        const auto trace = key.trace.held();
        const auto backend = make_cpu_backend(1);
        return strong_weights(*trace, *backend, key.choice, key.threshold,
                              [&](float done) { progress.report(done); });
      }) {}

// One line: how words are folded, and the threshold.
void ArcsPanel::draw_controls(const ShownAttention& shown, Commands& commands) {
  draw_fold_choice(shown.frame, commands);
  const float width = std::min(em() * 13, ImGui::GetContentRegionAvail().x);
  next_in_line(width, em() * 1.2F);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  if (ImGui::BeginChild("##threshold", ImVec2(width, em() * 1.75F), ImGuiChildFlags_NavFlattened,
                        ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse)) {
    ImGui::SetCursorPosY(em() * 0.2F);
    const std::string label = text("attention.threshold");
    const float label_width = ImGui::CalcTextSize(label.c_str()).x + em() * 0.6F;
    double threshold = shown.frame.document.attention.arc_threshold;
    if (thin_slider("##arc_threshold", label, "", text("attention.threshold_tip"), thresholds, label_width,
                    threshold)) {
      AttentionChoices choices = shown.frame.document.attention;
      choices.arc_threshold = std::clamp(threshold, thresholds.least, thresholds.most);
      commands.edit(SetChoices{choices});
    }
  }
  ImGui::EndChild();
  ImGui::PopStyleVar();
}

std::string ArcsPanel::count_words(const ShownAttention& shown) const {
  const StrongWeights* weights = weights_.value();
  if (weights == nullptr) return {};
  const std::string threshold = fmt::format("{:.2f}", shown.frame.document.attention.arc_threshold);
  const std::string found = grouped_text(static_cast<std::int64_t>(weights->found.size()));
  const std::string all = grouped_text(weights->seen);
  std::string words = format_text("attention.arc_count", fmt::arg("found", found), fmt::arg("all", all),
                                  fmt::arg("threshold", threshold));
  if (!all_drawn_) {
    const std::string drawn = grouped_text(static_cast<std::int64_t>(visible_.size()));
    words += " " + format_text("attention.arc_cut", fmt::arg("drawn", drawn));
  }
  if (weights->broken > 0) {
    const std::string broken = grouped_text(weights->broken);
    words += " " + format_text("attention.arc_broken", fmt::arg("count", broken));
  }
  return words;
}

// How many weights are above the threshold, in a line of its own; false, and nothing drawn, where it fits
// between the headings.
bool ArcsPanel::draw_count(const ShownAttention& shown) const {
  const std::string words = count_words(shown);
  if (words.empty()) return false;
  const ScopedFont small(fonts().body, count_size);
  const float room = ImGui::GetContentRegionAvail().x - em() / count_size * heading_room;
  if (ImGui::CalcTextSize(words.c_str()).x <= room) return false;
  ImGui::PushStyleColor(ImGuiCol_Text, weights_.value()->broken > 0 ? palette().error : palette().muted);
  ImGui::TextWrapped("%s", words.c_str());
  ImGui::PopStyleColor();
  return true;
}

// A chip for each head of the layer, in the colour of its lines.
void ArcsPanel::draw_heads(const ShownAttention& shown, Commands& commands) {
  const std::int64_t count = shown.architecture().heads;
  const std::vector<std::int64_t> heads = shown_heads(shown);
  const ScopedFont mono(fonts().mono, 0.85F);
  const ImVec2 size(em() * 2.6F, em() * 1.75F / 0.85F);  // as high as the pills
  ImDrawList* list = ImGui::GetWindowDrawList();
  ImGui::PushID("heads");
  for (std::int64_t head = 0; head < count; ++head) {
    // All of them behind the threshold, or in lines of their own.
    const float all = (size.x + em() * 0.25F) * static_cast<float>(count);
    next_in_line(head > 0 ? size.x : all, em() * (head > 0 ? 0.25F : 1.2F));
    const bool on = std::find(heads.begin(), heads.end(), head) != heads.end();
    const ImU32 color = head_color(head, count, head == shown.head);
    ImGui::PushID(static_cast<int>(head));
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    const bool clicked = ImGui::InvisibleButton("##head", size, ImGuiButtonFlags_EnableNav);
    const bool hovered = ImGui::IsItemHovered();
    const ImVec2 end(corner.x + size.x, corner.y + size.y);
    list->AddRectFilled(corner, end, on ? with_alpha(color, hovered ? 0.42F : 0.30F) : palette().raised,
                        em() * 0.3F);
    if (hovered || (ImGui::IsItemFocused() && ImGui::GetIO().NavVisible)) {
      list->AddRect(corner, end, palette().hover, em() * 0.3F, 1.0F);
    }
    const std::string label = fmt::format("H{}", head);
    const float width = ImGui::CalcTextSize(label.c_str()).x;
    list->AddText(ImVec2(corner.x + (size.x - width) * 0.5F, corner.y + (size.y - em()) * 0.5F),
                  on ? palette().text : palette().muted, label.c_str());
    if (hovered) {
      commands.hover().head = {shown.layer, head};
      const ScopedFont body(fonts().body, 1.0F / 0.85F);
      ImGui::SetTooltip("L%d H%d\n%s", static_cast<int>(shown.layer), static_cast<int>(head),
                        text("attention.head_chip_tip").c_str());
    }
    if (hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) {
      isolate_head(shown, commands, head);
    } else if (clicked && ImGui::GetIO().MouseClickedLastCount[ImGuiMouseButton_Left] < 2) {
      toggle_head(shown, commands, head);
    }
    ImGui::PopID();
  }
  ImGui::PopID();
}

ArcsPanel::Layout ArcsPanel::place(const ShownAttention& shown, const PassText& queries,
                                   const PassText& keys) {
  Layout layout;
  layout.corner = ImGui::GetCursorScreenPos();
  layout.corner.y += ImGui::GetScrollY();
  layout.size = ImVec2(ImGui::GetContentRegionAvail().x, ImGui::GetWindowHeight());
  const std::int64_t units = std::max<std::int64_t>(1, std::max(queries.units.count(), keys.units.count()));
  layout.line = std::min(layout.size.y / static_cast<float>(units), em() * 2.4F);
  layout.units = layout.rows = units;
  if (layout.line < em() * lowest_line) {  // whole lines of whole pixels, as far as there is room
    const float room = std::max(1.0F, std::floor(layout.size.y / (em() * lowest_line)));
    layout.line = std::max(1.0F, std::floor(layout.size.y / room));
    layout.rows = std::min(units, static_cast<std::int64_t>(room));
    layout.size.y = layout.line * static_cast<float>(layout.rows);
    layout.first =
        std::clamp<std::int64_t>(std::lround(ImGui::GetScrollY() / layout.line), 0, units - layout.rows);
  }
  const float most = std::min(em() * 10, layout.size.x * 0.3F);
  float widest = em() * 2;
  const auto measure = [&](const PassText& text) {
    const std::int64_t count = std::min<std::int64_t>(text.units.count(), 200);
    for (std::int64_t unit = 0; unit < count && widest < most; ++unit) {
      widest = std::max(widest, token_label_width(text.unit_text(unit), text.unit_place(unit)));
    }
  };
  measure(queries);
  if (shown.cross()) measure(keys);
  layout.label = std::min(widest, most);
  // Very wide panels: lines stay readable when they are not stretched.
  const float width = std::min(layout.size.x, em() * 52 + layout.label * 2);
  const float margin = (layout.size.x - width) * 0.5F;
  layout.left = layout.corner.x + margin + layout.label + em() * 0.9F;
  layout.right = layout.corner.x + margin + width - layout.label - em() * 0.9F;
  return layout;
}

// What is chosen comes into sight when it changes, or when fewer lines are seen; without any, `last`: the
// query that the other panels tell of.
void ArcsPanel::scroll_to_chosen(const Focus& focus, std::optional<std::int32_t> last, const Layout& layout) {
  const std::optional<std::int32_t> chosen = focus.query ? focus.query : focus.key ? focus.key : last;
  if (chosen == scrolled_to_ && layout.rows == scrolled_rows_) return;
  scrolled_to_ = chosen;
  scrolled_rows_ = layout.rows;
  if (!chosen || (*chosen >= layout.first && *chosen < layout.first + layout.rows)) return;
  const std::int64_t top = std::max<std::int64_t>(0, *chosen - layout.rows / 2);
  ImGui::SetScrollY(layout.line * static_cast<float>(top));
}

void ArcsPanel::draw_headings(const ShownAttention& shown, const Layout& layout, bool with_count) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont small(fonts().strong, 0.85F);
  const char* from = shown.cross() ? "attention.arcs_decoder" : "attention.arcs_from";
  const char* to = shown.cross() ? "attention.arcs_source" : "attention.arcs_to";
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float room = (layout.right - layout.left) * 0.45F + layout.label;
  const std::string left = shortened(text(from), room);
  const std::string right = shortened(text(to), room);
  const float left_edge = std::max(layout.corner.x, layout.left - em() - ImGui::CalcTextSize(left.c_str()).x);
  list->AddText(ImVec2(left_edge, at.y), palette().query, left.c_str());
  const float right_width = ImGui::CalcTextSize(right.c_str()).x;
  list->AddText(ImVec2(std::min(layout.right + em(), layout.corner.x + layout.size.x - right_width), at.y),
                palette().key, right.c_str());
  if (with_count) {
    const ScopedFont body(fonts().body, count_size / 0.85F);
    const std::string words = count_words(shown);
    const float width = ImGui::CalcTextSize(words.c_str()).x;
    list->AddText(ImVec2(layout.corner.x + (layout.size.x - width) * 0.5F, at.y),
                  weights_.value()->broken > 0 ? palette().error : palette().muted, words.c_str());
  }
  ImGui::Dummy(ImVec2(1, em() * 1.3F));
}

ArcsPanel::Focus ArcsPanel::focus(const ShownAttention& shown, const PassText& queries,
                                  const PassText& keys) const {
  Focus focus;
  const auto& head = shown.frame.hover.head;
  if (head && head->first == shown.layer) {
    const std::vector<std::int64_t> heads = shown_heads(shown);
    if (std::find(heads.begin(), heads.end(), head->second) != heads.end()) {
      focus.head = static_cast<std::int32_t>(head->second);
    }
  }
  focus.query = unit_at(queries, shown.hovered_query());
  focus.key = unit_at(keys, shown.hovered_key());
  if (focus.any()) return focus;
  focus.query = unit_at(queries, shown.chosen_query());
  focus.key = unit_at(keys, shown.locked_key());
  if (focus.query && focus.key) {
    // Both are locked: the line between them if there is one, else all of the query's.
    const bool there = weights_.value() != nullptr &&
                       std::any_of(weights_.value()->found.begin(), weights_.value()->found.end(),
                                   [&](const StrongWeight& weight) { return focus.lights(weight); });
    if (!there) focus.key.reset();
  }
  return focus;
}

ArcStroke ArcsPanel::stroke(const ShownAttention& shown, const Layout& layout,
                            const StrongWeight& weight) const {
  const MapScale scale = shown.frame.document.map_scale;
  const float strength = std::clamp(scale_position(scale, weight.weight), 0.0F, 1.0F);
  const ImU32 color = head_color(weight.head, shown.architecture().heads, weight.head == shown.head);
  const ImVec2 from(layout.left, layout.y(weight.query)), to(layout.right, layout.y(weight.key));
  // Paler where one end is out of sight: of a long text these are most.
  const auto in_sight = [&](float y) {
    return y >= layout.corner.y - layout.line && y <= layout.corner.y + layout.size.y + layout.line;
  };
  const float alpha = arc_opacity(strength) * (in_sight(from.y) && in_sight(to.y) ? 1.0F : 0.3F);
  return {from, to, with_alpha(color, alpha), em() * (0.07F + 0.13F * strength)};
}

// The lines that cross what is seen, the strongest when there are too many, weak ones first: strong ones lie
// above them.
void ArcsPanel::gather(const ShownAttention& shown, const Layout& layout) {
  const StrongWeights* weights = weights_.value();
  const MapScale scale = shown.frame.document.map_scale;
  if (weights == gathered_ && layout == gathered_layout_ && shown.head == gathered_head_ &&
      scale == gathered_scale_ && current_theme() == gathered_theme_ && !strokes_.is_stale()) {
    return;
  }
  gathered_ = weights;
  gathered_layout_ = layout;
  gathered_head_ = shown.head;
  gathered_scale_ = scale;
  gathered_theme_ = current_theme();
  visible_.clear();
  const float bottom = layout.corner.y + layout.size.y;
  for (const StrongWeight& weight : weights->found) {
    const float from = layout.y(weight.query), to = layout.y(weight.key);
    if (std::min(from, to) <= bottom && std::max(from, to) >= layout.corner.y) visible_.push_back(weight);
  }
  const auto stronger = [](const StrongWeight& a, const StrongWeight& b) { return a.weight > b.weight; };
  all_drawn_ = visible_.size() <= most_drawn;
  if (!all_drawn_) {
    std::nth_element(visible_.begin(), visible_.begin() + most_drawn, visible_.end(), stronger);
    visible_.resize(most_drawn);
  }
  std::stable_sort(visible_.begin(), visible_.end(),
                   [](const StrongWeight& a, const StrongWeight& b) { return a.weight < b.weight; });
  std::vector<ArcStroke> strokes;
  strokes.reserve(visible_.size());
  for (const StrongWeight& weight : visible_) strokes.push_back(stroke(shown, layout, weight));
  strokes_.set(strokes);
}

void ArcsPanel::draw_lines(const ShownAttention& shown, const Layout& layout, const Focus& focus) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.PushClipRect(layout.corner, ImVec2(layout.corner.x + layout.size.x, layout.corner.y + layout.size.y),
                    true);
  const bool part = focus.any() || focus.head;
  strokes_.draw(list, part, palette().residual);
  if (part) {
    for (const StrongWeight& weight : visible_) {
      if (!focus.lights(weight)) continue;
      const ArcStroke line = stroke(shown, layout, weight);
      const float third = (line.to.x - line.from.x) / 3;  // x then grows evenly, as in arc_height()
      list.AddBezierCubic(line.from, ImVec2(line.from.x + third, line.from.y),
                          ImVec2(line.to.x - third, line.to.y), line.to, line.color,
                          line.thickness + em() * 0.05F, 48);
    }
  }
  list.PopClipRect();
  // Lines of what is hidden run out at the edge, in the half of a row that its words leave free.
  const std::int64_t below = layout.units - layout.first - layout.rows;
  fade_edges_of(layout.corner, ImVec2(layout.corner.x + layout.size.x, layout.corner.y + layout.size.y),
                layout.line * static_cast<float>(layout.first), layout.line * static_cast<float>(below),
                layout.line * 0.5F);
}

void ArcsPanel::draw_words(const ShownAttention& shown, const Layout& layout, const PassText& pass,
                           bool of_keys, const Focus& focus) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const float half = std::min(em() * 0.68F, layout.line * 0.5F);  // of the chip behind a word
  const std::int64_t first = layout.first, last = std::min(pass.units.count(), first + layout.rows);
  // How strongly each word is at the end of a line that is lit.
  std::vector<float> lit(static_cast<std::size_t>(std::max<std::int64_t>(0, last - first)), 0.0F);
  for (const StrongWeight& weight : visible_) {
    const std::int64_t unit = of_keys ? weight.key : weight.query;
    if (unit < first || unit >= last || !focus.any() || !focus.lights(weight)) continue;
    float& strongest = lit[static_cast<std::size_t>(unit - first)];
    strongest = std::max(strongest, weight.weight);
  }
  const std::optional<std::int32_t> own = of_keys ? focus.key : focus.query;
  const ImU32 accent = of_keys ? palette().key : palette().query;
  for (std::int64_t unit = first; unit < last; ++unit) {
    const std::string words = pass.unit_text(unit);
    const std::optional<std::int64_t> place = pass.unit_place(unit);
    const float width = std::min(layout.label, token_label_width(words, place));
    const float y = layout.y(unit);
    const float x = of_keys ? layout.right + em() * 0.7F : layout.left - em() * 0.7F - width;
    const float strength = lit[static_cast<std::size_t>(unit - first)];
    const bool chosen = own == unit;
    const ImVec2 from(x - em() * 0.35F, y - half);
    const ImVec2 to(x + width + em() * 0.35F, y + half);
    ImU32 ground = palette().panel;
    if (chosen) {
      ground = mix(ground, accent, 0.30F);
    } else if (strength > 0) {
      const float shade = scale_position(shown.frame.document.map_scale, strength);
      ground = mix(ground, palette().attention, 0.10F + 0.4F * shade);
    }
    if (ground != palette().panel) list->AddRectFilled(from, to, ground, em() * 0.3F);
    const bool bright = chosen || strength > 0 || !focus.any();
    add_token_label(*list, ImVec2(x, y - em() * 0.5F), bright ? palette().text : palette().muted, words,
                    place, layout.label, subscript_ink(ground));
  }
}

void ArcsPanel::handle_column(const ShownAttention& shown, Commands& commands, const Layout& layout,
                              const PassText& pass, bool of_keys) {
  const float left = of_keys ? layout.right + em() * 0.3F : layout.left - layout.label - em() * 1.2F;
  ImGui::SetCursorScreenPos(ImVec2(left, layout.corner.y));
  const float width = layout.label + em() * 0.9F;
  const Hand hand = canvas(of_keys ? "##keys" : "##queries", ImVec2(width, layout.size.y),
                           {layout.corner, ImVec2(width, layout.line), {}});
  if (!hand.inside) return;
  const std::int64_t unit =
      layout.first + static_cast<std::int64_t>(std::floor((hand.at.y - layout.corner.y) / layout.line));
  if (unit < 0 || unit >= pass.units.count()) return;
  const std::int64_t token = pass.units.begin(unit);
  of_keys ? shown.hover_key(commands, token) : shown.hover_query(commands, token);
  const std::string words = pass.unit_text(unit);
  std::string tip = format_text(of_keys ? "attention.arc_key_tip" : "attention.arc_query_tip",
                                fmt::arg("token", words), fmt::arg("position", token));
  if (const std::string written = pass.written_text(unit); written != words) {
    tip += "\n" + format_text("attention.written", fmt::arg("words", written));
  }
  ImGui::SetTooltip("%s", tip.c_str());
  if (!hand.clicked) return;
  const auto locked = of_keys ? shown.locked_key() : shown.chosen_query();
  const auto wanted = locked == token ? std::nullopt : std::optional(token);
  commands.edit(of_keys ? shown.select_key(wanted) : shown.select_query(wanted));
}

void ArcsPanel::handle_lines(const ShownAttention& shown, Commands& commands, const Layout& layout,
                             const PassText& queries, const PassText& keys) {
  ImGui::SetCursorScreenPos(ImVec2(layout.left, layout.corner.y));
  const auto height = [&](const StrongWeight& weight, float x) {
    return arc_height(ImVec2(layout.left, layout.y(weight.query)), ImVec2(layout.right, layout.y(weight.key)),
                      x);
  };
  // Where lines have left the words that they begin at, and have not met yet.
  const float apart = layout.left + (layout.right - layout.left) * 0.3F;
  const Hand hand = canvas("##lines", ImVec2(layout.right - layout.left, layout.size.y), visible_.size(),
                           [&](std::size_t at) { return ImVec2(apart, height(visible_[at], apart)); });
  hovered_.reset();
  if (!hand.inside) return;
  const ImVec2 mouse = hand.at;
  float nearest = em() * 0.4F;
  for (const StrongWeight& weight : visible_) {
    const float y = height(weight, mouse.x);
    if (std::abs(y - mouse.y) > nearest) continue;
    nearest = std::abs(y - mouse.y);
    hovered_ = weight;
  }
  if (hand.by_keys && hand.place < visible_.size()) hovered_ = visible_[hand.place];
  if (!hovered_) return;
  const StrongWeight& line = *hovered_;
  const std::int64_t query = queries.units.begin(line.query), key = keys.units.begin(line.key);
  const bool folded = queries.units.end(line.query) - query > 1 || keys.units.end(line.key) - key > 1;
  shown.hover_query(commands, query);
  shown.hover_key(commands, key);
  commands.hover().head = {shown.layer, line.head};
  const ValueReference value = shown.place(shown.hooks.pattern, line.head, query, key);
  if (!folded) commands.hover().value = value;
  const std::string from = queries.unit_text(line.query), to = keys.unit_text(line.key);
  const std::string weight = hand_number(line.weight, 4);
  const std::int64_t layer = shown.layer, head = line.head;
  std::string words =
      format_text("attention.arc_tip", fmt::arg("query", from), fmt::arg("key", to),
                  fmt::arg("weight", weight), fmt::arg("layer", layer), fmt::arg("head", head));
  if (folded) words += "\n" + text("attention.arc_folded");
  ImGui::SetTooltip("%s\n%s", words.c_str(), shown.hook_line(shown.hooks.pattern).c_str());
  if (!hand.clicked) return;
  const bool locked = shown.chosen_query() == query && shown.locked_key() == key;
  commands.edit(shown.select_query(locked ? std::nullopt : std::optional(query)));
  commands.edit(shown.select_key(locked ? std::nullopt : std::optional(key)));
  if (!folded) commands.edit(SelectValue{locked ? std::nullopt : std::optional(value)});
}

void ArcsPanel::handle_keyboard(const ShownAttention& shown, Commands& commands) {
  if (!panel_has_keys()) return;
  if (ImGui::IsAnyItemActive()) return;
  const std::int64_t last = shown.map.queries - 1;
  if (ImGui::IsKeyPressed(ImGuiKey_UpArrow)) {
    commands.edit(shown.select_query(std::max<std::int64_t>(0, shown.locked_query() - 1)));
  }
  if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) {
    commands.edit(shown.select_query(shown.chosen_query() ? std::min(last, shown.locked_query() + 1) : 0));
  }
}

void ArcsPanel::draw(const ShownAttention& shown, Commands& commands, ShownTexts& texts) {
  if (!has_attention(*shown.trace, shown.layer, shown.cross())) {
    ImGui::TextDisabled("%s", text("attention.not_done").c_str());
    return;
  }
  const PassText& queries = texts.queries(shown);
  const PassText& keys = texts.keys(shown);
  const std::vector<std::int64_t> heads = shown_heads(shown);
  const Key wanted{
      {shown.trace},
      {shown.layer, heads, shown.cross(), shown.frame.document.hide_sink, queries.units, keys.units},
      static_cast<float>(shown.frame.document.attention.arc_threshold)};
  const bool quick =
      shown.trace->has(shown.hooks.pattern, shown.layer) &&
      shown.map.queries * shown.map.keys * static_cast<std::int64_t>(heads.size()) <= most_cells_at_once;
  weights_.want(wanted, quick, commands);
  draw_controls(shown, commands);
  draw_heads(shown, commands);
  const bool own_line = draw_count(shown);
  if (weights_.value() == nullptr || !weights_.error().empty()) {
    const MakingClick click = draw_making_line(weights_.fraction(), weights_.cancelled(), weights_.error());
    if (click == MakingClick::cancel) weights_.cancel();
    if (click == MakingClick::again) weights_.again();
    return;
  }
  // What is there may be of an older text: its words are others.
  if (!weights_.is_current() &&
      !(weights_.key()->choice.queries == queries.units && weights_.key()->choice.keys == keys.units)) {
    ImGui::TextDisabled("%s", text("attention.computing").c_str());
    return;
  }
  const float top = ImGui::GetCursorPosY();
  ImGui::SetCursorPosY(top + em() * 1.3F);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  const bool open = ImGui::BeginChild("##arcs", ImVec2(0, 0), ImGuiChildFlags_NavFlattened);
  ImGui::PopStyleVar();
  Layout layout;
  if (open && ImGui::GetWindowHeight() > em() * 2 && ImGui::GetContentRegionAvail().x > em() * 10) {
    layout = place(shown, queries, keys);
    const Focus lit = focus(shown, queries, keys);
    if (!shown.hovered_query() && !shown.hovered_key())
      scroll_to_chosen(lit, unit_at(queries, shown.locked_query()), layout);
    gather(shown, layout);
    draw_lines(shown, layout, lit);
    draw_words(shown, layout, queries, false, lit);
    draw_words(shown, layout, keys, true, lit);
    handle_column(shown, commands, layout, queries, false);
    handle_column(shown, commands, layout, keys, true);
    handle_lines(shown, commands, layout, queries, keys);
    handle_keyboard(shown, commands);
    // As much higher than the window as there are lines out of sight.
    const std::int64_t hidden = layout.units - layout.rows;
    ImGui::SetCursorPos(ImVec2(0, 0));
    const float seen = hidden > 0 ? ImGui::GetWindowHeight() : layout.size.y;
    ImGui::Dummy(ImVec2(1, seen + layout.line * static_cast<float>(hidden)));
  }
  ImGui::EndChild();
  if (layout.line > 0) {
    ImGui::SetCursorPosY(top);
    draw_headings(shown, layout, !own_line);
  }
}

}  // namespace headlight

// Places, draws and answers a matrix, or two of them.
#include "gui/views/matrix_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/presenter.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/attention_note.h"
#include "gui/views/head_summary.h"
#include "gui/views/matrix_labels.h"
#include "gui/widgets/canvas.h"
#include "gui/widgets/cell_number.h"
#include "gui/widgets/hand_number.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/map_scale.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }
float as_float(std::int64_t value) { return static_cast<float>(value); }

constexpr float label_angle = 0.87F;  // radians; about 50 degrees
constexpr float wheel_step = 1.25F;
constexpr float lined_from_ems = 0.7F;    // cells are whole pixels, with hair lines between them
constexpr float largest_cell_ems = 5.2F;  // at zoom 1: a matrix of three tokens must not fill the window
constexpr float least_with_list = 34.0F;  // ems
constexpr float widest_stretch = 2.0F;
constexpr float stretched_from_ems = 0.35F, stretched_to_ems = 0.2F;  // cells so high at zoom 1

// How many times as wide as high cells are. Squares where one sees cells; those of a long text, which are but
// a few pixels, may be wider, so that the map fills the room beside it.
float stretch_of(float fit, float widest) {
  const float part = (stretched_from_ems - fit / em()) / (stretched_from_ems - stretched_to_ems);
  const float most = 1.0F + (widest_stretch - 1.0F) * std::clamp(part, 0.0F, 1.0F);
  return std::clamp(widest / fit, 1.0F, most);
}

}  // namespace

float MatrixPanel::Geometry::x(std::int64_t key) const {
  return corner.x +
         static_cast<float>((static_cast<double>(key - first_column) - column) * static_cast<double>(wide));
}

float MatrixPanel::Geometry::y(std::int64_t query) const {
  return corner.y + static_cast<float>((static_cast<double>(query) - row) * static_cast<double>(cell));
}

MatrixPanel::Geometry MatrixPanel::place(const ShownAttention& shown, ImVec2 room) {
  const Frame& frame = shown.frame;
  Geometry geometry;
  geometry.first_column = frame.document.hide_sink ? 1 : 0;
  geometry.rows = shown.map.queries;
  geometry.columns = shown.map.keys - geometry.first_column;
  const float label = widest_label(shown, std::min(em() * 7.0F, room.x * 0.25F));
  geometry.left = label + em() * 0.9F;
  geometry.top = label * std::sin(label_angle) + em() * 1.1F;
  // The last column's label leans out to the right.
  const float overhang = label * std::cos(label_angle);
  const ImVec2 most(std::max(em() * 2, room.x - geometry.left - overhang),
                    std::max(em() * 2, room.y - geometry.top - em() * 0.6F));
  const float widest = most.x / as_float(std::max<std::int64_t>(geometry.columns, 1));
  const float fit = std::min({widest, most.y / as_float(geometry.rows), largest_cell_ems * em()});
  const float most_zoom = std::max(1.0F, largest_cell_ems * em() / fit);
  zoom_ = std::clamp(zoom_, 1.0F, most_zoom);
  geometry.cell = fit * zoom_;
  if (geometry.cell >= lined_from_ems * em()) geometry.cell = std::floor(geometry.cell);
  geometry.wide = geometry.cell * stretch_of(fit, widest);
  geometry.size = ImVec2(std::min(most.x, geometry.wide * as_float(geometry.columns)),
                         std::min(most.y, geometry.cell * as_float(geometry.rows)));
  const auto limit = [&](double& at, std::int64_t count, float seen) {
    at = std::clamp(at, 0.0, std::max(0.0, static_cast<double>(count) - static_cast<double>(seen)));
  };
  const ImVec2 seen(geometry.size.x / geometry.wide, geometry.size.y / geometry.cell);
  limit(row_, geometry.rows, seen.y);
  limit(column_, geometry.columns, seen.x);
  geometry.row = row_;
  geometry.column = column_;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  geometry.corner = ImVec2(std::floor(start.x + geometry.left), std::floor(start.y + geometry.top));
  const auto end = [&](double at, float length, std::int64_t count) {
    return std::min(count, static_cast<std::int64_t>(std::ceil(at + static_cast<double>(length) - 1e-6)));
  };
  geometry.window = {static_cast<std::int64_t>(row_), end(row_, seen.y, geometry.rows),
                     static_cast<std::int64_t>(column_) + geometry.first_column,
                     end(column_, seen.x, geometry.columns) + geometry.first_column};
  return geometry;
}

// What a cell is drawn with, as the texture has it.
namespace {

ImU32 color_under(const DrawnMap& map, MapScale scale, double most, float value) {
  const float share = most > 0.0 ? static_cast<float>(static_cast<double>(value) / most) : 0.0F;
  return map.other ? color_of(ColorMap::diverging, 2.0F * signed_cell(scale, share) - 1.0F)
                   : cell_color(scale, share);
}

// Of the type: what can still be read. That of the stage is large.
float small_number() { return on_stage() ? 0.66F : smallest_words; }
constexpr float number_room = 0.03F;  // ems between a number and the edges of its cell

}  // namespace

// The key that a row of weights looks at most, of those that are drawn.
std::optional<std::int64_t> MatrixPanel::strongest_key(const Plot& plot, std::int64_t query) const {
  const float* weights = query >= 0 ? plot.rows.row(query) : nullptr;
  if (weights == nullptr) return std::nullopt;
  const KeyRange seen = plot.shown.map.seen(query);
  const std::int64_t first = std::max<std::int64_t>(seen.first, plot.shown.frame.document.hide_sink ? 1 : 0);
  if (first >= seen.last) return std::nullopt;
  return std::max_element(weights + first, weights + seen.last) - weights;
}

// Weights as they are, also where rows are drawn divided by their largest; other values as they are drawn.
void MatrixPanel::draw_numbers(const Plot& plot, const Geometry& geometry) {
  const float size = geometry.cell >= em() * 3.4F   ? 1.0F
                     : geometry.cell >= em() * 2.1F ? smallest_words
                                                    : small_number();
  const float room = geometry.wide - em() * number_room * 2;
  Decimals decimals = Decimals::none;
  if (geometry.cell >= em() * size) {
    const ScopedFont measured(fonts().body, size);
    decimals = decimals_for(room);
  }
  numbers_from_ = 0.0F;
  if (decimals == Decimals::none) return;
  const float least = decimals == Decimals::one ? 0.05F : 0.005F;
  const Document& document = plot.shown.frame.document;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const CellWindow& window = geometry.window;
  const bool weights_are_shown = plot.is_plain() && (!document.hide_sink || plot.map.per_row);
  const ScopedFont type(fonts().body, size);
  for (std::int64_t query = window.first_row; query < window.last_row; ++query) {
    const KeyRange seen = plot.shown.map.seen(query);
    const float* weights = weights_are_shown ? plot.rows.row(query) : nullptr;
    if (weights_are_shown && weights == nullptr) continue;
    for (std::int64_t key = std::max(window.first_column, seen.first);
         key < std::min(window.last_column, seen.last); ++key) {
      const std::optional<float> drawn = plot.tiles.value(query, key);
      if (!drawn) continue;
      const float value = weights_are_shown ? weights[key] : *drawn;
      // Would be a nought in every cell; the colour says it, and the pointer tells the digits.
      if (std::abs(value) < least) {
        numbers_from_ = least;
        continue;
      }
      const std::string number = cell_number(value, decimals, room);
      const ImVec2 extent = ImGui::CalcTextSize(number.c_str());
      const ImU32 under = color_under(plot.map, document.map_scale, plot.tiles.most(), *drawn);
      list->AddText(ImVec2(geometry.x(key) + (geometry.wide - extent.x) * 0.5F,
                           geometry.y(query) + (geometry.cell - extent.y) * 0.5F),
                    with_alpha(ink_on(under), 0.95F), number.c_str());
    }
  }
}

// While something is missing: how far it is; or why it will not come.
void MatrixPanel::draw_state(TiledMap& tiles, const Geometry& geometry) const {
  const std::optional<float> progress = tiles.progress();
  if (!progress && tiles.error().empty()) return;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ScopedFont small(fonts().body, 0.88F);
  const std::string words =
      tiles.error().empty()
          ? format_text("matrix.computing", fmt::arg("percent", static_cast<int>(100.0F * *progress)))
          : format_text("matrix.failed", fmt::arg("error", tiles.error()));
  const float wrap = std::max(em() * 8, std::min(geometry.size.x - em() * 2, em() * 30));
  const ImVec2 size = ImGui::CalcTextSize(words.c_str(), nullptr, false, wrap);
  const ImVec2 at(geometry.corner.x + geometry.size.x - size.x - em(), geometry.corner.y + em() * 0.6F);
  list->AddRectFilled(ImVec2(at.x - em() * 0.5F, at.y - em() * 0.25F),
                      ImVec2(at.x + size.x + em() * 0.5F, at.y + size.y + em() * 0.25F),
                      with_alpha(palette().raised, 0.94F), em() * 0.3F);
  list->AddText(ImGui::GetFont(), ImGui::GetFontSize(), at,
                tiles.error().empty() ? palette().muted : palette().error, words.c_str(), nullptr, wrap);
  if (tiles.error().empty()) {
    const float y = at.y + size.y + em() * 0.25F, thin = std::max(2.0F, em() * 0.15F);
    list->AddRectFilled(ImVec2(at.x, y), ImVec2(at.x + size.x * *progress, y + thin), palette().attention);
    return;
  }
  ImGui::SetCursorScreenPos(ImVec2(at.x, at.y + size.y + em() * 0.6F));
  if (ImGui::SmallButton(text("matrix.retry").c_str())) tiles.again();
}

void MatrixPanel::draw_marks(const ShownAttention& shown, const Geometry& geometry) const {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const auto frame_cells = [&](std::int64_t query, std::int64_t key, std::int64_t down, std::int64_t across,
                               ImU32 color, float thickness) {
    const ImVec2 from(geometry.x(key), geometry.y(query));
    const ImVec2 to(geometry.x(key + across), geometry.y(query + down));
    list->AddRect(from, ImVec2(to.x + thickness * 0.5F, to.y + thickness * 0.5F), color, em() * 0.1F,
                  thickness);
  };
  const float thin = std::max(1.0F, em() * 0.07F);
  const std::int64_t query = shown.query();
  const auto hovered_query = shown.hovered_query();
  const auto hovered_key = shown.hovered_key();
  const auto locked_key = shown.locked_key();
  const auto key = hovered_key ? hovered_key : locked_key;
  if (query >= 0)
    frame_cells(query, geometry.first_column, 1, geometry.columns, with_alpha(palette().query, 0.75F), thin);
  if (key && *key >= geometry.first_column && *key < shown.map.keys) {
    frame_cells(0, *key, geometry.rows, 1, with_alpha(palette().key, 0.75F), thin);
  }
  const std::int64_t locked_query = shown.locked_query();
  if (shown.chosen_query() && locked_key && *locked_key >= geometry.first_column &&
      *locked_key < shown.map.keys) {
    frame_cells(locked_query, *locked_key, 1, 1, palette().lock, std::max(2.0F, em() * 0.13F));
  }
  if (hovered_query && hovered_key && *hovered_key >= geometry.first_column) {
    frame_cells(*hovered_query, *hovered_key, 1, 1, palette().hover, thin * 1.5F);
  }
}

void MatrixPanel::draw_cells(const Plot& plot, Commands& commands, const Geometry& geometry) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 opposite(geometry.corner.x + geometry.size.x, geometry.corner.y + geometry.size.y);
  const CellWindow& window = geometry.window;
  const MapPlace where{geometry.corner, geometry.size,
                       geometry.row,    geometry.column + static_cast<double>(geometry.first_column),
                       geometry.cell,   geometry.wide};
  plot.tiles.draw(plot.shown.frame, plot.shown.trace, plot.map, where, commands);
  list->PushClipRect(geometry.corner, opposite, true);
  if (geometry.cell >= em() * lined_from_ems) {
    // Hair lines tell the cells apart.
    const float thickness = std::max(1.0F, std::floor(em() / 12));
    for (std::int64_t key = window.first_column; key <= window.last_column; ++key) {
      const float x = geometry.x(key);
      list->AddRectFilled(ImVec2(x, geometry.corner.y), ImVec2(x + thickness, opposite.y), palette().panel);
    }
    for (std::int64_t query = window.first_row; query <= window.last_row; ++query) {
      const float y = geometry.y(query);
      list->AddRectFilled(ImVec2(geometry.corner.x, y), ImVec2(opposite.x, y + thickness), palette().panel);
    }
  }
  draw_numbers(plot, geometry);
  draw_marks(plot.shown, geometry);
  list->PopClipRect();
  draw_state(plot.tiles, geometry);
}

void MatrixPanel::move_with_mouse(const Geometry& geometry, bool hovered) {
  const ImGuiIO& io = ImGui::GetIO();
  if (ImGui::IsItemActivated()) dragged_ = false;
  if (ImGui::IsItemActive() && ImGui::IsMouseDragging(ImGuiMouseButton_Left)) {
    dragged_ = true;
    column_ -= static_cast<double>(io.MouseDelta.x / geometry.wide);
    row_ -= static_cast<double>(io.MouseDelta.y / geometry.cell);
  }
  if (!hovered || io.MouseWheel == 0.0F) return;
  // The cell under the mouse stays under it.
  const double across = static_cast<double>((io.MousePos.x - geometry.corner.x) / geometry.wide);
  const double down = static_cast<double>((io.MousePos.y - geometry.corner.y) / geometry.cell);
  const float before = zoom_;
  zoom_ = std::max(1.0F, zoom_ * std::pow(wheel_step, io.MouseWheel));
  const double kept = 1.0 - static_cast<double>(before / zoom_);
  column_ += across * kept;
  row_ += down * kept;
}

// The pair's own numbers, and what is drawn where that is something else.
void MatrixPanel::draw_tooltip(const Plot& plot, std::int64_t query, std::int64_t key) const {
  const float* weights = plot.rows.row(query);
  if (weights == nullptr) return;
  std::string drawn;
  const std::optional<float> value = plot.is_plain() ? std::nullopt : plot.tiles.value(query, key);
  if (value) {
    const std::string number = hand_number(static_cast<double>(*value), 4);
    drawn = format_text("matrix.drawn_value", fmt::arg("value", number));
    if (plot.map.other) {
      drawn = fmt::format("B − A = {}{}", *value > 0 ? "+" : "", number);
    } else if (plot.map.merge != HeadMerge::one) {
      drawn =
          fmt::format("{} {} = {}",
                      text(plot.map.merge == HeadMerge::mean ? "matrix.merge_mean" : "matrix.merge_largest"),
                      format_text("matrix.merged_of", fmt::arg("count", plot.shown.architecture().heads),
                                  fmt::arg("layer", plot.shown.layer)),
                      number);
    } else if (plot.map.value_weighted) {
      drawn = fmt::format("α · ‖v W_O‖ = {}", number);
    }
  }
  draw_cell_tooltip(plot.shown, weights, query, key, drawn);
}

void MatrixPanel::handle_mouse(const Plot& plot, Commands& commands, const Geometry& geometry) {
  ImGui::SetCursorScreenPos(geometry.corner);
  const Hand hand =
      canvas("##cells", geometry.size,
             {ImVec2(geometry.x(geometry.window.first_column), geometry.y(geometry.window.first_row)),
              ImVec2(geometry.wide, geometry.cell),
              {}});
  ImGui::SetItemKeyOwner(ImGuiKey_MouseWheelY);
  move_with_mouse(geometry, hand.inside && !hand.by_keys);
  if (!hand.inside) return;
  const ShownAttention& shown = plot.shown;
  const ImVec2 mouse = hand.at;
  const auto key = static_cast<std::int64_t>(
                       geometry.column + static_cast<double>((mouse.x - geometry.corner.x) / geometry.wide)) +
                   geometry.first_column;
  const auto query = static_cast<std::int64_t>(
      geometry.row + static_cast<double>((mouse.y - geometry.corner.y) / geometry.cell));
  if (query >= geometry.rows || key >= geometry.columns + geometry.first_column) return;
  const ValueReference value = shown.cell(shown.hooks.pattern, query, key);
  shown.hover_query(commands, query);
  shown.hover_key(commands, key);
  commands.hover().head = std::pair(shown.layer, shown.head);
  commands.hover().value = value;
  draw_tooltip(plot, query, key);
  if (ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) {
    zoom_ = 1;
    return;
  }
  if (!hand.clicked || (dragged_ && !hand.by_keys)) return;
  const bool release = shown.chosen_query() == query && shown.locked_key() == key;
  commands.edit(shown.select_query(release ? std::nullopt : std::optional(query)));
  commands.edit(shown.select_key(release ? std::nullopt : std::optional(key)));
  commands.edit(SelectValue{release ? std::nullopt : std::optional(value)});
}

// Arrow keys walk over the cells of the matrix; +, - and 0 zoom.
void MatrixPanel::handle_keys(const ShownAttention& shown, Commands& commands) {
  if (!panel_has_keys()) return;
  const std::int64_t last = shown.map.queries - 1;
  const std::int64_t query = shown.locked_query();
  if (ImGui::IsKeyPressed(ImGuiKey_UpArrow))
    commands.edit(shown.select_query(std::max<std::int64_t>(0, query - 1)));
  if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) commands.edit(shown.select_query(std::min(last, query + 1)));
  const std::int64_t last_key = shown.map.keys - 1;
  const std::int64_t key = std::clamp<std::int64_t>(shown.locked_key().value_or(query), 0, last_key);
  if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow))
    commands.edit(shown.select_key(std::max<std::int64_t>(0, key - 1)));
  if (ImGui::IsKeyPressed(ImGuiKey_RightArrow)) commands.edit(shown.select_key(std::min(last_key, key + 1)));
  if (ImGui::IsKeyPressed(ImGuiKey_Enter, false)) commands.edit(ShowAttention{AttentionMode::row});
  if (ImGui::GetIO().KeyCtrl) return;  // the size of all type
  const bool in = ImGui::IsKeyPressed(ImGuiKey_Equal) || ImGui::IsKeyPressed(ImGuiKey_KeypadAdd);
  const bool out = ImGui::IsKeyPressed(ImGuiKey_Minus) || ImGui::IsKeyPressed(ImGuiKey_KeypadSubtract);
  if (in || out) {
    // The chosen pair stays where it is.
    const float before = zoom_;
    zoom_ = std::max(1.0F, in ? zoom_ * wheel_step : zoom_ / wheel_step);
    const double kept = 1.0 - static_cast<double>(before / zoom_);
    row_ += (static_cast<double>(query) - row_) * kept;
    column_ += (static_cast<double>(key) - column_) * kept;
  }
  if (ImGui::IsKeyPressed(ImGuiKey_0, false) || ImGui::IsKeyPressed(ImGuiKey_Keypad0, false)) zoom_ = 1;
}

// Returns the width that the plot takes, labels and all.
float MatrixPanel::draw_plot(const Plot& plot, Commands& commands, const char* name, ImVec2 room) {
  float used = room.x;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  const bool visible = ImGui::BeginChild(name, room, ImGuiChildFlags_NavFlattened,
                                         ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleVar();
  if (visible) {
    const Geometry geometry = place(plot.shown, ImGui::GetContentRegionAvail());
    used = geometry.left * 1.7F + geometry.size.x + em() * 1.5F;
    if (compared_head(plot.shown)) {
      const bool is_second = plot.map.other || &plot.tiles == &tiles_[1];
      const std::string label = plot.map.other ? std::string("B − A")
                                               : fmt::format("{}  L{} H{}", is_second ? 'B' : 'A',
                                                             plot.shown.layer, plot.shown.head);
      const ScopedFont strong(fonts().strong);
      ImGui::GetWindowDrawList()->AddText(ImGui::GetCursorScreenPos(), palette().text, label.c_str());
    }
    draw_cells(plot, commands, geometry);
    const MatrixAxes axes{geometry.corner,
                          geometry.size,
                          geometry.cell,
                          geometry.wide,
                          geometry.left,
                          label_angle,
                          geometry.x(geometry.window.first_column),
                          geometry.y(geometry.window.first_row),
                          geometry.window,
                          strongest_key(plot, plot.shown.query())};
    draw_matrix_labels(plot.shown, commands, axes);
    handle_mouse(plot, commands, geometry);
  }
  ImGui::EndChild();
  return used;
}

void MatrixPanel::draw_tools(const ShownAttention& shown, Commands& commands, bool behind) {
  const double other = matrix_maps(shown).second ? tiles_[1].most() : 0.0;
  draw_matrix_tools(shown, commands, std::max(tiles_[0].most(), other), behind);
}

bool MatrixPanel::has_list(const ShownAttention& shown, float width) {
  const bool only_sink = shown.frame.document.hide_sink && shown.map.keys == 1;
  return width >= em() * least_with_list && !only_sink && !matrix_maps(shown).second;
}

// The keys of the chosen row, in a window of their own.
void MatrixPanel::draw_list(const ShownAttention& shown, Commands& commands, HeadRows& rows,
                            bool with_note) const {
  const std::int64_t query = shown.query();
  if (!with_note) return draw_head_summary(shown, commands, rows.row(query), query);
  const float room = std::max(em() * 4, ImGui::GetContentRegionAvail().y - attention_note_height());
  if (ImGui::BeginChild("##list", ImVec2(0, room), ImGuiChildFlags_NavFlattened,
                        ImGuiWindowFlags_NoScrollbar)) {
    draw_head_summary(shown, commands, rows.row(query), query);
  }
  ImGui::EndChild();
  draw_attention_note(shown, commands);
}

void MatrixPanel::draw(const ShownAttention& shown, Commands& commands, HeadMaps& maps, bool with_note) {
  const Frame& frame = shown.frame;
  const MatrixMaps drawn = matrix_maps(shown);
  HeadRows* rows = maps.rows(shown.trace, shown.layer, shown.head, shown.cross());
  const auto compared = compared_head(shown);
  ShownAttention beside = shown;
  HeadRows* other_rows = nullptr;
  if (compared) {
    other_rows_.compute_on(frame.device);
    other_rows = other_rows_.rows(shown.trace, compared->layer, compared->head, shown.cross());
    beside.layer = compared->layer;
    beside.head = compared->head;
    beside.map.rule = attention_rule(shown.architecture(), compared->layer, shown.cross());
  }
  if (rows == nullptr || (compared && other_rows == nullptr)) {
    ImGui::TextDisabled("%s", text("attention.not_done").c_str());
    return;
  }
  const ImVec2 room = ImGui::GetContentRegionAvail();
  if (room.x < em() * 4 || room.y < em() * 4) return;
  if (frame.document.hide_sink && shown.map.keys == 1) {
    ImGui::TextDisabled("%s", text("attention.only_sink").c_str());
    return;
  }
  const ImVec2 start = ImGui::GetCursorScreenPos();
  if (drawn.second) {
    const float half = std::floor((room.x - em()) * 0.5F);
    draw_plot({shown, drawn.first, tiles_[0], *rows}, commands, "##matrix", ImVec2(half, room.y));
    ImGui::SetCursorScreenPos(ImVec2(start.x + half + em(), start.y));
    draw_plot({beside, *drawn.second, tiles_[1], *other_rows}, commands, "##second", ImVec2(half, room.y));
    handle_keys(shown, commands);
    return;
  }
  // The list of the chosen row goes beside the matrix where there is room for both.
  const float list_width = has_list(shown, room.x) ? em() * 16 : 0;
  const float list_gap = list_width > 0 ? em() * 1.2F : 0;
  const float plot_width = draw_plot({shown, drawn.first, tiles_[0], *rows}, commands, "##matrix",
                                     ImVec2(room.x - list_width - list_gap, room.y));
  handle_keys(shown, commands);
  if (list_width <= 0) return;
  // Directly beside what the matrix really takes.
  const float used = std::min(room.x - list_width, plot_width);
  ImGui::SetCursorScreenPos(ImVec2(start.x + used, start.y));
  if (ImGui::BeginChild("##row", ImVec2(std::min(room.x - used, em() * 48), 0), ImGuiChildFlags_NavFlattened,
                        ImGuiWindowFlags_NoScrollbar)) {
    draw_list(shown, commands, *rows, with_note);
  }
  ImGui::EndChild();
}

}  // namespace headlight

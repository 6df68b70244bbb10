// Places, draws and answers the matrix of one head.
#include "gui/views/matrix_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/head_summary.h"
#include "gui/views/matrix_labels.h"
#include "gui/widgets/map_scale.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }
float as_float(std::int64_t value) { return static_cast<float>(value); }

constexpr float label_angle = 0.87F;  // radians; about 50 degrees
// Rows of so many weights are reduced within a frame (a millisecond or two); more by the pooler.
constexpr std::int64_t most_cells_at_once = 512 * 512;
constexpr float largest_cell_ems = 5.2F;  // at zoom 1: a matrix of three tokens must not fill the window

// Black or white, whichever is read more easily on a colour.
ImU32 ink_on(ImU32 color) {
  const ImVec4 parts = ImGui::ColorConvertU32ToFloat4(color);
  const float luminance = 0.299F * parts.x + 0.587F * parts.y + 0.114F * parts.z;
  return luminance > 0.55F ? IM_COL32(20, 20, 26, 255) : IM_COL32(240, 240, 246, 255);
}

}  // namespace

float MatrixPanel::Geometry::x(std::int64_t key) const {
  return corner.x +
         static_cast<float>((static_cast<double>(key - first_column) - column) * static_cast<double>(cell));
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
  const float fit = std::min({most.x / as_float(std::max<std::int64_t>(geometry.columns, 1)),
                              most.y / as_float(geometry.rows), largest_cell_ems * em()});
  const float most_zoom = std::max(1.0F, largest_cell_ems * em() / fit);
  zoom_ = std::clamp(zoom_, 1.0F, most_zoom);
  geometry.cell = fit * zoom_;
  if (geometry.cell >= 4) geometry.cell = std::floor(geometry.cell);
  geometry.size = ImVec2(std::min(most.x, geometry.cell * as_float(geometry.columns)),
                         std::min(most.y, geometry.cell * as_float(geometry.rows)));
  const auto limit = [&](double& at, std::int64_t count, float length) {
    at = std::clamp(at, 0.0,
                    std::max(0.0, static_cast<double>(count) - static_cast<double>(length / geometry.cell)));
  };
  limit(row_, geometry.rows, geometry.size.y);
  limit(column_, geometry.columns, geometry.size.x);
  geometry.row = row_;
  geometry.column = column_;
  const ImVec2 start = ImGui::GetCursorScreenPos();
  geometry.corner = ImVec2(std::floor(start.x + geometry.left), std::floor(start.y + geometry.top));
  const auto end = [&](double at, float length, std::int64_t count) {
    return std::min(
        count, static_cast<std::int64_t>(std::ceil(at + static_cast<double>(length / geometry.cell) - 1e-6)));
  };
  geometry.window = {static_cast<std::int64_t>(row_), end(row_, geometry.size.y, geometry.rows),
                     static_cast<std::int64_t>(column_) + geometry.first_column,
                     end(column_, geometry.size.x, geometry.columns) + geometry.first_column};
  return geometry;
}

MatrixPart MatrixPanel::part_of(const ShownAttention& shown, const Geometry& geometry) const {
  const Frame& frame = shown.frame;
  // A pixel is the smallest cell: what shares one is pooled.
  const auto cells = [&](std::int64_t count) {
    const auto pixels = static_cast<std::int64_t>(std::ceil(as_float(count) * geometry.cell));
    return std::clamp<std::int64_t>(pixels, 1, std::max<std::int64_t>(count, 1));
  };
  const CellWindow& window = geometry.window;
  return {shown.layer,
          shown.head,
          shown.cross(),
          window,
          cells(window.columns()),
          cells(window.rows()),
          frame.document.map_scale == MapScale::per_row,
          frame.document.hide_sink};
}

bool MatrixPanel::shows(const ShownAttention& shown, const MatrixPart& part) const {
  return shown_.lock() == shown.trace && shown_part_.shows_as(part);
}

void MatrixPanel::show(const std::shared_ptr<const Trace>& trace, const MatrixPart& part,
                       std::vector<float> cells) {
  shown_ = trace;
  shown_part_ = part;
  texture_.set_cells(static_cast<int>(part.width), static_cast<int>(part.height), std::move(cells));
}

void MatrixPanel::refresh(const ShownAttention& shown, Commands& commands, const Geometry& geometry,
                          HeadRows& rows) {
  texture_.set_scale(shown.frame.document.map_scale);
  const MatrixPart part = part_of(shown, geometry);
  if (shows(shown, part) && shown_part_ == part) return;
  if (geometry.window.rows() * shown.map.keys <= most_cells_at_once) {
    show(shown.trace, part,
         matrix_cells([&](std::int64_t query) { return rows.row(query); }, shown.map, part));
    return;
  }
  if (auto done = pooler_.take(); done && done->trace.lock() == shown.trace && done->part.shows_as(part)) {
    show(shown.trace, done->part, std::move(done->cells));
    if (shown_part_ == part) return;
  }
  if (wanted_.lock() != shown.trace || !(wanted_part_ == part)) {
    wanted_ = shown.trace;
    wanted_part_ = part;
    pooler_.submit(shown.trace, shown.map, part);
  }
  commands.pending();
}

// While a part is still being reduced, what is there of it stands where it belongs.
void MatrixPanel::draw_texture(const ShownAttention& shown, const Geometry& geometry) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const MatrixPart part = part_of(shown, geometry);
  const bool is_shown = shows(shown, part);
  if (!is_shown || !(shown_part_ == part)) {
    const ImVec2 opposite(geometry.corner.x + geometry.size.x, geometry.corner.y + geometry.size.y);
    list->AddRectFilled(geometry.corner, opposite, cell_color(shown.frame.document.map_scale, unknown_cell));
  }
  if (is_shown) {
    const CellWindow& window = shown_part_.window;
    texture_.draw(*list, ImVec2(geometry.x(window.first_column), geometry.y(window.first_row)),
                  ImVec2(geometry.x(window.last_column), geometry.y(window.last_row)));
  } else {
    const std::string& words = text("attention.computing");
    const ImVec2 size = ImGui::CalcTextSize(words.c_str());
    list->AddText(ImVec2(geometry.corner.x + (geometry.size.x - size.x) * 0.5F,
                         geometry.corner.y + (geometry.size.y - size.y) * 0.5F),
                  palette().muted, words.c_str());
  }
}

void MatrixPanel::draw_numbers(const ShownAttention& shown, const Geometry& geometry, HeadRows& rows) {
  const Frame& frame = shown.frame;
  ImDrawList* list = ImGui::GetWindowDrawList();
  const CellWindow& window = geometry.window;
  const ScopedFont mono(fonts().mono, geometry.cell >= em() * 3.4F ? 0.95F : 0.78F);
  for (std::int64_t query = window.first_row; query < window.last_row; ++query) {
    const KeyRange seen = shown.map.seen(query);
    const float* weights = rows.row(query);
    for (std::int64_t key = std::max(window.first_column, seen.first);
         weights && key < std::min(window.last_column, seen.last); ++key) {
      const std::size_t at =
          static_cast<std::size_t>((query - window.first_row) * texture_.width() + key - window.first_column);
      const float weight = frame.document.hide_sink && frame.document.map_scale != MapScale::per_row
                               ? texture_.cells()[at]
                               : weights[key];
      const std::string number = std::isnan(weight) ? "NaN" : fmt::format("{:.2f}", weight);
      const ImVec2 size = ImGui::CalcTextSize(number.c_str());
      const ImU32 under = cell_color(frame.document.map_scale, texture_.cells()[at]);
      list->AddText(ImVec2(geometry.x(key) + (geometry.cell - size.x) * 0.5F,
                           geometry.y(query) + (geometry.cell - size.y) * 0.5F),
                    with_alpha(ink_on(under), weight < 0.005F ? 0.45F : 0.95F), number.c_str());
    }
  }
}

void MatrixPanel::draw_cells(const ShownAttention& shown, const Geometry& geometry, HeadRows& rows) {
  ImDrawList* list = ImGui::GetWindowDrawList();
  const ImVec2 opposite(geometry.corner.x + geometry.size.x, geometry.corner.y + geometry.size.y);
  const CellWindow& window = geometry.window;
  list->PushClipRect(geometry.corner, opposite, true);
  draw_texture(shown, geometry);
  if (geometry.cell >= em() * 0.7F) {
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
  const MatrixPart part = part_of(shown, geometry);
  if (geometry.cell >= em() * 2.1F && shows(shown, part) && shown_part_ == part)
    draw_numbers(shown, geometry, rows);
  const auto frame_cells = [&](std::int64_t query, std::int64_t key, std::int64_t down, std::int64_t across,
                               ImU32 color, float thickness) {
    const ImVec2 from(geometry.x(key), geometry.y(query));
    list->AddRect(from,
                  ImVec2(from.x + geometry.cell * as_float(across) + thickness * 0.5F,
                         from.y + geometry.cell * as_float(down) + thickness * 0.5F),
                  color, em() * 0.1F, thickness);
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
  list->PopClipRect();
}

void MatrixPanel::move_with_mouse(const Geometry& geometry, bool hovered) {
  const ImGuiIO& io = ImGui::GetIO();
  if (ImGui::IsItemActivated()) dragged_ = false;
  if (ImGui::IsItemActive() && ImGui::IsMouseDragging(ImGuiMouseButton_Left)) {
    dragged_ = true;
    column_ -= static_cast<double>(io.MouseDelta.x / geometry.cell);
    row_ -= static_cast<double>(io.MouseDelta.y / geometry.cell);
  }
  if (!hovered || io.MouseWheel == 0.0F) return;
  // The cell under the mouse stays under it.
  const double across = static_cast<double>((io.MousePos.x - geometry.corner.x) / geometry.cell);
  const double down = static_cast<double>((io.MousePos.y - geometry.corner.y) / geometry.cell);
  const float before = zoom_;
  zoom_ = std::max(1.0F, zoom_ * std::pow(1.2F, io.MouseWheel));
  const double kept = 1.0 - static_cast<double>(before / zoom_);
  column_ += across * kept;
  row_ += down * kept;
}

void MatrixPanel::handle_mouse(const ShownAttention& shown, Commands& commands, const Geometry& geometry,
                               HeadRows& rows) {
  ImGui::SetCursorScreenPos(geometry.corner);
  const bool clicked = ImGui::InvisibleButton(
      "##cells", ImVec2(std::max(1.0F, geometry.size.x), std::max(1.0F, geometry.size.y)));
  ImGui::SetItemKeyOwner(ImGuiKey_MouseWheelY);
  const bool hovered = ImGui::IsItemHovered();
  move_with_mouse(geometry, hovered);
  if (!hovered) return;
  const ImVec2 mouse = ImGui::GetMousePos();
  const auto key = static_cast<std::int64_t>(
                       geometry.column + static_cast<double>((mouse.x - geometry.corner.x) / geometry.cell)) +
                   geometry.first_column;
  const auto query = static_cast<std::int64_t>(
      geometry.row + static_cast<double>((mouse.y - geometry.corner.y) / geometry.cell));
  if (query >= geometry.rows || key >= geometry.columns + geometry.first_column) return;
  const ValueReference value = shown.cell(shown.hooks.pattern, query, key);
  shown.hover_query(commands, query);
  shown.hover_key(commands, key);
  commands.hover().head = std::pair(shown.layer, shown.head);
  commands.hover().value = value;
  if (const float* weights = rows.row(query)) draw_cell_tooltip(shown, weights, query, key);
  if (ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) {
    zoom_ = 1;
    return;
  }
  if (!clicked || dragged_) return;
  const bool release = shown.chosen_query() == query && shown.locked_key() == key;
  commands.edit(shown.select_query(release ? std::nullopt : std::optional(query)));
  commands.edit(shown.select_key(release ? std::nullopt : std::optional(key)));
  commands.edit(SelectValue{release ? std::nullopt : std::optional(value)});
}

// Arrow keys walk over the cells of the matrix.
void MatrixPanel::handle_keys(const ShownAttention& shown, Commands& commands) const {
  if (!ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows) || ImGui::GetIO().WantTextInput) return;
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
}

void MatrixPanel::draw(const ShownAttention& shown, Commands& commands, HeadMaps& maps) {
  const Frame& frame = shown.frame;
  HeadRows* rows = maps.rows(shown.trace, shown.layer, shown.head, shown.cross());
  if (rows == nullptr) {
    ImGui::TextDisabled("%s", text("attention.not_done").c_str());
    return;
  }
  const ImVec2 room = ImGui::GetContentRegionAvail();
  if (room.x < em() * 4 || room.y < em() * 4) return;
  if (frame.document.hide_sink && shown.map.keys == 1) {
    ImGui::TextDisabled("%s", text("attention.only_sink").c_str());
    return;
  }
  // The list of the chosen row goes beside the matrix where there is room for both.
  const float list_width = room.x >= em() * 34 ? em() * 16 : 0;
  const float list_gap = list_width > 0 ? em() * 1.2F : 0;
  const std::int64_t query = shown.query();
  const ImVec2 start = ImGui::GetCursorScreenPos();
  Geometry geometry;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(0, 0));
  const bool visible = ImGui::BeginChild(
      "##matrix", ImVec2(room.x - list_width - list_gap, room.y), ImGuiChildFlags_None,
      ImGuiWindowFlags_NoNavInputs | ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleVar();
  if (visible) {
    geometry = place(shown, ImGui::GetContentRegionAvail());
    refresh(shown, commands, geometry, *rows);
    draw_cells(shown, geometry, *rows);
    const MatrixAxes axes{geometry.corner,
                          geometry.size,
                          geometry.cell,
                          geometry.left,
                          label_angle,
                          geometry.x(geometry.window.first_column),
                          geometry.y(geometry.window.first_row),
                          geometry.window};
    draw_matrix_labels(shown, commands, axes);
    handle_mouse(shown, commands, geometry, *rows);
  }
  ImGui::EndChild();
  handle_keys(shown, commands);
  if (list_width <= 0) return;
  // Directly beside what the matrix really takes.
  const float used = std::min(room.x - list_width, geometry.left * 1.7F + geometry.size.x + em() * 1.5F);
  ImGui::SetCursorScreenPos(ImVec2(start.x + used, start.y));
  if (ImGui::BeginChild("##row", ImVec2(std::min(room.x - used, em() * 34), 0), ImGuiChildFlags_None,
                        ImGuiWindowFlags_NoNavInputs | ImGuiWindowFlags_NoScrollbar)) {
    draw_head_summary(shown, commands, rows->row(query), query);
  }
  ImGui::EndChild();
}

}  // namespace headlight

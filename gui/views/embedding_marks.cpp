// Names, colours and lit tokens of the embedding view.
#include "gui/views/embedding_marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/forward/derived_values.h"
#include "gui/fonts.h"
#include "gui/strings.h"
#include "gui/theme.h"
#include "gui/views/hook_words.h"
#include "gui/widgets/ink.h"
#include "gui/widgets/significant_text.h"
#include "gui/widgets/subscript.h"
#include "gui/widgets/token_piece.h"

namespace headlight {
namespace {

float em() { return ImGui::GetFontSize(); }

// A way through the layers, at pixels.
void draw_path(ImDrawList& list, const std::vector<ImVec2>& stops, std::int64_t now, std::size_t position,
               bool chosen) {
  const ImU32 color = path_color(position, chosen);
  const float thickness = std::max(chosen ? 2.5F : 2.0F, em() * (chosen ? 0.18F : 0.13F));
  const auto gone = static_cast<std::size_t>(std::max<std::int64_t>(now, 0));
  for (std::size_t i = 1; i < stops.size(); ++i) {
    if (!finite(stops[i - 1]) || !finite(stops[i])) continue;
    const float alpha = i <= gone ? 1.0F : chosen ? 0.45F : 0.3F;
    list.AddLine(stops[i - 1], stops[i], with_alpha(color, alpha), i <= gone ? thickness : thickness * 0.6F);
  }
  if (stops.empty() || !finite(stops.front())) return;
  list.AddCircle(stops.front(), em() * 0.18F, color, 0, thickness * 0.7F);
  if (!chosen) return;
  for (std::size_t i = 1; i < stops.size(); ++i) {
    if (finite(stops[i]))
      list.AddCircleFilled(stops[i], em() * 0.15F, with_alpha(color, i <= gone ? 1.0F : 0.5F));
  }
}

}  // namespace

bool finite(ImVec2 at) { return std::isfinite(at.x) && std::isfinite(at.y); }

void draw_caption(const std::string& words, ImU32 color) {
  const ScopedFont small(fonts().body, 0.88F);
  ImGui::PushStyleColor(ImGuiCol_Text, color);
  ImGui::PushTextWrapPos(0.0F);
  ImGui::TextUnformatted(words.c_str());
  ImGui::PopTextWrapPos();
  ImGui::PopStyleColor();
}

std::string coordinate_text(double value) {
  const double size = std::abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return significant_text(value, 3);
  return (value < 0 ? "−" : "") + (size >= 1e3 ? fmt::format("{:.0f}", size) : fmt::format("{:.4g}", size));
}

ShownText shown_text(const Frame& frame) {
  const std::shared_ptr<const Trace>& trace = frame.result.trace;
  const bool encoder = trace && trace->source() && frame.document.embedding.encoder;
  return {encoder ? trace->source() : trace, encoder};
}

std::string token_of(const Frame& frame, const ShownText& shown, std::int64_t position) {
  if (!shown.encoder) return frame.token_text(position);
  return token_words(*frame.trace(), shown.trace->tokens()[static_cast<std::size_t>(position)]);
}

std::string value_name_in(const Frame& frame, const ShownText& shown, HookPlace place) {
  return value_name(*frame.trace(), {place.hook, place.layer, {}, shown.encoder});
}

LitTokens lit_tokens(const Frame& frame, const ShownText& shown) {
  const Hover& hover = frame.hover;
  const Document& document = frame.document;
  if (shown.encoder)
    return {hover.source_query, hover.source_key, document.source_query, document.source_key};
  return {hover.query, hover.key, document.query, document.key};
}

ImU32 LitTokens::ring(std::int64_t position) const {
  if (hovered == position) return palette().hover;
  if (hovered_key == position) return palette().key;
  if (locked == position) return palette().lock;
  return locked_key == position ? with_alpha(palette().key, 0.8F) : 0;
}

std::int64_t token_in_question(const Frame& frame, const ShownText& shown) {
  if (!shown.encoder) return frame.query();
  const std::int64_t last = shown.positions() - 1;
  const LitTokens lit = lit_tokens(frame, shown);
  return std::clamp<std::int64_t>(lit.hovered.value_or(lit.locked.value_or(last)), 0, last);
}

void hover_token(Commands& commands, const ShownText& shown, std::int64_t position) {
  (shown.encoder ? commands.hover().source_query : commands.hover().query) = position;
}

void click_token(const Frame& frame, Commands& commands, const ShownText& shown, std::int64_t position) {
  const bool again = lit_tokens(frame, shown).locked == position;
  const std::optional<std::int64_t> next = again ? std::nullopt : std::optional<std::int64_t>(position);
  if (shown.encoder) {
    commands.edit(SelectSourceQuery{next});
  } else {
    commands.edit(SelectQuery{next});
  }
}

std::vector<SpotName> spot_names(const std::vector<TokenId>& tokens, const Tokenizer& tokenizer) {
  std::map<TokenId, int> count;
  for (const TokenId id : tokens) ++count[id];
  std::vector<SpotName> names;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] >= tokenizer.vocabulary_size()) {  // of the model before
      names.push_back({});
      continue;
    }
    SpotName name{token_piece(tokenizer.bytes(tokens[i])), std::nullopt};
    if (count[tokens[i]] > 1) name.position = static_cast<std::int64_t>(i);
    names.push_back(std::move(name));
  }
  return names;
}

LabelSize label_size(const SpotName& name) {
  const ScopedFont font(fonts().body, 0.88F);
  return {token_label_width(name.token, name.position) + em() * 0.7F, em() * 1.45F};
}

ImU32 dot_color(std::size_t position) {
  ImVec4 color = ImGui::ColorConvertU32ToFloat4(token_color(position));
  float hue = 0;
  float saturation = 0;
  float value = 0;
  ImGui::ColorConvertRGBtoHSV(color.x, color.y, color.z, hue, saturation, value);
  const bool dark = current_theme() == Theme::dark;
  ImGui::ColorConvertHSVtoRGB(hue, dark ? 0.45F : 0.60F, dark ? 0.92F : 0.68F, color.x, color.y, color.z);
  return ImGui::ColorConvertFloat4ToU32(color);
}

ImU32 path_color(std::size_t position, bool chosen) {
  const ImU32 color = visible_line(dot_color(position));
  return chosen ? color : faint(color, 0.6F);
}

void draw_label(ImDrawList& list, ImVec2 middle, const LabelSize& size, const SpotName& name,
                std::size_t position, ImU32 outline) {
  const ImVec2 corner(middle.x - size.width * 0.5F, middle.y - size.height * 0.5F);
  const ImVec2 opposite(corner.x + size.width, corner.y + size.height);
  const ScopedFont font(fonts().body, 0.88F);
  list.AddRectFilled(corner, opposite, token_color(position), em() * 0.3F);
  if (outline != 0) list.AddRect(corner, opposite, outline, em() * 0.3F, em() * 0.1F);
  const ImVec2 at(corner.x + em() * 0.35F, corner.y + (size.height - em()) * 0.5F);
  add_token_label(list, at, palette().token_text, name.token, name.position, size.width,
                  subscript_ink(token_color(position)));
}

void draw_label_line(ImDrawList& list, ImVec2 point, ImVec2 offset, float alpha) {
  list.AddLine(point, ImVec2(point.x + offset.x, point.y + offset.y),
               with_alpha(palette().muted, 0.8F * alpha), std::max(1.0F, em() * 0.07F));
}

void draw_left_out(ImDrawList& list, ImVec2 end, float room, std::size_t count) {
  if (count == 0) return;
  const ScopedFont small(fonts().body, 0.82F);
  const std::string words =
      shortened(format_text("embeddings.names_left_out", fmt::arg("count", count)), room);
  list.AddText(ImVec2(end.x - ImGui::CalcTextSize(words.c_str()).x, end.y), small_ink(), words.c_str());
}

void draw_dot(ImDrawList& list, ImVec2 point, float radius, std::size_t position, float alpha, ImU32 ring) {
  list.AddCircleFilled(point, radius, with_alpha(dot_color(position), alpha));
  list.AddCircle(point, radius, with_alpha(palette().panel, alpha), 0, std::max(1.0F, em() * 0.08F));
  if (ring != 0) list.AddCircle(point, radius + em() * 0.12F, ring, 0, std::max(1.0F, em() * 0.1F));
}

void draw_paths(const TokenMap& map, std::int64_t now, const LitTokens& lit, std::int64_t pointed,
                const std::function<ImVec2(const Projection::Point&)>& pixels) {
  if (map.streams < 2) return;
  std::vector<ImVec2> stops(static_cast<std::size_t>(map.streams));
  for (const bool chosen_ones : {false, true}) {
    if (!chosen_ones && map.positions > most_paths) continue;
    for (std::int64_t position = 0; position < map.positions; ++position) {
      const bool chosen = lit.chosen(position) || position == pointed;
      if (chosen != chosen_ones) continue;
      for (std::int64_t stream = 0; stream < map.streams; ++stream)
        stops[static_cast<std::size_t>(stream)] = pixels(map.at(stream, position));
      draw_path(*ImGui::GetWindowDrawList(), stops, now, static_cast<std::size_t>(position), chosen);
    }
  }
}

std::optional<float> Glide::step(const Frame& frame, Commands& commands) {
  constexpr double seconds = 0.2;
  if (next) {
    start = frame.seconds;
    next = false;
  }
  if (start < 0) return {};
  const double part = std::clamp((frame.seconds - start) / seconds, 0.0, 1.0);
  if (part >= 1.0) {
    start = -1;
  } else {
    commands.animate();
  }
  return static_cast<float>(part * part * (3.0 - 2.0 * part));
}

void spot_tooltip(const Frame& frame, const ShownMap& shown, std::int64_t position, int axes) {
  if (!ImGui::BeginTooltip()) return;
  {
    const ScopedFont strong(fonts().strong);
    ImGui::TextUnformatted(token_of(frame, shown.text, position).c_str());
  }
  ImGui::SameLine();
  ImGui::TextDisabled("%s", format_text("embeddings.position", fmt::arg("position", position)).c_str());
  {
    const ScopedFont mono(fonts().mono, 0.92F);
    std::string place;
    for (int axis = 0; axis < axes; ++axis) {
      const double at = shown.map->at(shown.stream, position)[static_cast<std::size_t>(axis)];
      place +=
          fmt::format("{}{} {}", axis > 0 ? "   " : "", axis_name(*shown.map, axis), coordinate_text(at));
    }
    ImGui::TextUnformatted(place.c_str());
    const auto index = static_cast<std::size_t>(position);
    if (shown.lengths != nullptr && index < shown.lengths->lengths.size()) {
      const std::string length = coordinate_text(shown.lengths->lengths[index]);
      ImGui::TextUnformatted(format_text("embeddings.length", fmt::arg("length", length)).c_str());
    }
    const ArchitectureDescription& a = shown.text.trace->model().architecture;
    const std::string name = value_name_in(frame, shown.text, stream_place(a, shown.layer));
    ImGui::TextDisabled("%s [%lld, :]  %s", name.c_str(), static_cast<long long>(position),
                        shape_text({a.d_model}).c_str());
  }
  ImGui::PushTextWrapPos(em() * 24);
  const bool components = shown.map->method == ProjectionMethod::pca;
  ImGui::TextUnformatted(text(components ? "embeddings.point_tip" : "embeddings.laid_out_tip").c_str());
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

std::string axis_name(const TokenMap& map, int axis) {
  const char* method = map.method == ProjectionMethod::umap   ? "UMAP"
                       : map.method == ProjectionMethod::tsne ? "t-SNE"
                                                              : "PC";
  return fmt::format("{} {}", method, axis + 1);
}

std::string axis_title(const TokenMap& map, int axis) {
  const double share = map.projection.explained[static_cast<std::size_t>(axis)];
  return format_text("embeddings.axis", fmt::arg("axis", axis + 1),
                     fmt::arg("share", fmt::format("{:.{}f}", 100.0 * share, share < 0.0995 ? 1 : 0)));
}

}  // namespace headlight

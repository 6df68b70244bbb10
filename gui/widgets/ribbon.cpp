// Writes triangles straight into the draw list: a ribbon is one run of vertices.
#include "gui/widgets/ribbon.h"

#include <algorithm>
#include <cmath>

#include "gui/color_map.h"
#include "gui/theme.h"

namespace headlight {
namespace {

constexpr int bend_segments = 16;
constexpr float soft_edge = 0.5F;  // half of the pixels over which a border fades

constexpr float thin_band = 2.5F;  // pixels; a thinner one is drawn as a line
constexpr float thinnest_thread = 1.25F, palest_thread = 0.7F;

// A band as a line of even width; under a pixel it is paler, but never so pale that it is lost.
void add_thread(ImDrawList& list, const RibbonEnd& from, const RibbonEnd& to, float width) {
  const ImVec2 start(from.x, (from.top + from.bottom) * 0.5F);
  const ImVec2 end(to.x, (to.top + to.bottom) * 0.5F);
  const float bend = (end.x - start.x) * 0.5F;
  const float line = std::max(thinnest_thread, width);
  const ImU32 color = with_alpha(to.color, std::clamp(width, palest_thread, 1.0F));
  if (std::abs(start.y - end.y) < 0.5F) {
    list.AddRectFilled(ImVec2(start.x, start.y - line * 0.5F), ImVec2(end.x, start.y + line * 0.5F), color);
    return;
  }
  list.AddBezierCubic(start, ImVec2(start.x + bend, start.y), ImVec2(end.x - bend, end.y), end, color, line,
                      20);
}

}  // namespace

void add_ribbon(ImDrawList& list, const RibbonEnd& from, const RibbonEnd& to) {
  if (to.x - from.x < 0.5F) return;
  // Heights are measured upright: a steep band is thinner across, and would break into dots.
  const float widest = std::max(from.bottom - from.top, to.bottom - to.top);
  const float mean = (from.bottom - from.top + to.bottom - to.top) * 0.5F;
  const float slope = 0.75F * (to.top + to.bottom - from.top - from.bottom) / (to.x - from.x);
  if (widest < thin_band || mean / std::sqrt(1 + slope * slope) < thin_band * 0.6F) {
    add_thread(list, from, to, mean);
    return;
  }
  const bool straight = std::abs(from.top - to.top) < 0.5F && std::abs(from.bottom - to.bottom) < 0.5F;
  const int segments = straight ? 1 : bend_segments;
  list.PrimReserve(segments * 18, (segments + 1) * 4);
  const ImVec2 white = ImGui::GetFontTexUvWhitePixel();
  auto base = list._VtxCurrentIdx;
  for (int i = 0; i <= segments; ++i) {
    const float t = static_cast<float>(i) / static_cast<float>(segments);
    const float bend = t * t * (3.0F - 2.0F * t);
    const float x = from.x + (to.x - from.x) * t;
    const float top = from.top + (to.top - from.top) * bend;
    const float bottom = from.bottom + (to.bottom - from.bottom) * bend;
    // Thinner than a pixel, a band is drawn a pixel wide and paler.
    const float height = bottom - top;
    const float inside = std::min(soft_edge, height * 0.5F);
    const ImU32 color = with_alpha(mix(from.color, to.color, t), std::min(1.0F, height));
    const ImU32 clear = color & ~IM_COL32_A_MASK;
    list.PrimWriteVtx(ImVec2(x, top - soft_edge), white, clear);
    list.PrimWriteVtx(ImVec2(x, top + inside), white, color);
    list.PrimWriteVtx(ImVec2(x, bottom - inside), white, color);
    list.PrimWriteVtx(ImVec2(x, bottom + soft_edge), white, clear);
  }
  for (int i = 0; i < segments; ++i, base += 4) {
    for (unsigned int band = 0; band < 3; ++band) {
      const ImDrawIdx corner = base + band;
      list.PrimWriteIdx(corner);
      list.PrimWriteIdx(corner + 4);
      list.PrimWriteIdx(corner + 5);
      list.PrimWriteIdx(corner);
      list.PrimWriteIdx(corner + 5);
      list.PrimWriteIdx(corner + 1);
    }
  }
}

void add_cells(ImDrawList& list, ImVec2 min, ImVec2 max, std::span<const float> values, float range,
               float alpha) {
  if (values.empty()) return;
  const auto count = static_cast<int>(values.size());
  list.PrimReserve(count * 6, count * 4);
  const float step = (max.x - min.x) / static_cast<float>(count);
  const float scale = range > 0 ? 1.0F / range : 0.0F;
  for (int i = 0; i < count; ++i) {
    const float value = values[static_cast<std::size_t>(i)];
    const ImU32 color = color_of(ColorMap::diverging, std::isnan(value) ? value : value * scale);
    list.PrimRect(ImVec2(min.x + step * static_cast<float>(i), min.y),
                  ImVec2(min.x + step * static_cast<float>(i + 1), max.y), with_alpha(color, alpha));
  }
}

namespace {

// Whole pixels, as ImGui's own texts have them: letters of other sizes are stretched ones, pale and blurred.
float type_size(float size) { return std::round(ImGui::GetFontSize() * size); }

}  // namespace

float label_width(ImFont* font, float size, std::string_view words) {
  return font->CalcTextSizeA(type_size(size), FLT_MAX, 0.0F, words.data(), words.data() + words.size()).x;
}

float add_label(ImDrawList& list, ImFont* font, float size, ImVec2 at, float align, ImU32 color,
                std::string_view words) {
  const float width = label_width(font, size, words);
  list.AddText(font, type_size(size), ImVec2(std::floor(at.x - width * align), std::floor(at.y)), color,
               words.data(), words.data() + words.size());
  return width;
}

}  // namespace headlight

// Colour maps interpolated from anchor points.
// viridis and magma: van der Walt & Smith 2015 (CC0); cividis: Nuñez, Anderton & Renslow 2018 (CC0). Violet
// and diverging are our own and end in the palette's accents.
#include "gui/color_map.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "gui/theme.h"

namespace headlight {
namespace {

using Table = std::array<ImU32, 256>;

constexpr std::array<unsigned int, 17> viridis_anchors = {
    0x440154, 0x48186A, 0x472D7B, 0x424086, 0x3B528B, 0x33638D, 0x2C728E, 0x26828E, 0x21918C,
    0x1FA088, 0x28AE80, 0x3FBC73, 0x5EC962, 0x84D44B, 0xADDC30, 0xD8E219, 0xFDE725};
constexpr std::array<unsigned int, 17> magma_anchors = {
    0x000004, 0x0A0822, 0x1D1147, 0x36106B, 0x51127C, 0x6A1C81, 0x832681, 0x9C2E7F, 0xB73779,
    0xD0416F, 0xE75263, 0xF56B5C, 0xFC8961, 0xFEA772, 0xFEC488, 0xFDE2A3, 0xFCFDBF};
constexpr std::array<unsigned int, 17> cividis_anchors = {
    0x00224E, 0x002E6A, 0x1A386F, 0x32436D, 0x434E6C, 0x535A6D, 0x61656F, 0x6F7073, 0x7D7C78,
    0x8C8878, 0x9B9476, 0xABA072, 0xBCAE6C, 0xCDBB63, 0xDEC958, 0xF0D846, 0xFEE838};
// Lightness moves one way from the panel's colour, so that zero is calm and one is loud in either theme.
constexpr std::array<unsigned int, 5> violet_dark_anchors = {0x161A20, 0x35305C, 0x6A55B4, 0xA98BFF,
                                                             0xF1EBFF};
constexpr std::array<unsigned int, 5> violet_light_anchors = {0xFFFFFF, 0xDDD3F8, 0xA98BFF, 0x7450D8,
                                                              0x2F1470};
constexpr std::array<unsigned int, 7> diverging_dark_anchors = {0xBBD8FF, 0x5B9CFF, 0x2C4F86, 0x20252D,
                                                                0x85502A, 0xF2913D, 0xFFDDB5};
constexpr std::array<unsigned int, 7> diverging_light_anchors = {0x0B3D91, 0x1F6FE5, 0xA9C8F7, 0xF6F6F4,
                                                                 0xF8C79C, 0xD96C10, 0x7F3600};

Table make_table(std::span<const unsigned int> anchors) {
  Table table{};
  for (std::size_t entry = 0; entry < table.size(); ++entry) {
    const float place = static_cast<float>(entry) / 255.0F * static_cast<float>(anchors.size() - 1);
    const std::size_t first = std::min(static_cast<std::size_t>(place), anchors.size() - 2);
    const auto color = [&anchors](std::size_t index) {
      const unsigned int hex = anchors[index];
      return IM_COL32((hex >> 16U) & 0xFFU, (hex >> 8U) & 0xFFU, hex & 0xFFU, 0xFFU);
    };
    table[entry] = mix(color(first), color(first + 1), place - static_cast<float>(first));
  }
  return table;
}

ColorMap chosen = ColorMap::violet;

}  // namespace

const char* name_of(ColorMap map) {
  switch (map) {
    case ColorMap::viridis:
      return "viridis";
    case ColorMap::magma:
      return "magma";
    case ColorMap::cividis:
      return "cividis";
    case ColorMap::violet:
      return "violet";
    case ColorMap::diverging:
      return "diverging";
  }
  return "";
}

ColorMap sequential_map() { return chosen; }

void choose_sequential_map(ColorMap map) { chosen = map; }

const std::array<ImU32, 256>& color_table(ColorMap map) {
  static const Table viridis = make_table(viridis_anchors);
  static const Table magma = make_table(magma_anchors);
  static const Table cividis = make_table(cividis_anchors);
  static const Table violet_dark = make_table(violet_dark_anchors);
  static const Table violet_light = make_table(violet_light_anchors);
  static const Table diverging_dark = make_table(diverging_dark_anchors);
  static const Table diverging_light = make_table(diverging_light_anchors);
  const bool dark = current_theme() == Theme::dark;
  switch (map) {
    case ColorMap::viridis:
      return viridis;
    case ColorMap::magma:
      return magma;
    case ColorMap::cividis:
      return cividis;
    case ColorMap::violet:
      return dark ? violet_dark : violet_light;
    case ColorMap::diverging:
      return dark ? diverging_dark : diverging_light;
  }
  return viridis;
}

ImU32 color_of(ColorMap map, float value) {
  if (std::isnan(value)) return palette().error;
  const float unit = map == ColorMap::diverging ? value * 0.5F + 0.5F : value;
  const float entry = std::clamp(unit, 0.0F, 1.0F) * 255.0F + 0.5F;
  return color_table(map)[static_cast<std::size_t>(entry)];
}

}  // namespace headlight

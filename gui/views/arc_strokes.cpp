// ImGui draws the lines once, into a list of our own.
#include "gui/views/arc_strokes.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace headlight {
namespace {

// x in equal steps: no corner is seen where there are some hundred arcs; few pieces where they are too many
// to be told apart.
constexpr std::size_t most_pieces = 48;
std::size_t pieces_of(std::size_t strokes) {
  return strokes < 200 ? most_pieces : strokes < 600 ? 32 : strokes < 1000 ? 20 : 8;
}

}  // namespace

float arc_height(ImVec2 from, ImVec2 to, float x) {
  const float t = std::clamp((x - from.x) / std::max(1.0F, to.x - from.x), 0.0F, 1.0F);
  return from.y + (to.y - from.y) * t * t * (3.0F - 2.0F * t);
}

void ArcStrokes::set(const std::vector<ArcStroke>& strokes) {
  ImDrawList list(ImGui::GetDrawListSharedData());
  list._ResetForNewFrame();
  list._SetPixelDensity(ImGui::GetWindowDrawList()->_InvFringeScale);  // lines are a pixel soft
  list.PushTexture(ImGui::GetIO().Fonts->TexRef);
  list.PushClipRectFullScreen();
  const std::size_t pieces = pieces_of(strokes.size());
  std::array<ImVec2, most_pieces + 1> points;
  for (const ArcStroke& stroke : strokes) {
    for (std::size_t i = 0; i <= pieces; ++i) {
      const float t = static_cast<float>(i) / static_cast<float>(pieces);
      const float x = stroke.from.x + (stroke.to.x - stroke.from.x) * t;
      points[i] = ImVec2(x, arc_height(stroke.from, stroke.to, x));
    }
    list.AddPolyline(points.data(), static_cast<int>(pieces) + 1, stroke.color, stroke.thickness);
  }
  vertices_.assign(list.VtxBuffer.begin(), list.VtxBuffer.end());
  indices_.assign(list.IdxBuffer.begin(), list.IdxBuffer.end());
  white_ = ImGui::GetFontTexUvWhitePixel();
}

bool ArcStrokes::is_stale() const {
  const ImVec2 white = ImGui::GetFontTexUvWhitePixel();
  return white.x != white_.x || white.y != white_.y;
}

void ArcStrokes::draw(ImDrawList& list, bool in_grey, ImU32 grey) const {
  if (indices_.empty()) return;
  list.PrimReserve(static_cast<int>(indices_.size()), static_cast<int>(vertices_.size()));
  const auto base = static_cast<ImDrawIdx>(list._VtxCurrentIdx);
  for (std::size_t i = 0; i < indices_.size(); ++i) list._IdxWritePtr[i] = base + indices_[i];
  std::copy(vertices_.begin(), vertices_.end(), list._VtxWritePtr);
  if (in_grey) {
    for (std::size_t i = 0; i < vertices_.size(); ++i) {
      const ImU32 alpha = (list._VtxWritePtr[i].col >> IM_COL32_A_SHIFT) / 5U;
      list._VtxWritePtr[i].col = (grey & ~IM_COL32_A_MASK) | (alpha << IM_COL32_A_SHIFT);
    }
  }
  list._IdxWritePtr += indices_.size();
  list._VtxWritePtr += vertices_.size();
  list._VtxCurrentIdx += static_cast<unsigned int>(vertices_.size());
}

}  // namespace headlight

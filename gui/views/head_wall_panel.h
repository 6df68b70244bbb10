// All heads at once: layers × heads thumbnails, one draw call; as the model has them, or sorted by a score.
#pragma once

#include <memory>
#include <vector>

#include "core/analysis/head_wall.h"
#include "gui/frame.h"
#include "gui/views/head_maps.h"
#include "gui/views/shown_attention.h"
#include "gui/views/tiled_map.h"
#include "gui/views/wall_layout.h"
#include "gui/views/wall_scores.h"
#include "gui/widgets/heatmap_texture.h"

namespace headlight {

// What the wall's texture holds: [layer, row, head, column], thumbnails of cells × cells, max-pooled from the
// wall's own. per_row: each row divided by its largest; hide_sink: without key 0, the rest renormalised.
std::vector<float> wall_cells(const HeadWall& wall, std::int64_t cells, bool per_row, bool hide_sink);

// One head of the wall, enlarged, with all the cells that the wall has.
class EnlargedHead {
 public:
  void draw(ImDrawList& list, const Frame& frame, std::int64_t layer, std::int64_t head, ImVec2 corner,
            float edge);
  // The largest edge up to `most` pixels that is a whole multiple of the cells, else `most`.
  static float edge_within(const HeadWall& wall, float most);

 private:
  HeatmapTexture texture_;
  std::shared_ptr<const HeadWall> shown_;
  std::int64_t layer_ = -1, head_ = -1;
  bool per_row_ = false, hide_sink_ = false;
};

class HeadWallPanel {
 public:
  // Fills the rest of the current window. The trace and the wall are there.
  void draw(const ShownAttention& shown, Commands& commands, HeadMaps& maps);

 private:
  WallLayout lay_out(const ShownAttention& shown, ImVec2 room);
  void draw_wall(const ShownAttention& shown, Commands& commands, const WallLayout& layout);
  void draw_thumbnails(const WallLayout& layout, ImVec2 corner);
  void draw_outlines(const ShownAttention& shown, const WallLayout& layout, ImVec2 corner) const;
  void choose(const ShownAttention& shown, Commands& commands, std::int64_t layer, std::int64_t head) const;
  void refresh(const Frame& frame, const WallLayout& layout);
  void draw_labels(const ShownAttention& shown, const WallLayout& layout, ImVec2 corner) const;
  void draw_thumbnail(ImDrawList& list, ImVec2 corner, float edge, std::int64_t layer,
                      std::int64_t head) const;
  void draw_tooltip(const ShownAttention& shown, std::int64_t layer, std::int64_t head);

  void draw_chosen(const ShownAttention& shown, Commands& commands, HeadMaps& maps);
  void draw_chosen_map(const ShownAttention& shown, Commands& commands, ImVec2 corner, float edge);

  HeatmapTexture texture_;
  EnlargedHead hovered_;
  EnlargedHead chosen_;
  TiledMap chosen_map_;  // the same of a text that has more tokens than a thumbnail cells
  WallScores scores_;
  std::shared_ptr<const HeadWall> shown_;
  std::int64_t cells_ = 0;
  bool per_row_ = false;
  bool hide_sink_ = false;
};

}  // namespace headlight

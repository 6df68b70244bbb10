// Where what the chosen token holds came from, layer by layer: attention rollout, and attention flow below
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/attention_rollout.h"
#include "gui/views/made_value.h"
#include "gui/views/shown_attention.h"

namespace headlight {

class RolloutPanel {
 public:
  RolloutPanel();
  // Fills the rest of the current window. The trace is there.
  void draw(const ShownAttention& shown, Commands& commands);
  // Cells with less have no number, as the last frame drew them; 0: none has one.
  float numbers_from() const { return numbers_from_; }

 private:
  struct MapsKey {
    HeldTrace trace;
    std::int64_t layers = 0;  // that are done
    bool operator==(const MapsKey&) const = default;
  };
  struct RowsKey {
    std::shared_ptr<const RolloutMaps> maps;
    std::int64_t query = 0;
    bool operator==(const RowsKey&) const = default;
  };
  using Rows = std::vector<std::vector<double>>;
  struct Layout {
    ImVec2 corner;              // of the topmost cell
    float cell = 0;             // width of a column
    float line = 0;             // height of a layer
    float flow_top = 0;         // of the row of flow
    float flow_line = 0;        // its height
    std::int64_t together = 1;  // tokens that share a drawn column: the largest is shown
    std::int64_t tokens = 0, layers = 0;
  };

  bool prepare(const ShownAttention& shown, Commands& commands);
  Layout place(const ShownAttention& shown) const;
  void draw_labels(const ShownAttention& shown, const Layout& layout) const;
  void draw_cells(const ShownAttention& shown, const Layout& layout) const;
  void draw_flow(const ShownAttention& shown, const Layout& layout) const;
  void handle_mouse(const ShownAttention& shown, Commands& commands, const Layout& layout);
  void handle_keyboard(const ShownAttention& shown, Commands& commands) const;
  void draw_line(const ShownAttention& shown, const Layout& layout, const std::vector<double>& weights,
                 float top, float high) const;
  void draw_numbers(const ShownAttention& shown, const Layout& layout, const std::vector<double>& weights,
                    float middle) const;
  bool has_numbers(const Layout& layout) const;
  std::int64_t layers_for_label(const Layout& layout) const;

  MadeValue<MapsKey, std::shared_ptr<const RolloutMaps>> maps_;
  MadeValue<RowsKey, Rows> rows_;
  MadeValue<RowsKey, std::vector<double>> flow_;
  float numbers_from_ = 0;
};

}  // namespace headlight

// Who looks at whom: as maps, lines, coloured text and numbers.
#pragma once

#include "gui/view.h"
#include "gui/views/arcs_panel.h"
#include "gui/views/head_maps.h"
#include "gui/views/head_wall_panel.h"
#include "gui/views/heat_panel.h"
#include "gui/views/matrix_panel.h"
#include "gui/views/neuron_panel.h"
#include "gui/views/pass_text.h"
#include "gui/views/rollout_panel.h"
#include "gui/views/row_panel.h"

namespace headlight {

class AttentionView : public View {
 public:
  std::string_view name() const override { return "attention"; }
  std::string_view explanation() const override { return "explain.attention"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  // `with_note`: the matrix draws the note that stands below the others.
  void draw_mode(const ShownAttention& shown, Commands& commands, bool with_note);
  // Below which weight cells had no number in the last frame; 0: no such cell.
  float numbers_from_in(AttentionMode mode) const;

  HeadMaps maps_;
  ShownTexts texts_;
  HeadWallPanel wall_;
  MatrixPanel matrix_;
  RowPanel row_;
  ArcsPanel arcs_;
  HeatPanel heat_;
  NeuronPanel neuron_;
  RolloutPanel rollout_;
};

}  // namespace headlight

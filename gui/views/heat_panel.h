// The text itself, each token coloured by how strongly the chosen token looks at it, or it at the chosen one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/analysis/strong_weights.h"
#include "gui/views/head_maps.h"
#include "gui/views/made_value.h"
#include "gui/views/pass_text.h"
#include "gui/views/shown_attention.h"
#include "gui/widgets/wrapped_text.h"

namespace headlight {

class HeatPanel {
 public:
  HeatPanel();
  // Fills the rest of the current window. The trace is there.
  void draw(const ShownAttention& shown, Commands& commands, ShownTexts& texts, HeadMaps& maps);

 private:
  struct Key {
    HeldTrace trace;
    MapChoice choice;
    Merge merge = Merge::mean;
    std::int64_t unit = 0;
    bool toward = false;
    bool operator==(const Key&) const = default;
  };
  // One text as it is drawn: of queries or of keys, or both at once.
  struct Block {
    const PassText& pass;
    bool of_queries, of_keys;
    bool colored;                        // by the weights
    std::optional<std::int64_t> chosen;  // the unit that looks or is looked at
  };

  void draw_controls(const ShownAttention& shown, Commands& commands);
  Key key_of(const ShownAttention& shown, const PassText& queries, const PassText& keys) const;
  void draw_texts(const ShownAttention& shown, Commands& commands, const Key& key, const PassText& queries,
                  const PassText& keys);
  void draw_block(const ShownAttention& shown, Commands& commands, const Block& block, WrappedText& lines);
  void draw_token(const ShownAttention& shown, const Block& block, const WrappedText& lines,
                  std::size_t token, ImVec2 corner, float pitch, ImVec2 hand,
                  std::optional<std::size_t>& under_hand);
  void answer_mouse(const ShownAttention& shown, Commands& commands, const Block& block, std::size_t token,
                    bool clicked);
  float weight_of(const ShownAttention& shown, const Block& block, std::int64_t unit) const;

  MadeValue<Key, std::vector<float>> weights_;
  WrappedText first_, second_;
  float largest_ = 1;  // of weights_, for the scale of rows
};

}  // namespace headlight

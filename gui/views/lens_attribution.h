// Direct logit attribution: every part's share of one logit as a staircase that ends at the logit, heads as a
// map, and the chosen head's share token by token.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/analysis/logit_attribution.h"
#include "gui/views/lens_shown.h"

namespace headlight {

class LensAttribution {
 public:
  // Fills `size` at the cursor. `attribution`: of this trace or of the one before (then `dimmed`). `words`:
  // the target, or "target − distractor".
  void draw(const Frame& frame, Commands& commands,
            const std::shared_ptr<const LogitAttribution>& attribution, const std::string& words, bool dimmed,
            ImVec2 size);

 private:
  struct Plot;
  void draw_equation(const LogitAttribution& shown, const std::string& words) const;
  void draw_stairs(const Frame& frame, Commands& commands, const LogitAttribution& shown,
                   const Plot& plot) const;
  void draw_heads(const Frame& frame, Commands& commands, const LogitAttribution& shown,
                  const Plot& plot) const;
  struct Source {
    std::int64_t key = 0, position = 0;  // position: of the query
    double share = 0.0, largest = 1.0;   // largest: of all heads
    bool cross = false;
    std::string token, number;          // number: of the share, in words
    std::optional<std::int64_t> place;  // its position, where the text has the token more than once
    float width = 0.0F;
  };
  float draw_source(const Frame& frame, Commands& commands, const Source& source, ImVec2 corner) const;
  void draw_sources(const Frame& frame, Commands& commands, const LogitAttribution& shown, bool cross,
                    float height);
  void refresh_sources(const Frame& frame, const std::shared_ptr<const LogitAttribution>& shown);

  std::shared_ptr<const LogitAttribution> of_;  // whose sources these are
  std::int64_t layer_ = -1, head_ = -1;
  std::vector<double> sources_, cross_sources_;  // [key]; empty where they are not there
};

}  // namespace headlight

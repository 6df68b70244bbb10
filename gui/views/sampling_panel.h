// From logits to one sampled token, drawn as a funnel, with the settings of each stage beneath it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "gui/frame.h"

namespace headlight {

class SamplingPanel {
 public:
  // `shown` may be null: then only the settings are there.
  void draw(const Frame& frame, Commands& commands, const std::shared_ptr<const Distribution>& shown);

  // "T 0.80 · 49,152 → 12", for a closed panel.
  std::string summary(const Frame& frame, const std::shared_ptr<const Distribution>& shown);

 private:
  static constexpr std::size_t stage_count = 6;
  void count(const std::shared_ptr<const Distribution>& shown);
  void draw_funnel(const Frame& frame);
  void draw_stage(const Frame& frame, std::size_t stage, float left, float width);
  void draw_settings(const Frame& frame, Commands& commands);
  void draw_seed(const Frame& frame, Commands& commands);

  std::shared_ptr<const Distribution> counted_;
  std::array<std::int64_t, stage_count> survivors_{};  // after logits, ÷T, top-k, top-p, min-p, softmax
};

}  // namespace headlight

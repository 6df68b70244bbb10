// From logits to one sampled token, drawn as a funnel, with the settings of each stage beneath it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "gui/frame.h"

namespace headlight {

class SamplingPanel {
 public:
  // `at_end`: the distribution is that of the token behind the text, which is drawn next.
  void draw(const Frame& frame, Commands& commands, const std::shared_ptr<const Distribution>& shown,
            const Tokenizer& tokenizer, bool at_end);

  // "T 0.80 · 49,152 → 12", for a closed panel.
  std::string summary(const Frame& frame, const std::shared_ptr<const Distribution>& shown);
  std::string short_summary(const Frame& frame, const std::shared_ptr<const Distribution>& shown);

 private:
  static constexpr std::size_t stage_count = 6;
  void count(const std::shared_ptr<const Distribution>& shown);
  void draw_curve(const Frame& frame, Commands& commands, const Tokenizer& tokenizer);
  void draw_cuts(const SamplingSettings& settings, const std::function<float(double)>& x_of, float top,
                 float bottom) const;
  void draw_choice(const Frame& frame, Commands& commands, const Tokenizer& tokenizer);
  void draw_funnel(const Frame& frame);
  void draw_stage(const Frame& frame, std::size_t stage, float left, float width);
  void draw_settings(const Frame& frame, Commands& commands);
  void draw_seed(const Frame& frame, Commands& commands);

  std::shared_ptr<const Distribution> counted_;
  std::array<std::int64_t, stage_count> survivors_{};  // after logits, ÷T, top-k, top-p, min-p, softmax
};

// The curve of probabilities by rank: its points down to 10 to the power of `lowest`, where the line ends.
// What lies below has no point.
struct RankPoint {
  double rank = 1, power = 0;  // from 1; of ten
};
std::vector<RankPoint> rank_curve(const std::vector<Candidate>& ranked, double lowest);

}  // namespace headlight

// What all parts of the Lens view look at: the lens as far as it is made, and whose logits are asked for.
#pragma once

#include <optional>
#include <string>

#include "core/analysis/logit_lens.h"
#include "gui/frame.h"

namespace headlight {

struct ShownLens {
  const LogitLens& lens;          // perhaps of the text before, while the new one is being made
  std::optional<TokenId> target;  // empty: at each position the model's own likeliest token
  std::optional<TokenId> distractor;
  bool dimmed = false;

  std::int64_t positions() const { return static_cast<std::int64_t>(lens.tokens.size()); }
  std::int64_t layers() const { return lens.model->architecture.layers; }
  const LensColumn* column(std::int64_t position) const;
  // The token that a column's probability and rank belong to.
  TokenId target_at(const LensColumn& column) const;
  // A token of the text at a position, and any token, with spaces visible.
  std::string token_at(std::int64_t position) const;
  std::string token(TokenId id) const;
};

// What a cell shows: the place of its number on the colour bar, 0..1, and the number in words. Not a number
// where the logits are none, or the target is not there yet.
struct LensReading {
  float place = 0.0F;
  std::string words;
};
LensReading lens_reading(const ShownLens& shown, const LensColumn& column, std::int64_t cell,
                         LensNumber number);
// The ends of the colour bar in words.
std::string lens_scale_end(const ShownLens& shown, LensNumber number, bool high);
ImU32 lens_color(LensNumber number, float place);

// "in", "L5": what stands beside a row of cells; 0 is the stream before the first block.
std::string lens_layer_name(std::int64_t cell);
std::string bits_text(double nats);  // "3.21 bits"

}  // namespace headlight

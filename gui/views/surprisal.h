// How surprised the model was by each token of the text, as bars, colours and a legend.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/analysis/token_scores.h"
#include "gui/frame.h"
#include "gui/views/prompt_text.h"
#include "imgui.h"

namespace headlight {

// The scores of the text as it is in this frame: they hold up to the first token that was changed.
class ShownScores {
 public:
  void update(const Frame& frame, const std::vector<Token>& tokens);
  // Null for the first token, which nothing precedes, and where there is no score yet.
  const TokenScore* at(std::size_t position) const;

 private:
  std::shared_ptr<const TokenScores> scores_;
  std::size_t count_ = 0;
};

double bits_of(const TokenScore& score);
// 0..1 of the scale; its end is one in 65,536, about a whole vocabulary.
float surprisal_part(double bits);
// The ground of a token on which palette().token_text can be read.
ImU32 surprisal_color(double bits);

// Whether the model gives tokens a surprisal at all: only one that reads from left to right does.
bool has_surprisal(const Model& model);

// Whether the tokens of this text are coloured so: the document wants it and the model can.
bool is_by_surprisal(PromptText which, const Frame& frame);

// Of a token in the text or of its chip: one colour after another, or by surprisal; nothing when it has none.
std::optional<ImU32> token_ground(PromptText which, const Frame& frame, const ShownScores& scores,
                                  std::int64_t position);
void add_token_ground(ImDrawList& list, ImVec2 from, ImVec2 to, std::optional<ImU32> ground, float rounding);

// The scale with its ends and what no value looks like, at the cursor.
float surprisal_legend_width();
void draw_surprisal_legend();

}  // namespace headlight

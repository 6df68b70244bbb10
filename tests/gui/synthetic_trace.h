// Small made-up models and traces for views: any number of tokens, layers and heads, complete or not, with or
// without NaN; and a frame around them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gui/frame.h"

namespace headlight {

// What kind of model: a family, or an encoder with another output. t5 has an encoder of its own.
enum class SyntheticKind { llama, gpt2, neox, gemma, bert, classifier, sentence, t5 };
inline constexpr std::array synthetic_kinds = {
    SyntheticKind::llama, SyntheticKind::gpt2,       SyntheticKind::neox,     SyntheticKind::gemma,
    SyntheticKind::bert,  SyntheticKind::classifier, SyntheticKind::sentence, SyntheticKind::t5};

struct SyntheticShape {
  std::int64_t positions = 5;
  std::int64_t layers = 3;
  std::int64_t heads = 4;
  std::int64_t kv_heads = 2;
  std::int64_t layers_done = -1;  // -1: all, and the logits
  bool maps = true;               // attn_scores and pattern are captured
  bool not_a_number = false;      // everything is NaN
  SyntheticKind kind = SyntheticKind::llama;
  bool weights = false;  // the model has an output layer, norms, W_O and W_out, which belong to no value
};

// Every hook of every layer that is done, with repeatable values. Attention is real: pattern is the softmax
// of the scaled q · k. The tokens are "·a", "·b", …
std::shared_ptr<const Trace> synthetic_trace(const SyntheticShape& shape);

// Everything that a frame refers to, with the trace's wall and distribution.
struct SyntheticWorld {
  SyntheticWorld() = default;
  explicit SyntheticWorld(const SyntheticShape& shape);

  // Draws a view's frame in a window that fills the display; applies its edits and keeps its hover.
  std::function<void()> drawn_by(class View& view);
  Frame frame() const;

  Document document;
  Settings settings;
  Hover hover;
  std::vector<Token> tokens;
  std::shared_ptr<const Model> model;
  Result result;
  LoadState load;
  std::string error;
  std::string device = "CPU";
  std::vector<Example> examples;
  std::vector<LessonOrError> lessons;
  std::set<std::string> highlights;
  std::vector<LongTask> tasks;
  std::shared_ptr<const LearningSnapshot> learning;
  std::vector<Command> edits;  // all that were emitted
};

}  // namespace headlight

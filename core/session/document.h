// Everything that the user made or chose and that undo brings back. Views read it and emit commands; nothing
// else changes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/distribution.h"
#include "core/forward/hooks.h"
#include "core/forward/intervention.h"
#include "core/session/view_choices.h"

namespace headlight {

enum class CenterView { flow, attention, embeddings, block, lens, learning };
// All heads; one head; one row step by step; lines between words; the text coloured; queries and keys
// dimension by dimension; attention followed down through the layers.
enum class AttentionMode { wall, matrix, row, arcs, heat, neuron, rollout };
// Of an encoder-decoder: the decoder to itself, the decoder to the encoder's text, the encoder to itself.
// Other models have the first only.
enum class AttentionPart { self, cross, encoder };
enum class MapScale { linear, square_root, logarithmic, per_row };

struct LessonPlace {
  std::string id;
  std::int64_t step = 0;
  bool operator==(const LessonPlace&) const = default;
};

struct Document {
  std::string text;
  std::string source_text;             // what an encoder reads; other models leave it alone
  std::string model = "smollm2-135m";  // catalog name or path
  CenterView view = CenterView::flow;
  AttentionMode attention_mode = AttentionMode::wall;
  AttentionPart attention_part = AttentionPart::self;
  MapScale map_scale = MapScale::square_root;
  bool hide_sink = false;  // do not draw column 0, and renormalise the rest of each row for drawing only
  std::int64_t layer = 0;  // the head that the views look at
  std::int64_t head = 0;
  std::optional<std::int64_t> query;         // locked token; the last one if empty
  std::optional<std::int64_t> key;           // locked key
  std::optional<std::int64_t> source_query;  // the same among the tokens of the source text
  std::optional<std::int64_t> source_key;
  std::optional<TokenId> candidate;      // locked candidate of the next-token list
  std::optional<ValueReference> value;   // locked value of the inspector
  std::int64_t embedding_layer = 0;      // 0: after the embedding; l: after block l-1
  bool embedding_without_first = false;  // project all tokens but the first, whose vector may dwarf the rest
  AttentionChoices attention;
  EmbeddingChoices embedding;
  LensChoices lens;
  PromptChoices prompt;
  NextChoices next;
  LearningChoices learning;
  SamplingSettings sampling;
  std::uint64_t seed = 1;
  std::vector<Intervention> interventions;
  std::optional<LessonPlace> lesson;

  bool operator==(const Document&) const = default;
};

}  // namespace headlight

// What the views let their user choose, one struct a view; part of the document. A view changes its choices
// by emitting SetChoices with the whole struct. fields() names every field once, for the session file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/head_merge.h"
#include "core/text/tokenizer.h"

namespace headlight {

struct HeadPlace {
  std::int64_t layer = 0;
  std::int64_t head = 0;
  bool operator==(const HeadPlace&) const = default;
};

// As the model has them, by a score of core/analysis/head_scores.h, or by what core/analysis/head_sweep.h
// finds.
enum class WallOrder {
  model,
  previous_token,
  same_token,
  sink,
  induction,
  local,
  diffuse,
  entropy,
  distance,
  effect
};
enum class TokenFold { tokens, graphemes, words };

struct AttentionChoices {
  std::optional<HeadPlace> compared;  // drawn beside the current head
  bool difference = false;            // the two as one map: compared minus current
  HeadMerge merge = HeadMerge::one;
  bool value_weighted = false;  // weight · length of what the key's value writes, instead of the weight
  double arc_threshold = 0.05;  // weaker arcs are not drawn
  WallOrder order = WallOrder::model;
  double least_score = 0.0;  // heads with less are dimmed, while the wall is sorted by a score
  TokenFold fold = TokenFold::tokens;
  std::vector<std::int64_t> arc_heads;  // of the same layer, whose arcs are drawn beside the current head's
  bool heat_to = false;                 // colour the text by who looks at the token, not by where it looks
  bool operator==(const AttentionChoices&) const = default;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("compared", self.compared);
    visit("difference", self.difference);
    visit("merge", self.merge);
    visit("value_weighted", self.value_weighted);
    visit("arc_threshold", self.arc_threshold);
    visit("order", self.order);
    visit("least_score", self.least_score);
    visit("fold", self.fold);
    visit("arc_heads", self.arc_heads);
    visit("heat_to", self.heat_to);
  }
};

enum class EmbeddingPicture { points, neighbors, arithmetic, similarity, positions };
enum class ProjectionMethod { pca, umap, tsne };
enum class NeighborsOf { row, stream };  // the token's row of the embedding table, or its vector at a layer
enum class NeighborOrder { cosine, dot };
enum class SimilarityOf { stream, q, k, v, z };  // all but the stream: of the current head

struct EmbeddingChoices {
  EmbeddingPicture picture = EmbeddingPicture::points;
  bool encoder = false;  // of an encoder-decoder: the tokens that the encoder reads
  ProjectionMethod method = ProjectionMethod::pca;
  std::int64_t dimensions = 2;  // 2 or 3
  bool trajectories = false;    // each token's way through the layers
  NeighborsOf neighbors_of = NeighborsOf::row;
  NeighborOrder order = NeighborOrder::cosine;
  std::optional<TokenId> start, without, with;  // start - without + with
  bool inputs_too = false;                      // these three may be among the nearest
  SimilarityOf similarity_of = SimilarityOf::stream;
  bool first_anyway = false;  // the points show the first token though its vector dwarfs the others
  bool operator==(const EmbeddingChoices&) const = default;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("picture", self.picture);
    visit("encoder", self.encoder);
    visit("method", self.method);
    visit("dimensions", self.dimensions);
    visit("trajectories", self.trajectories);
    visit("neighbors_of", self.neighbors_of);
    visit("order", self.order);
    visit("start", self.start);
    visit("without", self.without);
    visit("with", self.with);
    visit("inputs_too", self.inputs_too);
    visit("similarity_of", self.similarity_of);
    visit("first_anyway", self.first_anyway);
  }
};

enum class LensPart { grid, ranks, attribution, loss };
enum class LensNumber { probability, rank, entropy, divergence };

struct LensChoices {
  LensPart part = LensPart::grid;
  LensNumber number = LensNumber::probability;
  std::optional<TokenId> target;      // whose probability, rank and contributions; the likeliest if empty
  std::optional<TokenId> distractor;  // contributions are then differences: target minus distractor
  bool operator==(const LensChoices&) const = default;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("part", self.part);
    visit("number", self.number);
    visit("target", self.target);
    visit("distractor", self.distractor);
  }
};

enum class PromptDetail { none, history, hangul, second_tokenizer };

struct PromptChoices {
  PromptDetail detail = PromptDetail::none;
  bool color_by_surprisal = false;  // the tokens, instead of one colour after another
  std::string second_model;         // whose tokenizer is shown beside the model's own; catalog name or path
  bool operator==(const PromptChoices&) const = default;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("detail", self.detail);
    visit("second_model", self.second_model);
    visit("color_by_surprisal", self.color_by_surprisal);
  }
};

// The tree of continuations, and how tokens are generated.
struct NextChoices {
  bool tree = false;                           // it is open
  std::string root;                            // the text behind which the branches grow
  std::vector<std::vector<TokenId>> branches;  // paths of tokens behind it, side by side
  std::int64_t grow_tokens = 5;                // what one press adds to a branch
  std::int64_t beam_width = 3;
  std::int64_t beam_depth = 4;
  double speed = 0.0;  // generated tokens a second; 0: as many as the model makes
  bool operator==(const NextChoices&) const = default;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("tree", self.tree);
    visit("root", self.root);
    visit("branches", self.branches);
    visit("grow_tokens", self.grow_tokens);
    visit("beam_width", self.beam_width);
    visit("beam_depth", self.beam_depth);
    visit("speed", self.speed);
  }
};

// Repeated letters, made up as they are needed, or a text of one's own.
enum class LearningTask { letters, text };
enum class LearningSize { small, medium, large };
// What a run begins with: random weights; a model that was learnt before, which learns on; random weights,
// and that model's probabilities to learn; that model, which is to come to prefer some answers.
enum class LearningStart { random, learnt, taught, preferred };
constexpr std::int64_t most_learning_steps = 100'000;
constexpr double most_learning_rate = 10.0;  // runs away for sure

// The model that is trained in the window: from what, how large, how.
struct LearningChoices {
  LearningTask task = LearningTask::letters;
  std::string text;  // to learn from, of LearningTask::text
  LearningStart start = LearningStart::random;
  std::string from;                         // the folder of the model that was learnt before
  std::string wish;                         // letters that answers ought to have, of LearningStart::preferred
  bool rival = false;                       // another model learns beside it, to compare with
  LearningSize size = LearningSize::small;  // of what begins with random weights
  std::int64_t steps = 1500;
  double learning_rate = 3e-3;
  std::int64_t seed = 1;
  bool operator==(const LearningChoices&) const = default;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("task", self.task);
    visit("text", self.text);
    visit("start", self.start);
    visit("from", self.from);
    visit("wish", self.wish);
    visit("rival", self.rival);
    visit("size", self.size);
    visit("steps", self.steps);
    visit("learning_rate", self.learning_rate);
    visit("seed", self.seed);
  }
};

}  // namespace headlight

// What the views let their user choose, one struct a view; part of the document. A view changes its choices
// by emitting SetChoices with the whole struct. fields() names every field once, for the session file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/text/tokenizer.h"

namespace headlight {

struct HeadPlace {
  std::int64_t layer = 0;
  std::int64_t head = 0;
  bool operator==(const HeadPlace&) const = default;
};

enum class HeadMerge { one, mean, largest };  // the current head, or all heads of its layer together
enum class WallOrder {
  model,
  previous_token,
  same_token,
  sink,
  induction,
  local,
  diffuse,
  entropy,
  distance
};
enum class TokenFold { tokens, graphemes, words };

struct AttentionChoices {
  std::optional<HeadPlace> compared;  // drawn beside the current head
  HeadMerge merge = HeadMerge::one;
  bool value_weighted = false;  // weight · length of what the key's value writes, instead of the weight
  double arc_threshold = 0.05;  // weaker arcs are not drawn
  WallOrder order = WallOrder::model;
  TokenFold fold = TokenFold::tokens;
  bool operator==(const AttentionChoices&) const = default;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("compared", self.compared);
    visit("merge", self.merge);
    visit("value_weighted", self.value_weighted);
    visit("arc_threshold", self.arc_threshold);
    visit("order", self.order);
    visit("fold", self.fold);
  }
};

enum class ProjectionMethod { pca, umap, tsne };

struct EmbeddingChoices {
  ProjectionMethod method = ProjectionMethod::pca;
  std::int64_t dimensions = 2;  // 2 or 3
  bool trajectories = false;    // each token's way through the layers
  bool operator==(const EmbeddingChoices&) const = default;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("method", self.method);
    visit("dimensions", self.dimensions);
    visit("trajectories", self.trajectories);
  }
};

enum class LensNumber { probability, rank, entropy, divergence };

struct LensChoices {
  LensNumber number = LensNumber::probability;
  std::optional<TokenId> target;      // whose probability, rank and contributions; the likeliest if empty
  std::optional<TokenId> distractor;  // contributions are then differences: target minus distractor
  bool operator==(const LensChoices&) const = default;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("number", self.number);
    visit("target", self.target);
    visit("distractor", self.distractor);
  }
};

enum class PromptDetail { none, history, hangul, second_tokenizer };

struct PromptChoices {
  PromptDetail detail = PromptDetail::none;
  std::string second_model;  // whose tokenizer is shown beside the model's own; catalog name or path
  bool operator==(const PromptChoices&) const = default;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("detail", self.detail);
    visit("second_model", self.second_model);
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

}  // namespace headlight

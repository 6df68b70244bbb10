// What kinds of heads there are, and what a prediction owes to each: numbers of all of them, by which the
// wall is sorted and its heads are dimmed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/head_scores.h"
#include "core/analysis/head_sweep.h"
#include "core/session/background.h"
#include "gui/views/shown_attention.h"
#include "gui/views/wall_layout.h"

namespace headlight {

class WallScores {
 public:
  // Asks for the scores of the pass that is shown, when they are wanted: to sort by, or for the tooltips of a
  // text that is not long.
  void follow(const ShownAttention& shown, Commands& commands);
  // The row above the wall: what it is sorted by, and from which score on heads are bright.
  void draw_tools(const ShownAttention& shown, Commands& commands);

  // Whether the wall is to be sorted and the scores for that are there, perhaps of the text before.
  bool is_sorted(const ShownAttention& shown) const;
  // Every head as layer * heads + head, the highest score first; empty when the wall stays as the model has
  // it.
  std::vector<std::int64_t> order(const ShownAttention& shown) const;

  // Under each thumbnail of a sorted wall: which head it is, and its score.
  void draw_labels(const ShownAttention& shown, const WallLayout& layout, ImVec2 corner) const;
  // Lets the panel's colour over heads with less than the least score.
  void dim(const ShownAttention& shown, const WallLayout& layout, ImVec2 corner) const;
  // Lines of a tooltip: every score of one head.
  void draw_all_of(const ShownAttention& shown, std::int64_t layer, std::int64_t head) const;

 private:
  struct Key {
    std::weak_ptr<const Trace> trace;  // not held: a long one has gigabytes
    bool cross = false;
    std::string device;
    bool operator==(const Key& other) const;
  };
  // Every head knocked out by itself, in a model that these changes made. Without a target: the likeliest.
  struct SweepKey {
    std::weak_ptr<const Trace> trace;
    std::weak_ptr<const Model> model;
    std::int64_t position = 0;
    std::optional<TokenId> target, distractor;
    Edits changes;
    std::string device;
    bool operator==(const SweepKey& other) const;
  };
  void follow_sweep(const ShownAttention& shown, Commands& commands);
  const HeadScores* scores(const ShownAttention& shown) const;
  const HeadSweep* sweep(const ShownAttention& shown) const;
  bool has_numbers(const ShownAttention& shown) const;  // of what the wall is sorted by
  // By which heads are sorted and dimmed.
  double score_of(const ShownAttention& shown, std::int64_t layer, std::int64_t head) const;
  std::string label_of(const ShownAttention& shown, std::int64_t layer, std::int64_t head) const;
  void draw_order(const ShownAttention& shown, Commands& commands) const;
  void draw_state(const ShownAttention& shown) const;
  void draw_least(const ShownAttention& shown, Commands& commands) const;
  void draw_target(const ShownAttention& shown) const;

  std::shared_ptr<const Background<Key, HeadScores>::Done> done_;  // the newest of this model
  std::shared_ptr<const Background<SweepKey, HeadSweep>::Done> swept_;
  Background<Key, HeadScores> worker_{
      [](const Key& key, const Progress& progress) { return scores_of(key, progress); }};
  // Takes all cores: not for a wall that nobody sees.
  Background<SweepKey, HeadSweep> sweeper_{
      [](const SweepKey& key, const Progress& progress) { return sweep_of(key, progress); },
      std::chrono::milliseconds(100), std::chrono::seconds(2)};
  static HeadScores scores_of(const Key& key, const Progress& progress);
  static HeadSweep sweep_of(const SweepKey& key, const Progress& progress);
};

}  // namespace headlight

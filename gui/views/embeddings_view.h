// The tokens' vectors at one layer: as points in two dimensions, and how alike each pair is.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "gui/view.h"
#include "gui/views/embedding_scatter.h"
#include "gui/views/similarity_panel.h"

namespace headlight {

class EmbeddingsView : public View {
 public:
  std::string_view name() const override { return "embeddings"; }
  std::string_view explanation() const override { return "explain.embeddings"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  void draw_tools(const Frame& frame, Commands& commands);
  void walk(const Frame& frame, Commands& commands);
  void choose(std::int64_t layer, Commands& commands);

  EmbeddingScatter scatter_;
  std::shared_ptr<const Similarity> similarity_;  // what cells_ shows
  SimilarityCells cells_;
  bool walking_ = false;    // the play button is on
  double next_step_ = 0.0;  // in frame.seconds
};

}  // namespace headlight

// The tree of continuations: branches side by side behind a text, with the probability of every step.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/session/continuations.h"
#include "gui/view.h"
#include "gui/views/tree_layout.h"

namespace headlight {

class TreeView : public View {
 public:
  TreeView();
  std::string_view name() const override { return "tree"; }
  std::string_view explanation() const override { return "explain.tree"; }
  void draw(const Frame& frame, Commands& commands) override;

 private:
  struct Column {
    float left = 0.0F;
    float width = 0.0F;
  };
  // What one drawing needs everywhere.
  struct Scene;

  bool take(const Frame& frame, Commands& commands);
  void take_grown(const Frame& frame, Commands& commands);
  const std::string& text_of_work() const;
  void lay_out(const Tokenizer& tokenizer);
  void start(Growth growth);
  void draw_tools(const Frame& frame, Commands& commands);
  void draw_work(Commands& commands);
  void draw_canvas(const Frame& frame, Commands& commands);
  void draw_node(const Scene& scene, std::size_t index);
  void draw_leaf(const Scene& scene, std::size_t index);
  void draw_edges(const Scene& scene) const;
  float draw_offers(const Scene& scene, std::size_t index, ImVec2 corner, std::size_t most);
  void draw_tip(const Scene& scene, std::size_t index) const;
  std::int64_t current_node(const Frame& frame) const;
  std::string text_of(const TokenPath& path, const Tokenizer& tokenizer) const;

  std::unique_ptr<ContinuationWorker> worker_;
  Growth growth_;                                          // asked for and not yet taken
  std::shared_ptr<const ContinuationWorker::Done> shown_;  // of this root
  ContinuationRoot root_;
  std::string root_text_;
  bool root_known_ = false;
  const ContinuationTree* laid_out_ = nullptr;
  TreeLayout layout_;
  std::vector<std::string> labels_;
  std::vector<Column> columns_;
  float label_size_ = 0.0F;  // font size that the columns were made for
};

}  // namespace headlight

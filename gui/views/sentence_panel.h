// What a sentence encoder makes of a text: how alike its lines are, as a small matrix of cosines.
#pragma once

#include <memory>

#include "core/session/sentences.h"
#include "gui/frame.h"

namespace headlight {

class SentencePanel {
 public:
  SentencePanel();
  void draw(const Frame& frame, Commands& commands);

 private:
  void draw_matrix(const SentenceSimilarity& similarity, Commands& commands);

  std::unique_ptr<SentenceWorker> worker_;
};

}  // namespace headlight

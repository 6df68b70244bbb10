// The self-check of the open model: started by a button, and its largest errors by hook.
#pragma once

#include <memory>

#include "core/session/model_check.h"
#include "gui/frame.h"

namespace headlight {

class ModelCheckPanel {
 public:
  ModelCheckPanel();
  void draw(const Frame& frame, Commands& commands);

 private:
  void draw_result(const ModelCheck& check) const;

  std::unique_ptr<ModelCheckWorker> worker_;
  std::shared_ptr<const Model> asked_;  // for whom the button was pressed
};

}  // namespace headlight

// Start − without + with, over rows of the embedding table, and what is nearest to the sum.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "gui/views/embedding_marks.h"
#include "gui/views/neighbor_list.h"
#include "gui/views/token_field.h"

namespace headlight {

class ArithmeticPanel {
 public:
  void draw(const Frame& frame, Commands& commands, const ShownText& shown);

 private:
  using Terms = std::array<std::optional<TokenId>, 3>;

  Terms terms(const Frame& frame, const Model& model);
  void draw_fields(const Frame& frame, Commands& commands, const Terms& terms);

  NearestInVocabulary nearest_;
  std::array<TokenField, 3> fields_;
  std::weak_ptr<const Model> examples_of_;  // what examples_ was looked up in
  Terms examples_;
};

}  // namespace headlight

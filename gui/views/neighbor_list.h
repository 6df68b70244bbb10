// The tokens nearest to a vector, as rows: rank, token, id, cosine, product.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/session/vocabulary_search.h"
#include "gui/frame.h"

namespace headlight {

// Draws the rows into the room that is left; scrolls when it has more. marked: tokens that went into the
// vector. order: which of the two lists, and which column is strong. A click chooses the candidate.
void draw_neighbor_list(const Frame& frame, Commands& commands, const NearestTokens& nearest,
                        NeighborOrder order, const std::vector<TokenId>& marked);

// The switch between the two orders.
void neighbor_order_switch(Commands& commands, const EmbeddingChoices& choices);
float neighbor_order_width();

// "49,152 tokens": how many were searched.
std::string searched_text(const Model& model);

// Asks for what is nearest to a vector; says what goes on, or why there is nothing. Null while there is
// nothing to show.
class NearestInVocabulary {
 public:
  std::shared_ptr<const NearestTokens> want(Commands& commands, const NearestKey& key);
  bool fresh() const { return fresh_; }

 private:
  VocabularySearch search_{nearest_in_vocabulary()};
  bool fresh_ = false;
};

}  // namespace headlight

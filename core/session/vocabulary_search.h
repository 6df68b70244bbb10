// The tokens nearest to a vector, searched in the background: for views, which know no backends.
#pragma once

#include <memory>
#include <vector>

#include "core/analysis/nearest_tokens.h"
#include "core/model/model.h"
#include "core/session/background.h"

namespace headlight {

struct NearestKey {
  std::weak_ptr<const Model> model;  // whose embedding table is searched; not held: it may be large
  std::vector<float> vector;         // [d_model], finite
  std::vector<TokenId> left_out;
  bool operator==(const NearestKey& other) const;
};

constexpr std::int64_t nearest_shown = 20;

using VocabularySearch = Background<NearestKey, NearestTokens>;

// What a VocabularySearch is made with: keeps a backend and the lengths of the rows of one model.
VocabularySearch::Make nearest_in_vocabulary();

// How many rows of a model's embedding table stand for tokens: some tables have rows to spare.
std::int64_t searched_rows(const Model& model);

}  // namespace headlight

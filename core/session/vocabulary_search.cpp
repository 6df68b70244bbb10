// Lengths are computed once a model; each search is one product.
#include "core/session/vocabulary_search.h"

#include <algorithm>
#include <optional>

#include "core/backends/backend_list.h"
#include "core/session/same_owner.h"

namespace headlight {
namespace {

// What the worker keeps between two searches; only it looks inside.
struct Kept {
  std::unique_ptr<Backend> backend;
  std::weak_ptr<const Model> model;
  std::optional<std::vector<double>> lengths;
};

}  // namespace

bool NearestKey::operator==(const NearestKey& other) const {
  return same_owner(model, other.model) && vector == other.vector && left_out == other.left_out;
}

std::int64_t searched_rows(const Model& model) {
  const std::int64_t rows = model.embedding.rows;
  return model.tokenizer ? std::min(rows, model.tokenizer->vocabulary_size()) : rows;
}

VocabularySearch::Make nearest_in_vocabulary() {
  const auto kept = std::make_shared<Kept>();
  return [kept](const NearestKey& key, const Progress& progress) {
    const std::shared_ptr<const Model> model = key.model.lock();
    if (!model) throw Progress::Cancelled{};  // another one was opened meanwhile
    if (!kept->backend) kept->backend = make_backend("cpu", 0);
    if (!same_owner(kept->model, key.model)) kept->lengths.reset();
    kept->model = key.model;
    if (!kept->lengths) {
      kept->lengths = row_lengths(model->embedding, searched_rows(*model),
                                  [&](float fraction) { progress.report(fraction * 0.9F); });
    }
    return nearest_tokens(*kept->backend, model->embedding, *kept->lengths, key.vector, key.left_out,
                          nearest_shown);
  };
}

}  // namespace headlight

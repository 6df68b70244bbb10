// How alike the lines of a text are to a sentence encoder: one vector a line, and the cosine of every pair.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/backends/backend.h"
#include "core/model/model.h"
#include "core/session/background.h"

namespace headlight {

struct SentenceSimilarity {
  std::vector<std::string> sentences;
  std::vector<std::int64_t> tokens;  // of each, special ones too
  std::vector<bool> cut;             // longer than the context: only its beginning was read
  std::vector<double> cosines;       // [sentence, sentence] row by row, -1..1
};

constexpr std::size_t most_sentences = 24;

// The lines that are not blank, without the spaces around them; at most most_sentences, the first ones.
std::vector<std::string> lines_of(std::string_view text);

// One pass for each sentence, alone: no sentence sees another. `report` is called at every hook with what is
// done (0 to 1); what it throws stops the work. Throws std::logic_error for a model without pooling.
SentenceSimilarity sentence_similarity(const std::shared_ptr<const Model>& model, Backend& backend,
                                       const std::vector<std::string>& sentences,
                                       const std::function<void(float)>& report);

struct SentenceRequest {
  std::shared_ptr<const Model> model;
  std::vector<std::string> sentences;
  bool operator==(const SentenceRequest&) const = default;
};
using SentenceWorker = Background<SentenceRequest, SentenceSimilarity>;
std::unique_ptr<SentenceWorker> make_sentence_worker();

}  // namespace headlight

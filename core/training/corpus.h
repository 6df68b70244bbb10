// The texts to learn from, read from the files that a training config names, and those held out to measure
// with.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/training/data_settings.h"

namespace headlight {

struct CorpusDocument {
  std::string text;         // of a translation, what is translated; of a preference, what is asked
  std::string target;       // its translation; the better answer
  std::string rejected;     // the other answer
  std::int32_t label = -1;  // its class
  std::int32_t source = 0;  // place in Corpus::sources
};

// What a file held. Bytes are those of all texts of the documents.
struct SourceCounts {
  std::int64_t train_documents = 0, train_bytes = 0;
  std::int64_t held_out_documents = 0, held_out_bytes = 0;
  std::int64_t left_out = 0;  // documents whose text is also held out
};

struct Corpus {
  std::vector<CorpusSource> sources;
  std::vector<SourceCounts> counts;   // of each source
  std::vector<CorpusDocument> train;  // each once, source by source, in the order of the files
  std::vector<CorpusDocument> valid, test;
};

// Reads all sources. Empty lines are no documents. Throws UserError: a file that is missing, empty, no UTF-8,
// has another SHA-256, a line that lacks a field; or too little to learn from. `progress` is told the share
// that is done, and may throw to stop.
Corpus read_corpus(const DataSettings& settings, const std::string& folder,
                   const std::function<void(float)>& progress = {});

// Throws UserError when there is too little to learn anything: also for text that comes from elsewhere.
void check_enough_text(std::int64_t documents, std::int64_t bytes);

// How often document `index` of a source stands in a pass: floor((i+1) r) - floor(i r) with i = index + pass.
std::int64_t copies(double repeat, std::int64_t index, std::int64_t pass);

// The places in corpus.train that make up a pass, not yet shuffled.
std::vector<std::size_t> documents_of_pass(const Corpus& corpus, std::int64_t pass);

// The words of all texts to learn from, as often as "vocabulary_repeat" says.
WordCounts corpus_words(const Corpus& corpus, const std::function<void(float)>& progress = {});

}  // namespace headlight

// The parts of tokenizer.json, each from its own JSON object.
#pragma once

#include <memory>
#include <vector>

#include "core/text/byte_pair.h"
#include "core/text/json_fields.h"
#include "core/text/pipeline_tokenizer.h"

namespace headlight {

// All of these throw FileError for an unknown type or an unknown value of a field that matters, by its name.
NormalizerPointer normalizer_from_json(const JsonField& field, int depth = 0);
WordSplitterPointer splitter_from_json(const JsonField& field, int depth = 0);

// "model": fills in the vocabulary, the model and what follows from them.
void read_model(const JsonField& field, TokenizerPipeline& pipeline);
// "decoder": how pieces spell text, as far as "pre_tokenizer" and "normalizer" have not said so.
void read_decoder(const JsonField& field, TokenizerPipeline& pipeline, int depth = 0);
// "post_processor": the tokens around a text.
void read_post_processor(const JsonField& field, TokenizerPipeline& pipeline, int depth = 0);

// Merge rules of byte-pair merging: a pair that is there twice has the rank of its last place. `pairs` come
// from `place`, for messages.
BytePairMerges merges_from_pairs(const Vocabulary& vocabulary,
                                 const std::vector<std::pair<std::string, std::string>>& pairs,
                                 const std::string& continuing_prefix, const JsonField& place);

}  // namespace headlight

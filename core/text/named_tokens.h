// Which tokens have a meaning to the model: what the small JSON files beside tokenizer.json say.
#pragma once

#include <string>
#include <vector>

#include "core/text/hugging_face_tokenizer.h"
#include "core/text/json_fields.h"
#include "core/text/pipeline_tokenizer.h"

namespace headlight {

// The text of a token that tokenizer_config.json or special_tokens_map.json names ("mask_token"): a string,
// or an object with "content". Empty when neither names it. Throws FileError for a damaged file.
std::string named_token(const HuggingFaceTokenizerFiles& files, const std::string& path, const char* key);

// Fills pipeline.named from those files and generation_config.json; a token that the vocabulary lacks is left
// out. Adds the tokens of "added_tokens_decoder" that are not there yet.
void read_named_tokens(const HuggingFaceTokenizerFiles& files, const std::string& path,
                       TokenizerPipeline& pipeline);

// One entry of "added_tokens" or "added_tokens_decoder". Throws FileError for an id that is far outside the
// vocabulary.
AddedToken added_token_from_json(const JsonField& field, std::int64_t id, const Vocabulary& vocabulary);

}  // namespace headlight

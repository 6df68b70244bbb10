// The tokenizer that belongs to a model file.
#pragma once

#include <cstdint>
#include <memory>

#include "core/text/chat_template.h"
#include "core/text/tokenizer.h"

namespace headlight {

class ModelFile;

// `vocabulary`: rows of the embedding table. Tables of Hugging Face models are often longer than their
// vocabulary: ids behind its end are spelled "<unused N>" and stand for nothing.
// Throws FileError: no tokenizer, a damaged or unknown one, or one with ids that the table does not have.
std::shared_ptr<const Tokenizer> model_tokenizer(const ModelFile& file, std::int64_t vocabulary);

// The same without a table to compare it with.
std::shared_ptr<const Tokenizer> file_tokenizer(const ModelFile& file);

// How conversations are written for this model; none where the files do not say. Throws FileError.
ChatTemplate model_chat_template(const ModelFile& file, const Tokenizer& tokenizer);

}  // namespace headlight

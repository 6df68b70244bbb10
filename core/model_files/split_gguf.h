// GGUF models in several files: "name-00001-of-00003.gguf". The first has the metadata of them all.
// Source: llama.cpp's gguf-split, which writes the keys split.no, split.count and split.tensors.count.
#pragma once

#include <memory>

#include "core/model_files/model_file.h"

namespace headlight {

bool is_part_of_split_gguf(const ModelFile& file);

// Opens the other parts, which must lie beside the first, and shows all as one file under the first one's
// path. Throws FileError: this is not the first part (and then says which is), a part is missing, or it
// belongs to another model.
std::shared_ptr<const ModelFile> join_split_gguf(std::shared_ptr<const ModelFile> first);

}  // namespace headlight

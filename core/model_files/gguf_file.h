// GGUF, versions 2 and 3: header, key/value pairs, tensor list, tensor bytes.
// Source: the published GGUF specification (ggml, docs/gguf.md).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "core/base/mapped_file.h"
#include "core/model_files/model_file.h"

namespace headlight {

// Null when the bytes are not GGUF at all; FileError when they are but something in them is wrong. The first
// part of a split model is opened together with the others, which must lie beside it.
std::shared_ptr<const ModelFile> open_gguf_file(const std::shared_ptr<const MappedFile>& file);

// The same for bytes from anywhere; `keep_alive` owns them and is held as long as the ModelFile lives. There
// is nothing beside bytes: a part of a split model is refused.
std::shared_ptr<const ModelFile> open_gguf_bytes(std::string path, std::span<const std::byte> bytes,
                                                 std::shared_ptr<const void> keep_alive);

// One part of a split model, or a whole file, as it is.
std::shared_ptr<const ModelFile> open_gguf_part(std::string path, std::span<const std::byte> bytes,
                                                std::shared_ptr<const void> keep_alive);

}  // namespace headlight

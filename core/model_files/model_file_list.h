// The list of file formats, in the order in which they are asked.
#pragma once

#include <memory>
#include <span>

#include "core/base/mapped_file.h"
#include "core/model_files/model_file.h"

namespace headlight {

struct ModelFileFormat {
  std::string_view name;
  // Null: "not mine, ask the next". Throws FileError: "mine, but broken". Otherwise the opened file.
  std::shared_ptr<const ModelFile> (*open)(const std::shared_ptr<const MappedFile>& file);
};

std::span<const ModelFileFormat> model_file_list();

// For a file that no format of the list wants: always throws FileError, which says what the file seems to be
// and what to do about it.
[[noreturn]] void refuse_foreign_file(const std::string& path, std::span<const std::byte> bytes);

}  // namespace headlight

// Joins the parts of a split GGUF model after checking that they belong together.
#include "core/model_files/split_gguf.h"

#include <fmt/format.h>

#include <filesystem>
#include <unordered_set>
#include <utility>

#include "core/base/errors.h"
#include "core/base/mapped_file.h"
#include "core/base/shown_text.h"
#include "core/model_files/gguf_file.h"
#include "core/model_files/part_name.h"

namespace headlight {
namespace {

constexpr std::string_view ending = ".gguf";
constexpr std::int64_t absent = -1;

std::int64_t whole_number(const ModelFile& file, const char* key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) return absent;
  if (!found->is_number_integer() || *found < 0 || *found > std::int64_t{1} << 31) {
    throw FileError(
        fmt::format("{}: the key '{}' is {}, but a whole number was expected. The file is damaged; "
                    "download it again.",
                    file.path(), key, found->is_number() ? found->dump() : found->type_name()));
  }
  return found->get<std::int64_t>();
}

std::int64_t part_count(const ModelFile& file) { return whole_number(file, "split.count"); }

class SplitGguf final : public ModelFile {
 public:
  explicit SplitGguf(std::shared_ptr<const ModelFile> first) { add(std::move(first)); }

  void add(std::shared_ptr<const ModelFile> part) {
    for (const StoredTensor& tensor : part->tensors()) {
      if (!names_.insert(tensor.name).second) {
        throw FileError(fmt::format(
            "{}: the tensor {} stands in an earlier part too, but once was expected. The parts do not belong "
            "together; download them again.",
            part->path(), in_quotes(tensor.name)));
      }
      tensors_.push_back(tensor);
    }
    parts_.push_back(std::move(part));
  }

  ModelFileKind kind() const override { return ModelFileKind::gguf; }
  const std::string& path() const override { return parts_.front()->path(); }
  const std::vector<StoredTensor>& tensors() const override { return tensors_; }
  const nlohmann::json& metadata() const override { return parts_.front()->metadata(); }
  std::int64_t byte_size() const override {
    std::int64_t size = 0;
    for (const auto& part : parts_) size += part->byte_size();
    return size;
  }

 private:
  std::vector<std::shared_ptr<const ModelFile>> parts_;
  std::vector<StoredTensor> tensors_;
  std::unordered_set<std::string> names_;
};

// The name that says where the other parts are.
PartName checked_name(const ModelFile& first) {
  const std::int64_t number = whole_number(first, "split.no");
  const std::int64_t parts = part_count(first);
  const auto name = part_name(first.path(), ending);
  if (number != 0) {
    throw FileError(fmt::format("{}: this is part {} of {} of a split model. Open the first part{}.",
                                first.path(), number + 1, parts,
                                name ? ", " + part_path(*name, 1, ending) : ""));
  }
  if (name && name->part == 1 && name->parts == parts) return *name;
  throw FileError(fmt::format(
      "{0}: this is the first of {1} parts of a split model, but by its name the others cannot be "
      "found; a name that ends with '-00001-of-{1:05}.gguf' was expected. Give all parts their "
      "original names.",
      first.path(), parts));
}

std::shared_ptr<const ModelFile> open_part(const std::string& path, std::int64_t number, std::int64_t parts) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw FileError(
        fmt::format("{}: this part of the split model is missing (part {} of {}). Download it into "
                    "the same directory.",
                    path, number + 1, parts));
  }
  const auto mapped = std::make_shared<const MappedFile>(path);
  auto part = open_gguf_part(path, mapped->bytes(), mapped);
  if (part == nullptr || part_count(*part) != parts || whole_number(*part, "split.no") != number) {
    throw FileError(fmt::format(
        "{}: part {} of {} of a split model was expected here, but this file is {}. "
        "Download it again.",
        path, number + 1, parts, part == nullptr ? "no GGUF file" : "another one by its own keys"));
  }
  return part;
}

}  // namespace

bool is_part_of_split_gguf(const ModelFile& file) { return part_count(file) > 1; }

std::shared_ptr<const ModelFile> join_split_gguf(std::shared_ptr<const ModelFile> first) {
  const PartName name = checked_name(*first);
  const std::int64_t expected = whole_number(*first, "split.tensors.count");
  auto joined = std::make_shared<SplitGguf>(std::move(first));
  for (std::uint32_t number = 1; number < name.parts; ++number) {
    joined->add(open_part(part_path(name, number + 1, ending), number, name.parts));
  }
  const auto found = static_cast<std::int64_t>(joined->tensors().size());
  if (expected != absent && found != expected) {
    throw FileError(
        fmt::format("{}: the {} parts hold {} tensors together, but {} were expected. Download them "
                    "again.",
                    joined->path(), name.parts, found, expected));
  }
  return joined;
}

}  // namespace headlight

// Joins the parts of a split GGUF model after checking that they belong together.
#include "core/model_files/split_gguf.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "core/base/errors.h"
#include "core/base/mapped_file.h"
#include "core/base/said_in_both.h"
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
    throw told<FileError>(
        "{}: the key '{}' is {}, but a whole number was expected. The file is damaged; download it again.",
        "{}: 키 '{}'의 값이 {}인데 정수여야 합니다. 파일이 손상되었으니 다시 내려받아 주세요.", file.path(),
        key, found->is_number() ? found->dump() : found->type_name());
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
        throw told<FileError>(
            "{}: the tensor {} stands in an earlier part too, but once was expected. The parts do not belong "
            "together; download them again.",
            "{}: 앞의 조각에도 같은 텐서가 있습니다: {}. 조각들이 서로 맞지 않으니 다시 내려받아 주세요.",
            part->path(), in_quotes(tensor.name));
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
    const std::string path = name ? part_path(*name, 1, ending) : "";
    throw told<FileError>("{0}: this is part {1} of {2} of a split model. Open the first part{3}.",
                          "{0}: 나뉜 모델의 조각 {2}개 가운데 {1}번째입니다. 첫 조각을 열어 주세요{3}.",
                          first.path(), number + 1, parts,
                          name ? Bilingual{", " + path, ": " + path} : Bilingual{});
  }
  if (name && name->part == 1 && name->parts == parts) return *name;
  throw told<FileError>(
      "{0}: this is the first of {1} parts of a split model, but by its name the others cannot be found; a "
      "name that ends with '-00001-of-{1:05}.gguf' was expected. Give all parts their original names.",
      "{0}: 나뉜 모델의 조각 {1}개 가운데 첫째인데, 이름으로 다른 조각을 찾을 수 없습니다. 이름이 "
      "'-00001-of-{1:05}.gguf'로 끝나야 합니다. 모든 조각에 원래 이름을 붙여 주세요.",
      first.path(), parts);
}

std::shared_ptr<const ModelFile> open_part(const std::string& path, std::int64_t number, std::int64_t parts) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw told<FileError>(
        "{0}: this part of the split model is missing (part {1} of {2}). Download it into the same "
        "directory.",
        "{0}: 나뉜 모델의 이 조각이 없습니다(조각 {2}개 가운데 {1}번째). 같은 폴더에 내려받아 주세요.", path,
        number + 1, parts);
  }
  const auto mapped = std::make_shared<const MappedFile>(path);
  auto part = open_gguf_part(path, mapped->bytes(), mapped);
  if (part == nullptr || part_count(*part) != parts || whole_number(*part, "split.no") != number) {
    const Bilingual what = part == nullptr ? Bilingual{"no GGUF file", "GGUF 파일이 아닙니다"}
                                           : Bilingual{"another one by its own keys", "다른 조각입니다"};
    throw told<FileError>(
        "{0}: part {1} of {2} of a split model was expected here, but this file is {3}. Download it again.",
        "{0}: 나뉜 모델의 조각 {2}개 가운데 {1}번째여야 하는데, {3}. 다시 내려받아 주세요.", path, number + 1,
        parts, what);
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
    throw told<FileError>(
        "{}: the {} parts hold {} tensors together, but {} were expected. Download them again.",
        "{}: 조각 {}개에 든 텐서가 모두 {}개인데, {}개여야 합니다. 다시 내려받아 주세요.", joined->path(),
        name.parts, found, expected);
  }
  return joined;
}

}  // namespace headlight

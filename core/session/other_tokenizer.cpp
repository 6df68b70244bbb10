// A folder with a tokenizer.json needs no weights; every other tokenizer is read through its model file.
#include "core/session/other_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/model/catalog.h"
#include "core/model/fetch_steps.h"
#include "core/model/model_tokenizer.h"
#include "core/model_files/model_file.h"
#include "core/text/hugging_face_tokenizer.h"

namespace headlight {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_file = 256U << 20U;  // bytes; the largest published tokenizer.json has 34 MB

std::optional<std::string> content_of(const fs::path& path) {
  std::error_code problem;
  if (!fs::is_regular_file(path, problem)) return std::nullopt;
  const std::uintmax_t size = fs::file_size(path, problem);
  if (problem || size > largest_file) {
    throw told<FileError>("{}: cannot be read, or is larger than 256 MB; a tokenizer.json is expected.",
                          "{}: 읽을 수 없거나 256 MB보다 큽니다. tokenizer.json이어야 합니다.",
                          path.string());
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw told<FileError>("{}: cannot be read; check the file's permissions.",
                          "{}: 읽을 수 없습니다. 파일의 권한을 확인해 주세요.", path.string());
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::shared_ptr<const Tokenizer> from_json_file(const fs::path& path) {
  HuggingFaceTokenizerFiles files;
  files.tokenizer_json = content_of(path);
  files.tokenizer_config_json = content_of(path.parent_path() / "tokenizer_config.json");
  files.special_tokens_map_json = content_of(path.parent_path() / "special_tokens_map.json");
  return tokenizer_from_hugging_face(files, path.string());
}

bool holds_a_tokenizer(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored))
    return fs::exists(path / "tokenizer.json", ignored) || fs::exists(path / "config.json", ignored);
  return path.extension() == ".gguf";
}

}  // namespace

std::vector<TokenizerSource> tokenizer_sources() {
  std::vector<TokenizerSource> sources;
  std::vector<fs::path> known;
  for (const CatalogEntry& entry : catalog()) {
    const auto path = installed_path(entry);
    if (!path) continue;
    sources.push_back({entry.title, entry.name});
    known.emplace_back(*path);
  }
  std::error_code problem;
  std::vector<fs::path> others;
  for (fs::directory_iterator at(models_folder(), problem), end; !problem && at != end;
       at.increment(problem)) {
    const auto lies_here = [&](const fs::path& path) {
      return path == at->path() || path.parent_path() == at->path();
    };
    if (std::any_of(known.begin(), known.end(), lies_here)) continue;
    if (holds_a_tokenizer(at->path())) others.push_back(at->path());
    std::error_code ignored;
    if (!fs::is_directory(at->path(), ignored)) continue;
    for (fs::directory_iterator file(at->path(), ignored), last; !ignored && file != last;
         file.increment(ignored)) {
      if (file->path().extension() == ".gguf") others.push_back(file->path());
    }
  }
  std::sort(others.begin(), others.end());
  for (const fs::path& path : others) sources.push_back({path.filename().string(), path.string()});
  return sources;
}

std::shared_ptr<const Tokenizer> open_tokenizer(const std::string& name_or_path) {
  std::error_code ignored;
  std::string path = name_or_path;
  if (!fs::exists(path, ignored)) {
    const auto entry = find_in_catalog(name_or_path);
    if (!entry) {
      throw told<UserError>(
          "'{}' is neither a file here nor a model of the catalog; give the path of a tokenizer.json, of a "
          ".gguf file or of a model's folder.",
          "'{}': 그런 파일도, 목록에 그런 모델도 없습니다. tokenizer.json, .gguf 파일, 모델 폴더 가운데 "
          "하나의 경로를 적어 주세요.",
          name_or_path);
    }
    const auto installed = installed_path(*entry);
    if (!installed) {
      throw told<UserError>("{} is not installed; fetch it first: its tokenizer comes with it.",
                            "{} 모델이 아직 없습니다. 먼저 내려받아 주세요. 토크나이저도 함께 옵니다.",
                            entry->title);
    }
    path = *installed;
  }
  if (fs::is_directory(path, ignored) && fs::exists(fs::path(path) / "tokenizer.json", ignored))
    return from_json_file(fs::path(path) / "tokenizer.json");
  if (fs::path(path).extension() == ".json") return from_json_file(path);
  return file_tokenizer(*open_model_file(path));
}

}  // namespace headlight

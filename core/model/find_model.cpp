// A path that exists, or a name in the catalog.
#include "core/model/find_model.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/base/said_in_both.h"

namespace headlight {

std::string find_or_fetch_model(const std::string& name_or_path, const FetchProgress& progress,
                                const IsCancelled& is_cancelled) {
  std::error_code ignored;
  if (std::filesystem::exists(name_or_path, ignored)) return name_or_path;
  if (const auto entry = find_in_catalog(name_or_path)) {
    if (const auto path = installed_path(*entry)) return *path;
    return fetch(*entry, progress, is_cancelled);
  }
  throw told<UserError>(
      "'{}' is neither a file here nor a model of the catalog ({}); check the spelling or give the path of a "
      "model: a .gguf file, or a folder with config.json.",
      "'{}': 그런 파일도, 목록에 그런 모델도 없습니다({}). 철자를 확인하거나 모델의 경로(.gguf 파일 또는 "
      "config.json이 있는 폴더)를 적어 주세요.",
      name_or_path, names_like(name_or_path));
}

}  // namespace headlight

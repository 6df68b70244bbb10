// Files over HTTP: redirects, going on where a killed download stopped, size and hash.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/http_transfer.h"

namespace headlight {

// Bytes that are there and in all (0: not known yet), about ten times a second; may throw to stop.
using HttpProgress = std::function<void(std::int64_t done, std::int64_t total)>;

struct HttpFile {
  std::string url;
  std::string path;         // where it shall lie; its folder exists
  std::int64_t bytes = 0;   // 0: not known
  std::string sha256 = {};  // empty: not known
};

// Returns the SHA-256 of what arrived. Until then, and when this throws, there is no file at `path`: what
// came so far lies in path.part, and the next call goes on there if the server says that it is still the same
// file. A part of another size or hash than expected is removed. Throws HttpError; UserError when the part
// cannot be opened; what `progress` throws.
std::string http_download(const HttpFile& file, const HttpSettings& settings, const HttpProgress& progress);

// A short text. Throws as http_download does; wrong_size when it is longer than `most_bytes`.
std::string http_get(const std::string& url, std::int64_t most_bytes, const HttpSettings& settings,
                     const HttpProgress& progress);

}  // namespace headlight

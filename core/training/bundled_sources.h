// The files that may become weights which come with the program. SOURCES.md says where each is from.
#pragma once

#include <string_view>
#include <vector>

namespace headlight {

struct BundledSource {
  std::string_view path;  // below the folder of the corpora
  std::string_view sha256;
  std::string_view licence;
};

const std::vector<BundledSource>& bundled_sources();

// Null for a file that is not on the list.
const BundledSource* bundled_source(std::string_view sha256);

}  // namespace headlight

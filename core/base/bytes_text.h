// An amount of memory or of disk as people read it.
#pragma once

#include <cstdint>
#include <string>

namespace headlight {

// "576 B", "412 kB", "3.4 MB", "135 MB", "14.2 GB": powers of 1,000, as disks are sold and file managers
// count.
std::string bytes_text(std::int64_t bytes);

}  // namespace headlight

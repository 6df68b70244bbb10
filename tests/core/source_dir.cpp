// HEADLIGHT_SOURCE_DIR comes from cmake.
#include "tests/core/source_dir.h"

namespace headlight {

std::string source_dir() { return HEADLIGHT_SOURCE_DIR; }

}  // namespace headlight

// Where the clone lies, for tests that read its files. A function, so that one file alone knows the path: the
// others are the same in every clone, and a compiler cache finds them.
#pragma once

#include <string>

namespace headlight {

std::string source_dir();

}  // namespace headlight

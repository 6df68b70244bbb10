// Where this user's files are kept.
#pragma once

#include <string>

namespace headlight {

// ${XDG_CACHE_HOME:-$HOME/.cache}/headlight; not created. Throws UserError when there is no home folder.
std::string cache_folder();

// ${XDG_DATA_HOME:-$HOME/.local/share}/headlight, in the same way.
std::string data_folder();

}  // namespace headlight

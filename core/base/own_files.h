// Where the program's own files (assets/, lessons/) are: beside the program, above it, or in share/headlight.
#pragma once

#include <string>
#include <string_view>

namespace headlight {

// "lessons" -> "/…/lessons". Looks upwards from the running program and then from the current directory for a
// directory that holds both assets/ and lessons/. Throws UserError when there is none.
std::string own_path(std::string_view relative);

}  // namespace headlight

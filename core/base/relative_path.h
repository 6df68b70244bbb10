// Which names from outside may become files below a folder of ours.
#pragma once

#include <string_view>

namespace headlight {

// True for "a", "a/b.c": every part is a plain name. False for what is empty, absolute, leaves its folder
// ("." or ".." as a part), has an empty part, a backslash, a control character, or a part or a whole that is
// too long for a file system.
bool is_plain_relative_path(std::string_view path);

}  // namespace headlight

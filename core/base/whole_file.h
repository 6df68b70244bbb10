// Writes a file that is there whole or not at all, whatever happens in between.
#pragma once

#include <string>
#include <string_view>

namespace headlight {

// Writes a new file beside `path`, waits until the disk has it, and gives it the name: after a crash or a
// power cut the old content or the new one is there. Follows a symbolic link. Throws UserError: a folder that
// is missing or may not be written to, a full disk, a folder or a device of that name.
void write_whole_file(const std::string& path, std::string_view bytes);

// Removes what interrupted writes to `path` and to `path`.* have left. For those who alone write to them.
void remove_unfinished(const std::string& path);

}  // namespace headlight

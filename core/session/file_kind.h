// What a file is that was dropped on the window, named on the command line or chosen in a dialog.
#pragma once

#include <string>

namespace headlight {

enum class FileKind { session, model, trace, text };

// From its name and its first bytes; whether it is sound is found out by whoever reads it. Throws UserError:
// it is not there, or nothing that can be opened; the message says what was found and what can be opened.
FileKind kind_of_file(const std::string& path);

// The text of a .txt or .md file, without a byte order mark. Throws UserError: over 1 MB, not UTF-8 (with the
// line and the offset of the first wrong byte).
std::string read_text_file(const std::string& path);

}  // namespace headlight

// A document as a file that opens the same scene elsewhere: JSON, everything that was made and chosen,
// nothing that is computed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/session/document.h"

namespace headlight {

inline constexpr std::string_view session_extension = ".headlight";

struct OpenedSession {
  Document document;
  // What the file says and this version cannot keep: one sentence each, for the user.
  std::vector<std::string> notes;
};

// Under 100 kB, but for what the user typed or made: a long text, hundreds of experiments. Text that is not
// UTF-8 is written as base64, so that every byte stays.
std::string session_text(const Document& document);

// Fields that are missing are as in a new document. Throws LocatedError: not a session, a wrong type, a value
// that makes no sense. What a newer version may have added is left out and noted.
OpenedSession parse_session(std::string_view text);

// Throws FileError: "path:line: reason".
OpenedSession read_session(const std::string& path);

// Atomic. Throws UserError: a place that cannot be written, or more than read_session would read (64 MiB).
void write_session(const Document& document, const std::string& path);

}  // namespace headlight

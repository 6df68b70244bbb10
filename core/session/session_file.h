// A document as a file that opens the same scene elsewhere: JSON, everything that was made and chosen,
// nothing that is computed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bilingual.h"
#include "core/session/document.h"

namespace headlight {

inline constexpr std::string_view session_extension = ".headlight";

struct OpenedSession {
  Document document;
  // What the file says and this version cannot keep: one sentence each, for the user.
  std::vector<Bilingual> notes;
  // Which of texts_beside() is the text to learn from; empty: it stands in the session itself.
  std::string learning_text;
};

// All of it. Under 100 kB, but for what the user typed or made: a long text, hundreds of experiments. Text
// that is not UTF-8 is written as base64, so that every byte stays.
std::string session_text(const Document& document);

// Fields that are missing are as in a new document. Throws LocatedError: not a session, a wrong type, a value
// that makes no sense. What a newer version may have added is left out and noted.
OpenedSession parse_session(std::string_view text);

// With the text beside it; that it is missing is a note. Throws FileError: "path:line: reason".
OpenedSession read_session(const std::string& path);

// Atomic. A text to learn from that is longer than 10 kB gets a file of its own beside the session,
// "a.headlight" and "a.headlight.0123456789abcdef.txt", named after what it says: it is there before the
// session names it, and is written once. Those that the session no longer names are removed. Throws
// UserError: a place that cannot be written, or more than read_session would read (64 MiB).
void write_session(const Document& document, const std::string& path);

// Which such texts lie beside a session, and where one of them lies; a link to a session is as the session.
std::vector<std::string> texts_beside(const std::filesystem::path& session);
std::filesystem::path text_beside(const std::filesystem::path& session, const std::string& text);

}  // namespace headlight

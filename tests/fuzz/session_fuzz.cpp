// Fuzzes session files: what is accepted must come back the same when it is written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/session/located_json.h"
#include "core/session/session_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const headlight::OpenedSession opened =
        headlight::parse_session({reinterpret_cast<const char*>(data), size});
    const std::string text = headlight::session_text(opened.document);
    if (headlight::session_text(headlight::parse_session(text).document) != text) std::abort();
  } catch (const headlight::LocatedError&) {
  }
  return 0;
}

// A display of the tests' own, so that windows need no screen and appear on nobody's.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace headlight {

// Starts Xvfb and points DISPLAY at it, until destruction. Without Xvfb the display that is there, if any, is
// used.
class TestDisplay {
 public:
  TestDisplay();
  ~TestDisplay();
  TestDisplay(const TestDisplay&) = delete;
  TestDisplay& operator=(const TestDisplay&) = delete;

  bool available() const;

 private:
  pid_t server_ = -1;
  std::optional<std::string> before_;  // DISPLAY as it was
};

}  // namespace headlight

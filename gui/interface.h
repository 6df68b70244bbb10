// ImGui's context with our fonts and words, for as long as it lives.
#pragma once

namespace headlight {

class Interface {
 public:
  Interface();  // what is wrong with the fonts goes to standard error
  ~Interface();
  Interface(const Interface&) = delete;
  Interface& operator=(const Interface&) = delete;
};

}  // namespace headlight

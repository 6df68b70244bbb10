// What this machine can compute with, for the window, which knows no backends.
#pragma once

#include <string>
#include <vector>

namespace headlight {

struct DeviceChoice {
  std::string name;  // "cpu"
  bool available = false;
  std::string reason;  // one sentence: what was found, or why it cannot be used
};

// The best first.
std::vector<DeviceChoice> device_choices();

}  // namespace headlight

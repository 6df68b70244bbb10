// What can compute here, and why not the others.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/backends/backend.h"

namespace headlight {

struct BackendChoice {
  std::string name;  // "cpu", "cuda", "reference"
  bool available = false;
  std::string reason;  // one sentence: what was found, or why it cannot be used
};
std::vector<BackendChoice> backend_choices();

// device: "auto", "cpu", "cuda" or "reference". Throws UserError for an unknown or unavailable one.
std::unique_ptr<Backend> make_backend(const std::string& device, int threads);

}  // namespace headlight

// What this build and this machine can compute with, and why not the rest.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/backends/backend.h"
#include "core/backends/compute_device.h"
#include "core/base/bilingual.h"

namespace headlight {

struct BackendChoice {
  std::string name;  // what make_backend takes: "cpu", "cuda", "cuda-tf32", "reference"
  bool available = false;
  Bilingual reason;  // one sentence for the user: what was found, or why it cannot be used
};

// The best first.
std::vector<BackendChoice> backend_choices();

// device: "auto" (the first that is available), or a name from backend_choices. threads <= 0: one a physical
// core. Throws UserError when the device does not exist or cannot be used here.
std::unique_ptr<Backend> make_backend(std::string_view device, int threads);

// The GPU that make_backend(device) would compute with, for what is no forward pass; none where that is
// another device. Throws the same.
ComputeDevice gpu_behind(std::string_view device);

}  // namespace headlight

// What this machine can compute with, for the window, which knows no backends.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/backends/compute_device.h"
#include "core/base/bilingual.h"

namespace headlight {

class Backend;

struct DeviceChoice {
  std::string name;   // "cpu"
  std::string title;  // "CPU", as people write it and Frame::device says it
  bool available = false;
  Bilingual reason;  // one sentence: what was found, or why it cannot be used
};

std::string device_title(std::string_view name);

// The best first.
std::vector<DeviceChoice> device_choices();

// For a worker that makes passes of its own beside the window's: `device` as Frame::device says it. A backend
// works for one thread at a time, so each has its own. threads <= 0: one a physical core.
std::unique_ptr<Backend> make_worker_backend(const std::string& device, int threads);

// For what a view computes beside the pass, from values that it reads, with the arithmetic of the same device
// where that is the processor's. A GPU would get them back only to send its results.
std::unique_ptr<Backend> make_view_backend(const std::string& device, int threads);

// The GPU to train a model with where the window computes with `device`: none where that is no GPU, or one
// that stopped answering.
ComputeDevice training_gpu(const std::string& device);

}  // namespace headlight

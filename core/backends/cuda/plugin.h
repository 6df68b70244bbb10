// Finds the plug-in beside the program, opens the first GPU with it, and sees whether it can count.
#pragma once

#include <memory>

#include "core/backends/cuda/device_memory.h"
#include "core/base/bilingual.h"

namespace headlight {

struct CudaDevice {
  std::shared_ptr<DeviceMemory> memory;  // null when there is none to use
  Bilingual reason;                      // one sentence: what was found, or why it is not used
};

// Opened when it is first asked for, and once; safe from any thread. Never throws.
const CudaDevice& cuda_device();

// Runs each kind of operation once beside the reference. Empty when they agree within 1e-4 of the largest
// value, which float32 keeps by two digits; else what differed, or what the device said.
std::string self_test(const std::shared_ptr<DeviceMemory>& device);

}  // namespace headlight

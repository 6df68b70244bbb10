// The operations on a device. Values stay there between operations and come here when somebody reads them.
// Weights that do not fit are multiplied by the CPU, and so is what stands between two of them.
#pragma once

#include <memory>

#include "core/backends/backend.h"
#include "core/backends/cuda/device_memory.h"

namespace headlight {

// `cpu`: for what does not fit on the device. Operations throw DeviceError when the device gives up.
std::unique_ptr<Backend> make_device_backend(std::shared_ptr<DeviceMemory> device,
                                             std::unique_ptr<Backend> cpu);

}  // namespace headlight

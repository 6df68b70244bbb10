// The derivatives on a device. Nothing comes back between two of them: the sums stay there until
// finish_sums().
#pragma once

#include <memory>

#include "core/backends/compute_device.h"
#include "core/training/gradient_operations.h"

namespace headlight {

// Beside `forward`, a backend on the same device, which must outlive it. Weights are found where the device's
// memory has them: in a mirror of what is trained. Operations throw DeviceError.
std::unique_ptr<GradientOperations> make_device_gradient_operations(const ComputeDevice& device,
                                                                    Backend& forward);

}  // namespace headlight

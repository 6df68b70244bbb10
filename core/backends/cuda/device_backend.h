// The operations on a device. Values stay there between operations and come here when somebody reads them.
// Weights that do not fit are multiplied by the CPU, and so is what stands between two of them.
#pragma once

#include <memory>
#include <string_view>

#include "core/backends/backend.h"
#include "core/backends/cuda/device_memory.h"

namespace headlight {

// `cpu`: for what does not fit on the device. `precision`: of products of more than
// kernels::FewRows::most_rows rows. Operations throw DeviceError when the device gives up.
std::unique_ptr<Backend> make_device_backend(std::shared_ptr<DeviceMemory> device,
                                             std::unique_ptr<Backend> cpu,
                                             ProductPrecision precision = ProductPrecision::f32);

// "cuda", "cuda-tf32", "cuda-bf16"
std::string_view device_backend_name(ProductPrecision precision);

}  // namespace headlight

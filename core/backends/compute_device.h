// A GPU to compute with, for those who pass it on: what it can do stands in cuda/device_memory.h.
#pragma once

#include <memory>

namespace headlight {

class DeviceMemory;
enum class ProductPrecision;

struct ComputeDevice {
  std::shared_ptr<DeviceMemory> memory;  // null: none
  ProductPrecision precision{};          // of products: f32 unless it is said
};

}  // namespace headlight

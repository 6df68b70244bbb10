// A GPU as our backend sees it: memory, copies, one queue of work. The plug-in makes one from CUDA
// (plugin.cu, the only file that nvcc reads); the tests make one from the host's memory. No call throws: the
// two sides of a plug-in share no exceptions. Every call may come from any thread; work is done in the order
// in which it was queued.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/backends/cuda/kernels.h"

namespace headlight {

// 0: it went well. Anything else is the device's own number, which explain() puts into words.
using DeviceStatus = int;
inline constexpr DeviceStatus device_ok = 0;

// How many bits of each factor a product keeps: 24, 11 or 8. Sums are float32 in all of them.
enum class ProductPrecision { f32, tf32, bf16 };

struct DeviceFacts {
  char name[128] = {};           // "NVIDIA H200"
  int compute_capability = 0;    // 90 for 9.0
  int driver = 0;                // 13000 for CUDA 13.0
  std::size_t total_memory = 0;  // bytes
};

// Counted up when anything below changes: a plug-in of another build is refused, not called.
inline constexpr int device_interface = 4;

class Device {
 public:
  // `pieces` of so many bytes, which begin to_step and from_step bytes apart; of one piece these do not
  // matter.
  struct Copy {
    void* to = nullptr;
    const void* from = nullptr;
    std::size_t bytes = 0, pieces = 1, to_step = 0, from_step = 0;
  };
  virtual ~Device() = default;
  virtual DeviceFacts facts() const = 0;
  virtual const char* explain(DeviceStatus status) const = 0;
  virtual bool is_out_of_memory(DeviceStatus status) const = 0;
  // Bytes, with what was released up to now; 0 when it cannot be said. May wait for the queue.
  virtual std::size_t free_memory() const = 0;

  virtual DeviceStatus allocate(std::size_t bytes, void** memory) = 0;
  virtual void release(void* memory) = 0;  // after what is queued
  // `from` may be changed or given back as soon as copy_in returns.
  virtual DeviceStatus copy_in(void* to, const void* from, std::size_t bytes) = 0;
  virtual DeviceStatus copy_out(const Copy& copy) = 0;  // waits for the queue
  virtual DeviceStatus copy_within(const Copy& copy) = 0;
  virtual DeviceStatus wait() = 0;  // until all that is queued is done

  // One thread block for each of `blocks` (nothing happens for 0).
  virtual DeviceStatus run(const kernels::Any& kernel, std::int64_t blocks) = 0;

  // out [positions, rows], a part of rows of `out_width` values: x [positions, columns] times the transposed
  // weight [rows, columns], added to what is there when `add`.
  virtual DeviceStatus product(const float* x, const float* weight, std::int64_t positions, std::int64_t rows,
                               std::int64_t columns, std::int64_t out_width, bool add,
                               ProductPrecision precision, float* out) = 0;

  // For training: out_i [rows, columns] = a_i [rows, terms] · b_i [terms, columns] for each i < count, added
  // to what is there when `add`. The out_i share no numbers.
  struct Matrix {
    const float* at = nullptr;
    std::int64_t row_step = 0;     // numbers from one row in memory to the next
    std::int64_t matrix_step = 0;  // from the first number of a matrix to that of the next
    bool turned = false;           // memory holds the transposed matrix
  };
  struct Products {
    Matrix a, b;
    std::int64_t rows = 0, columns = 0, terms = 0, count = 1;
    bool add = false;
    ProductPrecision precision = ProductPrecision::f32;
    float* out = nullptr;
    std::int64_t out_row_step = 0, out_matrix_step = 0;
  };
  virtual DeviceStatus multiply(const Products& products) = 0;
};

// Why there is no device to use.
struct NoDevice {
  enum class Reason { old_driver, no_gpu, error } reason = Reason::error;
  int driver = 0, toolkit = 0;  // of old_driver: 12040 for CUDA 12.4
  char words[256] = {};         // of error: the device's own
};

// What the plug-in exports under these names. open: null, and why, when this machine cannot be used.
inline constexpr const char* device_interface_symbol = "headlight_device_interface";
inline constexpr const char* open_device_symbol = "headlight_open_device";
using DeviceInterface = int();
using OpenDevice = Device*(NoDevice* why);

}  // namespace headlight

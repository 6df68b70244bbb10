// What lies in the memory of a device: values of a pass, and weights as packed as in their file. One of these
// a device, shared by every backend that computes with it; safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "core/backends/cuda/device.h"
#include "core/base/tensor.h"
#include "core/model/weight.h"

namespace headlight {

class DeviceMirror;

class DeviceMemory : public std::enable_shared_from_this<DeviceMemory> {
 public:
  explicit DeviceMemory(std::unique_ptr<Device> device);
  ~DeviceMemory();

  Device& device() const { return *device_; }

  // Throws DeviceError when `status` is not device_ok; `what` it was doing, for the message.
  void check(DeviceStatus status, std::string_view what) const;
  // The same of what only training asks for: a device that refuses it, and still answers, is not lost for
  // others.
  void check_training(DeviceStatus status) const;
  // Whether anything but memory was ever refused. Such a device is not asked again until the program is.
  bool lost() const { return lost_; }

  // Uninitialised; given back, after what is queued, with its last owner. Where there is no room, complete
  // values move to the host first, the oldest ones first. Throws DeviceError.
  std::shared_ptr<void> allocate(std::size_t bytes, std::string_view what);

  // The bytes of a weight, sent when they are first asked for and kept as long as their owner lives. Null
  // when they would not leave room to compute in: such a weight stays with the CPU. What somebody goes on
  // changing needs a mirror.
  std::shared_ptr<const void> packed(const Weight& weight);
  struct Share {
    std::int64_t here = 0, left_out = 0;  // bytes of weights on the device, and of those that did not fit
  };
  Share share() const;

  // Room for a copy of these numbers; nothing is in it before it is sent. Throws DeviceError.
  std::shared_ptr<const DeviceMirror> mirror(std::span<const float> numbers);
  // Where one of them lies in their mirror; null for what lies in none.
  std::shared_ptr<const float> mirrored(const void* number) const;

  // Values on the device as a tensor, and back; null for a tensor that lies here or on another device.
  Tensor tensor(Shape shape, std::shared_ptr<void> memory);
  std::shared_ptr<const float> address(const Tensor& tensor) const;
  // As tensor(), of numbers that go on being added to: these never move to the host.
  Tensor sum(Shape shape, std::shared_ptr<void> memory);
  // What has an address, or a place in a mirror, has it; anything else is sent. Throw DeviceError.
  std::shared_ptr<const float> held(const Tensor& tensor);
  std::shared_ptr<void> sent(const void* from, std::size_t bytes);

 private:
  class Values;
  struct Kept {
    std::weak_ptr<const void> owner;
    std::shared_ptr<void> memory;  // null: it did not fit
    std::int64_t bytes = 0;
  };
  [[noreturn]] void refuse(DeviceStatus status, std::string_view what) const;
  Tensor far(Shape shape, std::shared_ptr<void> memory, bool may_move);
  void forget_dead_weights();
  std::shared_ptr<void> allocated(std::size_t bytes, DeviceStatus* status);
  void remember(const std::shared_ptr<Values>& values);

  std::unique_ptr<Device> device_;
  std::size_t reserve_;  // bytes that weights leave free
  mutable std::atomic<bool> lost_{false};
  mutable std::mutex mutex_;
  std::map<const std::byte*, Kept> weights_;
  mutable std::mutex mirrors_mutex_;  // its own: a weight that is being sent holds the other one for long
  std::vector<std::weak_ptr<const DeviceMirror>> mirrors_;
  std::mutex values_mutex_;                    // guards what follows
  std::vector<std::weak_ptr<Values>> values_;  // the oldest first; some may be gone
  std::size_t looked_through_at_ = 1024;
};

// The copy on a device of numbers that go on changing on the host, as the weights do that a trainer moves. As
// long as it lives, DeviceMemory::packed() and held() find in it whatever lies among those numbers, as it was
// when it was last sent.
class DeviceMirror {
 public:
  DeviceMirror(std::span<const float> numbers, std::shared_ptr<DeviceMemory> device);
  void send() const;  // throws DeviceError

 private:
  friend class DeviceMemory;
  std::span<const float> numbers_;
  std::shared_ptr<DeviceMemory> device_;
  std::shared_ptr<float> memory_;
};

}  // namespace headlight

// Memory is the device's; when it ends is decided here, by shared_ptr as everywhere else.
#include "core/backends/cuda/device_memory.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/errors.h"
#include "core/base/float_pool.h"
#include "core/base/said_in_both.h"

namespace headlight {

class DeviceMemory::Values final : public FarValues {
 public:
  Values(std::shared_ptr<const DeviceMemory> device, std::shared_ptr<void> memory, std::size_t count)
      : device_(std::move(device)), memory_(std::move(memory)), count_(count) {}

  const float* fetched() const override {
    std::call_once(once_, [&] {
      here_ = pooled_floats(count_);
      const std::size_t bytes = count_ * sizeof(float);
      if (device_->device().copy_out(here_.get(), memory_.get(), bytes) != device_ok) {
        device_->lost_ = true;
        std::fill_n(here_.get(), count_, std::numeric_limits<float>::quiet_NaN());
      }
    });
    return here_.get();
  }

  const DeviceMemory* device() const { return device_.get(); }
  const float* address() const { return static_cast<const float*>(memory_.get()); }

 private:
  std::shared_ptr<const DeviceMemory> device_;
  std::shared_ptr<void> memory_;
  std::size_t count_;
  mutable std::once_flag once_;
  mutable std::shared_ptr<float[]> here_;
};

// An eighth of the device is for the values of a pass and what its products need on the way.
DeviceMemory::DeviceMemory(std::unique_ptr<Device> device, std::shared_ptr<void> library)
    : library_(std::move(library)), device_(std::move(device)), reserve_(device_->facts().total_memory / 8) {}

DeviceMemory::~DeviceMemory() {
  weights_.clear();
  device_.reset();
}

void DeviceMemory::check(DeviceStatus status, std::string_view what) const {
  if (status == device_ok) return;
  const DeviceFacts facts = device_->facts();
  if (device_->is_out_of_memory(status)) {
    throw told<DeviceError>("{} has no memory left while {}: {}.", "{}의 메모리가 부족합니다({}): {}.",
                            facts.name, what, device_->explain(status));
  }
  lost_ = true;
  throw told<DeviceError>("{} failed while {}: {}.", "{} 오류({}): {}.", facts.name, what,
                          device_->explain(status));
}

std::shared_ptr<void> DeviceMemory::allocate(std::size_t bytes, std::string_view what) {
  void* memory = nullptr;
  check(device_->allocate(std::max<std::size_t>(bytes, 1), &memory), what);
  return {memory, [keep = shared_from_this()](void* given) { keep->device().release(given); }};
}

std::shared_ptr<const void> DeviceMemory::packed(const Weight& weight) {
  const auto bytes = static_cast<std::size_t>(weight.byte_size());
  if (!weight.owner) {  // nobody says how long it lives: sent for this once
    auto memory = allocate(bytes, "sending a weight");
    check(device_->copy_in(memory.get(), weight.bytes, bytes), "sending a weight");
    return memory;
  }
  const std::lock_guard lock(mutex_);
  const auto known = weights_.find(weight.bytes);
  if (known != weights_.end() && known->second.bytes == weight.byte_size() &&
      known->second.owner.lock() == weight.owner) {
    return known->second.memory;
  }
  forget_dead_weights();
  // A kept weight must not keep the device alive, which keeps the weight: it is released by hand.
  std::shared_ptr<void> memory;
  void* room = nullptr;
  if (device_->free_memory() >= bytes + reserve_ &&
      device_->allocate(std::max<std::size_t>(bytes, 1), &room) == device_ok) {
    memory = {room, [device = device_.get()](void* given) { device->release(given); }};
    check(device_->copy_in(room, weight.bytes, bytes), "sending a weight");
  }
  weights_[weight.bytes] = {weight.owner, memory, weight.byte_size()};
  return memory;
}

void DeviceMemory::forget_dead_weights() {
  std::erase_if(weights_, [](const auto& entry) { return entry.second.owner.expired(); });
}

DeviceMemory::Share DeviceMemory::share() const {
  const std::lock_guard lock(mutex_);
  Share share;
  for (const auto& [bytes, kept] : weights_) {
    if (!kept.owner.expired()) (kept.memory ? share.here : share.left_out) += kept.bytes;
  }
  return share;
}

Tensor DeviceMemory::tensor(Shape shape, std::shared_ptr<void> memory) {
  std::int64_t count = 1;
  for (const std::int64_t length : shape) count *= length;
  auto values =
      std::make_shared<const Values>(shared_from_this(), std::move(memory), static_cast<std::size_t>(count));
  return Tensor::far(std::move(shape), std::move(values));
}

const float* DeviceMemory::address(const Tensor& tensor) const {
  const auto* values = dynamic_cast<const Values*>(tensor.far_values().get());
  return values != nullptr && values->device() == this ? values->address() : nullptr;
}

}  // namespace headlight

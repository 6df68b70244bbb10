// Memory is the device's; when it ends is decided here, by shared_ptr as everywhere else.
#include "core/backends/cuda/device_memory.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "core/base/errors.h"
#include "core/base/float_pool.h"
#include "core/base/said_in_both.h"

namespace headlight {

// [group, row, number]. What was fetched stays here; the next reader brings the rows that were written since.
class DeviceMemory::Values final : public FarValues {
 public:
  Values(std::shared_ptr<DeviceMemory> device, std::shared_ptr<void> memory, std::int64_t groups,
         std::int64_t rows, std::int64_t width, std::int64_t written)
      : device_(std::move(device)),
        memory_(std::move(memory)),
        groups_(groups),
        rows_(rows),
        width_(width),
        written_(written) {}

  const DeviceMemory* device() const { return device_.get(); }
  // Null when they moved to the host.
  std::shared_ptr<float> address() const {
    const std::lock_guard lock(mutex_);
    return {memory_, static_cast<float*>(memory_.get())};
  }

  const float* fetched() const override {
    const std::lock_guard lock(mutex_);
    return fetched_now();
  }

  // To the host; whoever computes with them on the device keeps them there until that is queued.
  void move_here() {
    const std::lock_guard lock(mutex_);
    if (!memory_ || written_ < rows_) return;
    fetched_now();
    memory_.reset();
  }

  std::shared_ptr<FarValues> room(std::int64_t groups, std::int64_t rows, std::int64_t width) const override {
    auto memory = device_->allocate(bytes_of(groups * rows * width), "making room for values");
    auto values = std::make_shared<Values>(device_, std::move(memory), groups, rows, width, 0);
    device_->remember(values);
    return values;
  }

  void write(std::int64_t first, std::int64_t count, const Tensor& from, std::int64_t from_rows) override {
    const std::int64_t from_width = from.size() / groups_ / from_rows;
    // Rows of one length follow each other on both sides.
    const bool alike = from_width == width_;
    const std::int64_t copies = alike ? 1 : count;
    const std::shared_ptr<float> to = address();  // what is not complete does not move
    const std::int64_t numbers = alike ? count * width_ : std::min(width_, from_width);
    for (std::int64_t copy = 0; copy < copies; ++copy) {
      write({.to = to.get() + (first + copy) * width_,
             .bytes = bytes_of(numbers),
             .pieces = static_cast<std::size_t>(groups_),
             .to_step = bytes_of(rows_ * width_),
             .from_step = bytes_of(from_rows * from_width)},
            from, copy * from_width);
    }
    const std::lock_guard lock(mutex_);
    written_ = first + count;
  }

 private:
  // Under the mutex.
  const float* fetched_now() const {
    if (!here_) here_ = pooled_floats(static_cast<std::size_t>(groups_ * rows_ * width_));
    if (fetched_ == written_) return here_.get();
    const std::int64_t first = fetched_ * width_, count = (written_ - fetched_) * width_;
    fetched_ = written_;
    const std::size_t step = bytes_of(rows_ * width_);
    if (device_->device().copy_out({.to = here_.get() + first,
                                    .from = static_cast<const float*>(memory_.get()) + first,
                                    .bytes = bytes_of(count),
                                    .pieces = static_cast<std::size_t>(groups_),
                                    .to_step = step,
                                    .from_step = step}) != device_ok) {
      device_->lost_ = true;
      for (std::int64_t group = 0; group < groups_; ++group) {
        std::fill_n(here_.get() + group * rows_ * width_ + first, count,
                    std::numeric_limits<float>::quiet_NaN());
      }
    }
    return here_.get();
  }

  static std::size_t bytes_of(std::int64_t numbers) {
    return static_cast<std::size_t>(numbers) * sizeof(float);
  }

  // From the number `at` of `from` on, wherever that lies.
  void write(Device::Copy copy, const Tensor& from, std::int64_t at) const {
    if (const std::shared_ptr<const float> there = device_->address(from)) {
      copy.from = there.get() + at;
      device_->check(device_->device().copy_within(copy), "keeping values");
      return;
    }
    for (std::size_t piece = 0; piece < copy.pieces; ++piece) {
      device_->check(
          device_->device().copy_in(
              static_cast<std::byte*>(copy.to) + piece * copy.to_step,
              reinterpret_cast<const std::byte*>(from.data() + at) + piece * copy.from_step, copy.bytes),
          "keeping values");
    }
  }

  std::shared_ptr<DeviceMemory> device_;
  std::shared_ptr<void> memory_;
  std::int64_t groups_, rows_, width_;
  mutable std::mutex mutex_;  // guards the rest: nobody reads what is still on its way
  std::int64_t written_;
  mutable std::int64_t fetched_ = 0;  // rows
  mutable std::shared_ptr<float[]> here_;
};

// An eighth of the device is for the values of a pass and what its products need on the way.
DeviceMemory::DeviceMemory(std::unique_ptr<Device> device)
    : device_(std::move(device)), reserve_(device_->facts().total_memory / 8) {}

DeviceMemory::~DeviceMemory() {
  weights_.clear();
  device_.reset();
}

void DeviceMemory::check(DeviceStatus status, std::string_view what) const {
  if (status == device_ok) return;
  if (!device_->is_out_of_memory(status)) lost_ = true;
  refuse(status, what);
}

void DeviceMemory::check_training(DeviceStatus status) const {
  if (status == device_ok) return;
  if (!device_->is_out_of_memory(status) && device_->wait() != device_ok) lost_ = true;
  refuse(status, "computing gradients");
}

void DeviceMemory::refuse(DeviceStatus status, std::string_view what) const {
  const DeviceFacts facts = device_->facts();
  if (device_->is_out_of_memory(status)) {
    throw told<DeviceError>("{} has no memory left while {}: {}.", "{0}의 메모리가 부족합니다: {2}.",
                            facts.name, what, device_->explain(status));
  }
  throw told<DeviceError>("{} failed while {}: {}.", "{0} 오류: {2}.", facts.name, what,
                          device_->explain(status));
}

std::shared_ptr<void> DeviceMemory::allocate(std::size_t bytes, std::string_view what) {
  DeviceStatus status = device_ok;
  std::shared_ptr<void> memory = allocated(bytes, &status);
  if (!memory && device_->is_out_of_memory(status)) {
    std::vector<std::weak_ptr<Values>> oldest;
    {
      const std::lock_guard lock(values_mutex_);
      oldest = values_;
    }
    for (const std::weak_ptr<Values>& one : oldest) {
      const std::shared_ptr<Values> values = one.lock();
      if (!values || !values->address()) continue;
      values->move_here();
      memory = allocated(bytes, &status);
      if (memory || !device_->is_out_of_memory(status)) break;
    }
  }
  if (!memory) check(status, what);
  return memory;
}

// Null, and why.
std::shared_ptr<void> DeviceMemory::allocated(std::size_t bytes, DeviceStatus* status) {
  void* memory = nullptr;
  *status = device_->allocate(std::max<std::size_t>(bytes, 1), &memory);
  if (*status != device_ok) return nullptr;
  return {memory, [keep = shared_from_this()](void* given) { keep->device().release(given); }};
}

void DeviceMemory::remember(const std::shared_ptr<Values>& values) {
  const std::lock_guard lock(values_mutex_);
  values_.push_back(values);
  if (values_.size() < looked_through_at_) return;
  std::erase_if(values_, [](const auto& one) { return one.expired(); });
  looked_through_at_ = 2 * values_.size() + 1024;
}

std::shared_ptr<const void> DeviceMemory::packed(const Weight& weight) {
  const auto bytes = static_cast<std::size_t>(weight.byte_size());
  if (auto inside = mirrored(weight.bytes)) return inside;
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

// Where one leaves, another may find room that found none before.
void DeviceMemory::forget_dead_weights() {
  const bool frees = std::erase_if(weights_, [](const auto& entry) {
                       return entry.second.owner.expired() && entry.second.memory != nullptr;
                     }) > 0;
  std::erase_if(weights_, [&](const auto& entry) {
    return entry.second.owner.expired() || (frees && entry.second.memory == nullptr);
  });
}

DeviceMemory::Share DeviceMemory::share() const {
  const std::lock_guard lock(mutex_);
  Share share;
  for (const auto& [bytes, kept] : weights_) {
    if (!kept.owner.expired()) (kept.memory ? share.here : share.left_out) += kept.bytes;
  }
  return share;
}

DeviceMirror::DeviceMirror(std::span<const float> numbers, std::shared_ptr<DeviceMemory> device)
    : numbers_(numbers),
      device_(std::move(device)),
      memory_(std::static_pointer_cast<float>(device_->allocate(numbers.size_bytes(), "sending weights"))) {}

void DeviceMirror::send() const {
  device_->check(device_->device().copy_in(memory_.get(), numbers_.data(), numbers_.size_bytes()),
                 "sending weights");
}

std::shared_ptr<const DeviceMirror> DeviceMemory::mirror(std::span<const float> numbers) {
  auto mirror = std::make_shared<const DeviceMirror>(numbers, shared_from_this());
  const std::lock_guard lock(mirrors_mutex_);
  std::erase_if(mirrors_, [](const auto& one) { return one.expired(); });
  mirrors_.push_back(mirror);
  return mirror;
}

std::shared_ptr<const float> DeviceMemory::mirrored(const void* number) const {
  const std::less<const void*> before;
  const std::lock_guard lock(mirrors_mutex_);
  for (const std::weak_ptr<const DeviceMirror>& one : mirrors_) {
    const std::shared_ptr<const DeviceMirror> mirror = one.lock();
    if (!mirror) continue;
    const float* const begin = mirror->numbers_.data();
    if (before(number, begin) || !before(number, begin + mirror->numbers_.size())) continue;
    const auto place = static_cast<const float*>(number) - begin;
    return {mirror->memory_, mirror->memory_.get() + place};
  }
  return nullptr;
}

Tensor DeviceMemory::tensor(Shape shape, std::shared_ptr<void> memory) {
  return far(std::move(shape), std::move(memory), /*may_move=*/true);
}

Tensor DeviceMemory::sum(Shape shape, std::shared_ptr<void> memory) {
  return far(std::move(shape), std::move(memory), /*may_move=*/false);
}

Tensor DeviceMemory::far(Shape shape, std::shared_ptr<void> memory, bool may_move) {
  std::int64_t count = 1;
  for (const std::int64_t length : shape) count *= length;
  auto values = std::make_shared<Values>(shared_from_this(), std::move(memory), 1, 1, count, 1);
  if (may_move) remember(values);
  return Tensor::far(std::move(shape), std::move(values));
}

std::shared_ptr<const float> DeviceMemory::held(const Tensor& tensor) {
  if (auto there = address(tensor)) return there;
  if (!tensor.far_values()) {
    if (auto inside = mirrored(tensor.data())) return inside;
  }
  return std::static_pointer_cast<const float>(
      sent(tensor.data(), static_cast<std::size_t>(tensor.size()) * sizeof(float)));
}

std::shared_ptr<void> DeviceMemory::sent(const void* from, std::size_t bytes) {
  auto memory = allocate(bytes, "sending values");
  check(device_->copy_in(memory.get(), from, bytes), "sending values");
  return memory;
}

std::shared_ptr<const float> DeviceMemory::address(const Tensor& tensor) const {
  const auto* values = dynamic_cast<const Values*>(tensor.far_values().get());
  return values != nullptr && values->device() == this ? values->address() : nullptr;
}

}  // namespace headlight

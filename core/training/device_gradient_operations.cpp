// Each derivative as kernels (core/backends/cuda/gradient_kernels.h) and products; the formulas stand in
// gradient_operations.cpp.
#include "core/training/device_gradient_operations.h"

#include <stdexcept>
#include <vector>

#include "core/backends/cuda/device_memory.h"

namespace headlight {
namespace {

// As many blocks as have work to do.
template <class Kernel>
std::int64_t blocks_of(const Kernel&, std::int64_t count) {
  return (count + Kernel::per_block - 1) / Kernel::per_block;
}

class DeviceGradientOperations final : public GradientOperations {
 public:
  DeviceGradientOperations(const ComputeDevice& device, Backend& forward)
      : memory_(device.memory), device_(memory_->device()), precision_(device.precision), forward_(forward) {}

  float* begin_sums(std::span<float> values) override {
    const auto count = static_cast<std::int64_t>(values.size());
    if (!sums_) sums_ = room(count);
    clear(count, sums_.get());
    return sums_.get();
  }
  void finish_sums(std::span<float> values) override {
    check(device_.copy_out({.to = values.data(), .from = sums_.get(), .bytes = values.size_bytes()}));
  }

  Tensor zeros(Shape shape) override {
    const std::int64_t count = count_of(shape);
    auto memory = room(count);
    clear(count, memory.get());
    return memory_->sum(std::move(shape), std::move(memory));
  }
  Tensor copy(const Tensor& x) override {
    const auto from = memory_->held(x);
    auto memory = room(x.size());
    check(device_.copy_within({.to = memory.get(), .from = from.get(), .bytes = bytes_of(x.size())}));
    return memory_->sum(x.shape(), std::move(memory));
  }
  float* address(Tensor& sum) override {
    const auto there = memory_->address(sum);
    if (!there) throw std::logic_error("a sum of another device");
    return const_cast<float*>(there.get());  // NOLINT: made by zeros() or copy() to be added to
  }
  Tensor brought(const Tensor& x) override {
    if (memory_->address(x)) return x;
    return memory_->tensor(x.shape(), memory_->sent(x.data(), bytes_of(x.size())));
  }
  Tensor some_rows(const Tensor& x, std::span<const std::int64_t> positions) override {
    const auto count = static_cast<std::int64_t>(positions.size());
    if (count == x.axis(0)) return x;
    const std::int64_t width = x.axis(1);
    const auto from = memory_->held(x);
    const auto places = sent_ids(positions);
    auto memory = room(count * width);
    const kernels::Packed rows{NumberFormat::f32, reinterpret_cast<const unsigned char*>(from.get()),
                               width * static_cast<std::int64_t>(sizeof(float))};
    check(device_.run(kernels::Gather{rows, places.get(), 0, width, memory.get()}, count));
    return memory_->tensor({count, width}, std::move(memory));
  }

  void linear_input(const Tensor& d_y, const Weight& weight, float* d_x) override {
    if (weight.format != NumberFormat::f32) throw std::logic_error("only float32 weights have gradients");
    const auto matrix = memory_->packed(weight);
    if (!matrix) throw std::logic_error("a weight that is trained has no mirror on the device");
    const auto d = memory_->held(d_y);
    const std::int64_t rows = weight.rows, columns = weight.columns;
    multiply({.a = {d.get(), rows},
              .b = {static_cast<const float*>(matrix.get()), columns},
              .rows = d_y.axis(0),
              .columns = columns,
              .terms = rows,
              .add = true,
              .out = d_x,
              .out_row_step = columns});
  }

  void linear_weights(const Tensor& d_y, const Tensor& x, float* d_weight, float* d_bias) override {
    const std::int64_t rows = d_y.axis(1), columns = x.axis(1);
    const auto d = memory_->held(d_y);
    if (d_weight != nullptr) {
      const auto in = memory_->held(x);
      multiply({.a = {.at = d.get(), .row_step = rows, .turned = true},
                .b = {in.get(), columns},
                .rows = rows,
                .columns = columns,
                .terms = d_y.axis(0),
                .add = true,
                .out = d_weight,
                .out_row_step = columns});
    }
    add_columns({d.get(), nullptr, d_y.axis(0), rows, d_bias});
  }

  void normalized(const Tensor& d_y, const Tensor& x, const Tensor& scale, Norm norm, const Tensor& gain,
                  float* d_gain, float* d_bias, float* d_x) override {
    const std::int64_t rows = x.axis(0), width = x.axis(1);
    const auto d = memory_->held(d_y), in = memory_->held(x), divisors = memory_->held(scale),
               factors = memory_->held(gain);
    const auto unit = room(x.size());
    check(device_.run(kernels::NormBackward{in.get(), divisors.get(), factors.get(), d.get(), width,
                                            norm == Norm::rms, unit.get(), d_x},
                      rows));
    add_columns({d.get(), unit.get(), rows, width, d_gain});
    add_columns({d.get(), nullptr, rows, width, d_bias});
  }

  // Turned by the angles the other way round.
  Tensor rotated(const Tensor& d_y, const Rotation& rotation) override {
    Rotation back = rotation;
    for (double& frequency : back.frequencies) frequency = -frequency;
    return forward_.rotate(d_y, 0, back);
  }

  // All heads at once, or all key heads where several heads share one: one after the other they add to it.
  // What a mask hides is computed too, and multiplied by its weight 0.
  Attention attention(const Tensor& d_z, const Tensor& q, const Tensor& k, const Tensor& v,
                      const Tensor& pattern, double scale, bool /*causal*/) override {
    const std::int64_t queries = q.axis(0), heads = q.axis(1), width = q.axis(2);
    const std::int64_t keys = k.axis(0), kv_heads = k.axis(1), sharing = heads / kv_heads;
    const auto d_out = memory_->held(d_z), weights = memory_->held(pattern), of_q = memory_->held(q),
               of_k = memory_->held(k), of_v = memory_->held(v);
    const auto d_pattern = room(pattern.size());
    auto d_q = room(q.size()), d_k = room(k.size()), d_v = room(v.size());
    // Matrices of the heads that come `head`th among those that share a key head; of a map and of vectors.
    const std::int64_t map = queries * keys;
    const auto of_heads = [&](const float* at, std::int64_t head) -> Device::Matrix {
      return {at + head * width, heads * width, sharing * width};
    };
    const auto of_maps = [&](const float* at, std::int64_t head) -> Device::Matrix {
      return {at + head * map, keys, sharing * map};
    };
    const auto of_keys = [&](const float* at) -> Device::Matrix { return {at, kv_heads * width, width}; };
    const auto turned = [](Device::Matrix matrix) {
      matrix.turned = true;
      return matrix;
    };
    const auto to_keys = [&](const Device::Matrix& map_of, const Device::Matrix& vectors, bool add,
                             float* out) {
      multiply({.a = turned(map_of),
                .b = vectors,
                .rows = keys,
                .columns = width,
                .terms = queries,
                .count = kv_heads,
                .add = add,
                .out = out,
                .out_row_step = kv_heads * width,
                .out_matrix_step = width});
    };
    for (std::int64_t head = 0; head < sharing; ++head) {
      const Device::Matrix d = of_heads(d_out.get(), head);
      to_keys(of_maps(weights.get(), head), d, head > 0, d_v.get());
      multiply({.a = d,
                .b = turned(of_keys(of_v.get())),
                .rows = queries,
                .columns = keys,
                .terms = width,
                .count = kv_heads,
                .out = d_pattern.get() + head * map,
                .out_row_step = keys,
                .out_matrix_step = sharing * map});
    }
    check(
        device_.run(kernels::SoftmaxBackward{weights.get(), keys, static_cast<float>(scale), d_pattern.get()},
                    heads * queries));
    for (std::int64_t head = 0; head < sharing; ++head) {
      const Device::Matrix d = of_maps(d_pattern.get(), head);
      to_keys(d, of_heads(of_q.get(), head), head > 0, d_k.get());
      multiply({.a = d,
                .b = of_keys(of_k.get()),
                .rows = queries,
                .columns = width,
                .terms = keys,
                .count = kv_heads,
                .out = d_q.get() + head * width,
                .out_row_step = heads * width,
                .out_matrix_step = sharing * width});
    }
    return {memory_->tensor(q.shape(), std::move(d_q)), memory_->tensor(k.shape(), std::move(d_k)),
            memory_->tensor(v.shape(), std::move(d_v))};
  }

  void activation(const Tensor& x, Activation activation, float* d_y) override {
    const auto in = memory_->held(x);
    const kernels::Slopes slopes{activation, in.get(), x.size(), d_y};
    check(device_.run(slopes, blocks_of(slopes, x.size())));
  }
  Tensor activated(const Tensor& x, Activation activation) override {
    return forward_.activate(x, activation);
  }
  void scale(float factor, std::int64_t count, float* x) override {
    elements(
        {.kind = kernels::Element::scaled, .a = x, .b = nullptr, .factor = factor, .count = count, .out = x});
  }
  void multiply(const Tensor& by, float* x) override {
    const auto other = memory_->held(by);
    elements({.kind = kernels::Element::multiply, .a = x, .b = other.get(), .count = by.size(), .out = x});
  }
  void add(const Tensor& a, float* to) override {
    const auto other = memory_->held(a);
    elements({.kind = kernels::Element::add, .a = to, .b = other.get(), .count = a.size(), .out = to});
  }

  void embed(const Tensor& d_y, std::span<const TokenId> ids, double scale, float* d_table) override {
    if (d_table == nullptr) return;
    const auto d = memory_->held(d_y);
    const auto rows = sent_ids(ids);
    const auto count = static_cast<std::int64_t>(ids.size());
    check(device_.run(
        kernels::AddRows{d.get(), rows.get(), count, d_y.axis(1), static_cast<float>(scale), d_table},
        count));
  }

 private:
  static std::size_t bytes_of(std::int64_t count) { return static_cast<std::size_t>(count) * sizeof(float); }
  static std::int64_t count_of(const Shape& shape) {
    std::int64_t count = 1;
    for (const std::int64_t length : shape) count *= length;
    return count;
  }
  void check(DeviceStatus status) const { memory_->check_training(status); }
  std::shared_ptr<float> room(std::int64_t count) {
    return std::static_pointer_cast<float>(memory_->allocate(bytes_of(count), "computing gradients"));
  }
  template <class Number>
  std::shared_ptr<const std::int32_t> sent_ids(std::span<const Number> ids) {
    const std::vector<std::int32_t> numbers(ids.begin(), ids.end());
    return std::static_pointer_cast<const std::int32_t>(
        memory_->sent(numbers.data(), numbers.size() * sizeof(std::int32_t)));
  }
  void clear(std::int64_t count, float* at) {
    const kernels::Clear zeros{count, at};
    check(device_.run(zeros, blocks_of(zeros, count)));
  }
  void elements(const kernels::Elements& kernel) {
    check(device_.run(kernel, blocks_of(kernel, kernel.count)));
  }
  void add_columns(const kernels::AddColumns& kernel) {
    if (kernel.out != nullptr) check(device_.run(kernel, blocks_of(kernel, kernel.width)));
  }
  void multiply(Device::Products products) {
    products.precision = precision_;
    check(device_.multiply(products));
  }

  std::shared_ptr<DeviceMemory> memory_;
  Device& device_;
  ProductPrecision precision_;
  Backend& forward_;
  std::shared_ptr<float> sums_;
};

}  // namespace

std::unique_ptr<GradientOperations> make_device_gradient_operations(const ComputeDevice& device,
                                                                    Backend& forward) {
  return std::make_unique<DeviceGradientOperations>(device, forward);
}

}  // namespace headlight

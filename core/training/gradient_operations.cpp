// Each derivative beside its formula; the loops over much are the kernels'.
#include "core/training/gradient_operations.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "core/backends/cpu/rotation_table.h"

namespace headlight {
namespace {

constexpr std::int64_t query_block = 48;

FloatRows rows_of(const Tensor& x) { return {x.data(), x.axis(1), x.axis(0)}; }

const float* floats_of(const Weight& weight) {
  if (weight.format != NumberFormat::f32) throw std::logic_error("only float32 weights have gradients");
  return reinterpret_cast<const float*>(weight.bytes);
}

class CpuGradientOperations final : public GradientOperations {
 public:
  explicit CpuGradientOperations(const Kernels& kernels) : kernels_(kernels) {}

  float* begin_sums(std::span<float> values) override {
    std::fill(values.begin(), values.end(), 0.0F);
    return values.data();
  }
  void finish_sums(std::span<float>) override {}
  Tensor zeros(Shape shape) override { return headlight::zeros(std::move(shape)); }
  Tensor copy(const Tensor& x) override { return x.copy(); }
  float* address(Tensor& sum) override { return sum.writable(); }
  Tensor brought(const Tensor& x) override { return x; }
  Tensor some_rows(const Tensor& x, std::span<const std::int64_t> positions) override;
  void linear_input(const Tensor& d_y, const Weight& weight, float* d_x) override;
  void linear_weights(const Tensor& d_y, const Tensor& x, float* d_weight, float* d_bias) override;
  void normalized(const Tensor& d_y, const Tensor& x, const Tensor& scale, Norm norm, const Tensor& gain,
                  float* d_gain, float* d_bias, float* d_x) override;
  Tensor rotated(const Tensor& d_y, const Rotation& rotation) override;
  Attention attention(const Tensor& d_z, const Tensor& q, const Tensor& k, const Tensor& v,
                      const Tensor& pattern, double scale, bool causal) override;
  void activation(const Tensor& x, Activation activation, float* d_y) override;
  Tensor activated(const Tensor& x, Activation activation) override;
  void scale(float factor, std::int64_t count, float* x) override {
    kernels_.multiply_by(x, factor, count, x);
  }
  void multiply(const Tensor& by, float* x) override { kernels_.multiply(x, by.data(), by.size(), x); }
  void add(const Tensor& a, float* to) override { kernels_.add(to, a.data(), a.size(), to); }
  void embed(const Tensor& d_y, std::span<const TokenId> ids, double scale, float* d_table) override;

 private:
  const Kernels& kernels_;
  RotationTables tables_;
  std::vector<float> panel_, d_pattern_;
};

Tensor CpuGradientOperations::some_rows(const Tensor& x, std::span<const std::int64_t> positions) {
  if (static_cast<std::int64_t>(positions.size()) == x.axis(0)) return x;
  Tensor result({static_cast<std::int64_t>(positions.size()), x.axis(1)});
  float* out = result.writable();
  for (const std::int64_t position : positions) {
    out = std::copy_n(x.data() + position * x.axis(1), x.axis(1), out);
  }
  return result;
}

void CpuGradientOperations::linear_input(const Tensor& d_y, const Weight& weight, float* d_x) {
  const std::int64_t rows = weight.rows, columns = weight.columns;
  kernels_.add_product(d_y.data(), rows, 1, {floats_of(weight), columns, rows}, d_y.axis(0), columns, d_x,
                       columns);
}

void CpuGradientOperations::linear_weights(const Tensor& d_y, const Tensor& x, float* d_weight,
                                           float* d_bias) {
  const std::int64_t rows = d_y.axis(1), columns = x.axis(1);
  if (d_weight != nullptr) {
    kernels_.add_product(d_y.data(), 1, rows, rows_of(x), rows, columns, d_weight, columns);
  }
  if (d_bias == nullptr) return;
  for (std::int64_t position = 0; position < d_y.axis(0); ++position) {
    kernels_.add(d_bias, d_y.data() + position * rows, rows, d_bias);
  }
}

// With n = (x - mean) / scale and g = d_y · gain: d_x = (g - mean(g) - n · mean(g · n)) / scale; an RMSNorm
// takes no mean off, and so none of g.
void CpuGradientOperations::normalized(const Tensor& d_y, const Tensor& x, const Tensor& scale, Norm norm,
                                       const Tensor& gain, float* d_gain, float* d_bias, float* d_x) {
  const std::int64_t width = x.axis(1);
  std::vector<float> unit(static_cast<std::size_t>(width)), scaled(unit.size());
  float* n = unit.data();
  float* g = scaled.data();
  for (std::int64_t row = 0; row < x.axis(0); ++row) {
    const float* values = x.data() + row * width;
    const float* d = d_y.data() + row * width;
    const auto mean = norm == Norm::layer ? static_cast<float>(kernels_.mean(values, width)) : 0.0F;
    const float inverse = 1.0F / scale.data()[row];
    for (std::int64_t i = 0; i < width; ++i) n[i] = (values[i] - mean) * inverse;
    kernels_.multiply(d, n, width, g);
    if (d_gain != nullptr) kernels_.add(d_gain, g, width, d_gain);
    if (d_bias != nullptr) kernels_.add(d_bias, d, width, d_bias);
    kernels_.multiply(g, gain.data(), width, g);
    const auto along = static_cast<float>(kernels_.mean(g, width));
    kernels_.multiply(d, gain.data(), width, g);
    const auto middle = norm == Norm::layer ? static_cast<float>(kernels_.mean(g, width)) : 0.0F;
    float* out = d_x + row * width;
    for (std::int64_t i = 0; i < width; ++i) out[i] += (g[i] - middle - n[i] * along) * inverse;
  }
}

Tensor CpuGradientOperations::rotated(const Tensor& d_y, const Rotation& rotation) {
  Tensor result(d_y.shape());
  float* out = result.writable();
  const auto half = static_cast<std::int64_t>(rotation.frequencies.size());
  const std::int64_t heads = d_y.axis(1), width = d_y.axis(2);
  const auto table = tables_.find(rotation, 0, d_y.axis(0));
  std::vector<float> sines(static_cast<std::size_t>(half));
  for (std::int64_t position = 0; position < d_y.axis(0); ++position) {
    const float* angles = table->sines.data() + position * half;
    std::transform(angles, angles + half, sines.begin(), [](float sine) { return -sine; });
    for (std::int64_t head = 0; head < heads; ++head) {
      const std::int64_t row = (position * heads + head) * width;
      kernels_.rotate(d_y.data() + row, half, table->cosines.data() + position * half, sines.data(),
                      out + row);
      std::copy(d_y.data() + row + 2 * half, d_y.data() + row + width, out + row + 2 * half);
    }
  }
  return result;
}

// With P = softmax(S), S = scale · q·kᵀ: d_P = d_z·vᵀ, d_S = P · (d_P - sum over keys of P · d_P), and from
// there products of matrices. A block of queries at a time, and of its keys those that a causal mask leaves.
GradientOperations::Attention CpuGradientOperations::attention(const Tensor& d_z, const Tensor& q,
                                                               const Tensor& k, const Tensor& v,
                                                               const Tensor& pattern, double scale,
                                                               bool causal) {
  const std::int64_t queries = q.axis(0), heads = q.axis(1), d_head = q.axis(2);
  const std::int64_t keys = k.axis(0), kv_heads = k.axis(1);
  Attention result{zeros(q.shape()), zeros(k.shape()), zeros(v.shape())};
  float* d_q = result.d_q.writable();
  float* d_k = result.d_k.writable();
  float* d_v = result.d_v.writable();
  const std::int64_t q_stride = heads * d_head, k_stride = kv_heads * d_head;
  panel_.resize(static_cast<std::size_t>(panel_size(keys, d_head)));
  d_pattern_.resize(static_cast<std::size_t>(query_block * keys));
  float* d_p = d_pattern_.data();
  for (std::int64_t head = 0; head < heads; ++head) {
    const std::int64_t of_q = head * d_head, of_k = head / (heads / kv_heads) * d_head;
    for (std::int64_t first = 0; first < queries; first += query_block) {
      const std::int64_t count = std::min(query_block, queries - first);
      const std::int64_t seen = causal ? std::min(first + count, keys) : keys;
      const FloatRows d_rows = {d_z.data() + first * q_stride + of_q, q_stride, count};
      const PackedRows values = {NumberFormat::f32, reinterpret_cast<const unsigned char*>(v.data() + of_k),
                                 k_stride * static_cast<std::int64_t>(sizeof(float)), seen};
      kernels_.product(d_rows, values, d_head, panel_.data(), d_p, seen);
      const float* p = pattern.data() + (head * queries + first) * keys;
      kernels_.add_product(p, 1, keys, d_rows, seen, d_head, d_v + of_k, k_stride);
      for (std::int64_t query = 0; query < count; ++query) {
        const float* weights = p + query * keys;
        float* d = d_p + query * seen;
        kernels_.multiply(weights, d, seen, d);
        const auto sum =
            static_cast<float>(kernels_.mean(d, seen) * static_cast<double>(seen));  // of P · d_P
        const auto factor = static_cast<float>(scale);
        for (std::int64_t key = 0; key < seen; ++key) d[key] = (d[key] - weights[key] * sum) * factor;
      }
      kernels_.add_product(d_p, seen, 1, {k.data() + of_k, k_stride, seen}, count, d_head,
                           d_q + first * q_stride + of_q, q_stride);
      kernels_.add_product(d_p, 1, seen, {q.data() + first * q_stride + of_q, q_stride, count}, seen, d_head,
                           d_k + of_k, k_stride);
    }
  }
  return result;
}

void CpuGradientOperations::activation(const Tensor& x, Activation activation, float* d_y) {
  switch (activation) {
    case Activation::silu:
      return kernels_.silu_slope(x.data(), x.size(), d_y);
    case Activation::gelu:
      return kernels_.gelu_slope(x.data(), x.size(), d_y);
    case Activation::gelu_tanh:
      return kernels_.gelu_tanh_slope(x.data(), x.size(), d_y);
    case Activation::relu:
      return kernels_.relu_slope(x.data(), x.size(), d_y);
    case Activation::tanh:
      return kernels_.tanh_slope(x.data(), x.size(), d_y);
  }
}

Tensor CpuGradientOperations::activated(const Tensor& x, Activation activation) {
  Tensor result(x.shape());
  float* y = result.writable();
  switch (activation) {
    case Activation::silu:
      kernels_.silu(x.data(), x.size(), y);
      break;
    case Activation::gelu:
      kernels_.gelu(x.data(), x.size(), y);
      break;
    case Activation::gelu_tanh:
      kernels_.gelu_tanh(x.data(), x.size(), y);
      break;
    case Activation::relu:
      kernels_.relu(x.data(), x.size(), y);
      break;
    case Activation::tanh:
      kernels_.tanh(x.data(), x.size(), 1.0F, y);
      break;
  }
  return result;
}

void CpuGradientOperations::embed(const Tensor& d_y, std::span<const TokenId> ids, double scale,
                                  float* d_table) {
  if (d_table == nullptr) return;
  const std::int64_t width = d_y.axis(1);
  const auto factor = static_cast<float>(scale);
  for (std::size_t position = 0; position < ids.size(); ++position) {
    const float* d = d_y.data() + static_cast<std::int64_t>(position) * width;
    float* row = d_table + static_cast<std::int64_t>(ids[position]) * width;
    for (std::int64_t i = 0; i < width; ++i) row[i] += factor * d[i];
  }
}

}  // namespace

std::unique_ptr<GradientOperations> make_cpu_gradient_operations(const Kernels& kernels) {
  return std::make_unique<CpuGradientOperations>(kernels);
}

Tensor zeros(Shape shape) {
  Tensor result(std::move(shape));
  std::fill_n(result.writable(), result.size(), 0.0F);
  return result;
}

}  // namespace headlight

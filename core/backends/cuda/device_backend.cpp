// From tensors to kernels: finds where the operands lie, asks for room for the result, and queues the work.
#include "core/backends/cuda/device_backend.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "core/backends/cpu/rotation_table.h"
#include "core/backends/operation_shapes.h"

namespace headlight {
namespace {

// Unpacked weights and scores that nobody keeps are made in parts of so many numbers (64 MiB).
constexpr std::int64_t scratch_numbers = std::int64_t{1} << 24;

// Numbers on the device, and what keeps them there.
struct Operand {
  std::shared_ptr<const void> owner;
  const float* at = nullptr;
};

class DeviceBackend final : public Backend {
 public:
  DeviceBackend(std::shared_ptr<DeviceMemory> memory, std::unique_ptr<Backend> cpu,
                ProductPrecision precision)
      : memory_(std::move(memory)), device_(memory_->device()), cpu_(std::move(cpu)), precision_(precision) {}

  std::string_view name() const override { return device_backend_name(precision_); }
  bool gave_up() const override { return memory_->lost(); }
  void finish() override { memory_->check(device_.wait(), "waiting for the results"); }
  Backend& host() override { return *cpu_; }
  double share_of_weights() const override {
    const DeviceMemory::Share share = memory_->share();
    return share.left_out == 0
               ? 1.0
               : static_cast<double>(share.here) / static_cast<double>(share.here + share.left_out);
  }

  Tensor embed(const Weight& table, std::span<const TokenId> ids) override {
    const Shape shape = embed_shape(table, ids);
    const auto packed = this->packed(table);
    if (!packed) return cpu_->embed(table, ids);
    const std::vector<std::int32_t> numbers(ids.begin(), ids.end());
    const auto places = sent(numbers.data(), numbers.size() * sizeof(std::int32_t));
    Result out = room(shape);
    run(kernels::Gather{of(table, packed.get()), static_cast<const std::int32_t*>(places.get()), 0,
                        table.columns, out.at},
        shape[0], "looking up tokens");
    return made(std::move(out));
  }

  using Backend::linear;
  Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias) override {
    const Shape shape = linear_shape(x, weight, bias);
    const auto packed = this->packed(weight);
    if (!packed) return cpu_->linear(x, weight, bias);
    const std::int64_t positions = x.axis(0), rows = weight.rows, columns = weight.columns;
    const Operand in = operand(x), shift = kept(bias);
    Result out = room(shape);
    const kernels::Packed bytes = of(weight, packed.get());
    if (positions <= kernels::FewRows::most_rows) {
      run(kernels::FewRows{bytes, in.at, shift.at, positions, rows, columns, out.at},
          positions > 0 ? rows : 0, "multiplying by a weight");
      return made(std::move(out));
    }
    if (shift.at != nullptr) run(kernels::FillRows{shift.at, rows, out.at}, positions, "adding a bias");
    const auto multiply = [&](const float* numbers, std::int64_t first, std::int64_t count) {
      memory_->check(device_.product(in.at, numbers, positions, count, columns, rows, shift.at != nullptr,
                                     precision_, out.at + first),
                     "multiplying by a weight");
    };
    if (weight.format == NumberFormat::f32) {
      multiply(static_cast<const float*>(packed.get()), 0, rows);
      return made(std::move(out));
    }
    const std::int64_t part =
        std::clamp<std::int64_t>(scratch_numbers / std::max<std::int64_t>(columns, 1), 1, rows);
    Result unpacked = room({part, columns});
    for (std::int64_t first = 0; first < rows; first += part) {
      const std::int64_t count = std::min(part, rows - first);
      run(kernels::Gather{bytes, nullptr, first, columns, unpacked.at}, count, "unpacking a weight");
      multiply(unpacked.at, first, count);
    }
    return made(std::move(out));
  }

  Tensor norm_scale(const Tensor& x, Norm norm, double epsilon) override {
    if (lie_here(x)) return cpu_->norm_scale(x, norm, epsilon);
    const Operand in = operand(x);
    Result out = room(norm_scale_shape(x));
    run(kernels::NormScale{in.at, x.axis(1), norm == Norm::rms, epsilon, out.at}, x.axis(0), "a norm");
    return made(std::move(out));
  }

  Tensor normalized(const Tensor& x, const Tensor& scale, Norm norm, const Tensor& gain,
                    const Tensor& bias) override {
    if (lie_here(x, scale)) return cpu_->normalized(x, scale, norm, gain, bias);
    const Operand in = operand(x), divisors = operand(scale), factors = kept(gain), shift = kept(bias);
    Result out = room(normalized_shape(x, scale, gain, bias));
    run(kernels::Normalized{in.at, divisors.at, factors.at, shift.at, x.axis(1), norm == Norm::rms, out.at},
        x.axis(0), "a norm");
    return made(std::move(out));
  }

  Tensor rotate(const Tensor& x, std::int64_t first_position, const Rotation& rotation) override {
    if (lie_here(x)) return cpu_->rotate(x, first_position, rotation);
    const Shape shape = rotate_shape(x, first_position, rotation);
    const Operand in = operand(x);
    const Turns& turns = turns_of(rotation, first_position, x.axis(0));
    Result out = room(shape);
    run(kernels::Rotate{in.at, turns.cosines(), turns.sines(), x.axis(1), x.axis(2),
                        static_cast<std::int64_t>(rotation.frequencies.size()), out.at},
        x.axis(0), "turning by positions");
    return made(std::move(out));
  }

  using Backend::attention_scores;
  Tensor attention_scores(const Tensor& q, const TensorRows& k, const AttentionRule& rule,
                          const Tensor& bias) override {
    if (lie_here(q, k)) return cpu_->attention_scores(q, k, rule, bias);
    const Shape shape = attention_scores_shape(q, k, rule, bias);
    const Operand queries = operand(q), keys = operand(k), added = kept(bias);
    Result out = room(shape);
    score(scores_of(q, k, rule, queries, keys, added), 0, q.axis(0), out.at);
    return made(std::move(out));
  }

  Tensor softmax(const Tensor& scores) override {
    if (lie_here(scores)) return cpu_->softmax(scores);
    const Operand in = operand(scores);
    Result out = room(softmax_shape(scores));
    const std::int64_t keys = scores.shape().back();
    soften(in.at, keys, keys > 0 ? scores.size() / keys : 0, out.at);
    return made(std::move(out));
  }

  Tensor mix_values(const Tensor& pattern, const TensorRows& v) override {
    if (lie_here(pattern, v)) return cpu_->mix_values(pattern, v);
    const Shape shape = mix_values_shape(pattern, v);
    const Operand weights = operand(pattern), values = operand(v);
    Result out = room(shape);
    mix(weights.at, values.at, v, pattern.axis(0), 0, pattern.axis(1), out.at);
    return made(std::move(out));
  }

  // As the three above, but for the scores: their memory becomes the pattern's.
  Attention attend_with_pattern(const Tensor& q, const TensorRows& k, const TensorRows& v,
                                const AttentionRule& rule, const Tensor& bias) override {
    if (lie_here(q, k, v)) return cpu_->attend_with_pattern(q, k, v, rule, bias);
    const Shape shape = attention_scores_shape(q, k, rule, bias);
    const Operand queries = operand(q), keys = operand(k), values = operand(v), added = kept(bias);
    Result pattern = room(shape), z = room(attend_shape(q, k, v, rule, bias));
    score(scores_of(q, k, rule, queries, keys, added), 0, q.axis(0), pattern.at);
    soften(pattern.at, shape[2], shape[0] * shape[1], pattern.at);
    mix(pattern.at, values.at, v, q.axis(1), 0, q.axis(0), z.at);
    return {made(std::move(pattern)), made(std::move(z))};
  }

  using Backend::attend;
  Tensor attend(const Tensor& q, const TensorRows& k, const TensorRows& v, const AttentionRule& rule,
                const Tensor& bias) override {
    if (lie_here(q, k, v)) return cpu_->attend(q, k, v, rule, bias);
    const Shape shape = attend_shape(q, k, v, rule, bias);
    const Operand queries = operand(q), keys = operand(k), values = operand(v), added = kept(bias);
    Result out = room(shape);
    const std::int64_t heads = q.axis(1), count = k.axis(0), all = q.axis(0);
    if (all == 0 || heads == 0) return made(std::move(out));
    const std::int64_t part =
        std::clamp<std::int64_t>(scratch_numbers / std::max<std::int64_t>(heads * count, 1), 1, all);
    Result pattern = room({heads, part, count});
    const kernels::Scores scores = scores_of(q, k, rule, queries, keys, added);
    for (std::int64_t first = 0; first < all; first += part) {
      const std::int64_t some = std::min(part, all - first);
      score(scores, first, some, pattern.at);
      soften(pattern.at, count, heads * some, pattern.at);
      mix(pattern.at, values.at, v, heads, first, some, out.at);
    }
    return made(std::move(out));
  }

  Tensor add(const Tensor& a, const Tensor& b) override {
    same_shape("add", a, b);
    return lie_here(a, b) ? cpu_->add(a, b) : elements({.kind = kernels::Element::add}, a, &b);
  }
  Tensor multiply(const Tensor& a, const Tensor& b) override {
    same_shape("multiply", a, b);
    return lie_here(a, b) ? cpu_->multiply(a, b) : elements({.kind = kernels::Element::multiply}, a, &b);
  }
  Tensor scaled(const Tensor& x, double factor) override {
    if (lie_here(x)) return cpu_->scaled(x, factor);
    return elements({.kind = kernels::Element::scaled, .factor = static_cast<float>(factor)}, x);
  }
  Tensor soft_capped(const Tensor& x, double cap) override {
    if (lie_here(x)) return cpu_->soft_capped(x, cap);
    return elements({.kind = kernels::Element::soft_capped, .factor = static_cast<float>(cap)}, x);
  }
  Tensor activate(const Tensor& x, Activation activation) override {
    if (lie_here(x)) return cpu_->activate(x, activation);
    return elements({.kind = kernels::Element::activated, .activation = activation}, x);
  }

  Tensor rows(const Tensor& x, std::int64_t first, std::int64_t last) override {
    const auto from = memory_->address(x);
    if (!from || first < 0 || last < first || last > x.axis(0)) return x.rows(first, last);  // it says why
    Shape shape = x.shape();
    shape[0] = last - first;
    const std::int64_t width = x.axis(0) > 0 ? x.size() / x.axis(0) : 0;
    Result out = room(std::move(shape));
    memory_->check(
        device_.copy_within({.to = out.at,
                             .from = from.get() + first * width,
                             .bytes = static_cast<std::size_t>((last - first) * width) * sizeof(float)}),
        "taking rows");
    return made(std::move(out));
  }

  Tensor mean_row(const Tensor& x) override {
    if (lie_here(x)) return cpu_->mean_row(x);
    const Shape shape = mean_row_shape(x);
    const Operand in = operand(x);
    Result out = room(shape);
    run(kernels::MeanRow{in.at, x.axis(0), x.axis(1), out.at}, x.axis(1), "a mean");
    return made(std::move(out));
  }

 private:
  // A tensor to be.
  struct Result {
    Shape shape;
    std::shared_ptr<void> memory;
    float* at = nullptr;
  };

  Result room(Shape shape) {
    std::size_t bytes = sizeof(float);
    for (const std::int64_t length : shape) bytes *= static_cast<std::size_t>(length);
    auto memory = memory_->allocate(bytes, "making room for a result");
    auto* at = static_cast<float*>(memory.get());
    return {std::move(shape), std::move(memory), at};
  }
  Tensor made(Result result) { return memory_->tensor(std::move(result.shape), std::move(result.memory)); }

  void run(const kernels::Any& kernel, std::int64_t blocks, std::string_view what) {
    memory_->check(device_.run(kernel, blocks), what);
  }

  std::shared_ptr<void> sent(const void* from, std::size_t bytes) { return memory_->sent(from, bytes); }

  // Nothing for an empty tensor.
  Operand operand(const Tensor& tensor) {
    if (tensor.empty()) return {};
    auto there = memory_->held(tensor);
    const float* const at = there.get();
    return {std::move(there), at};
  }

  // Of what a model or a whole pass uses again and again: gains, biases. Sent once.
  Operand kept(const Tensor& tensor) {
    if (tensor.empty() || tensor.far_values() || memory_->mirrored(tensor.data())) return operand(tensor);
    const auto known = kept_.find(tensor.data());
    if (known != kept_.end() && known->second.count == tensor.size() &&
        known->second.owner.lock() == tensor.owner().lock()) {
      return {known->second.memory, static_cast<const float*>(known->second.memory.get())};
    }
    std::erase_if(kept_, [](const auto& entry) { return entry.second.owner.expired(); });
    auto memory = sent(tensor.data(), static_cast<std::size_t>(tensor.size()) * sizeof(float));
    const auto* at = static_cast<const float*>(memory.get());
    kept_[tensor.data()] = {tensor.owner(), memory, tensor.size()};
    return {std::move(memory), at};
  }

  // In one piece.
  Operand operand(const TensorRows& rows) {
    Operand whole;
    std::vector<Operand> pieces;
    rows.for_pieces(0, rows.axis(0), [&](const Tensor& piece, std::int64_t, std::int64_t last, std::int64_t) {
      if (last == rows.axis(0)) whole = operand(piece);
    });
    if (whole.at != nullptr) return whole;
    auto memory =
        memory_->allocate(static_cast<std::size_t>(rows.size()) * sizeof(float), "joining keys and values");
    auto* to = static_cast<float*>(memory.get());
    const std::int64_t width = rows.axis(0) > 0 ? rows.size() / rows.axis(0) : 0;
    rows.for_pieces(
        0, rows.axis(0), [&](const Tensor& piece, std::int64_t first, std::int64_t last, std::int64_t at) {
          const auto bytes = static_cast<std::size_t>((last - first) * width) * sizeof(float);
          const std::shared_ptr<const float> there = memory_->address(piece);
          memory_->check(
              there != nullptr
                  ? device_.copy_within(
                        {.to = to + at * width, .from = there.get() + first * width, .bytes = bytes})
                  : device_.copy_in(to + at * width, piece.data() + first * width, bytes),
              "joining keys and values");
        });
    return {std::move(memory), to};
  }

  // Where not all weights fit: whether the CPU goes on with these, because it made them all.
  template <class... Values>
  bool lie_here(const Values&... values) const {
    return split_ && (... && is_here(values));
  }
  bool is_here(const Tensor& tensor) const { return memory_->address(tensor) == nullptr; }
  bool is_here(const TensorRows& rows) const {
    bool here = true;
    rows.for_pieces(0, rows.axis(0), [&](const Tensor& piece, auto...) { here = here && is_here(piece); });
    return here;
  }

  // The weight's bytes on the device; null, and the CPU takes part from now on, when they do not fit.
  std::shared_ptr<const void> packed(const Weight& weight) {
    auto bytes = memory_->packed(weight);
    split_ = split_ || bytes == nullptr;
    return bytes;
  }

  static kernels::Packed of(const Weight& weight, const void* bytes) {
    return {weight.format, static_cast<const unsigned char*>(bytes),
            row_bytes(weight.format, weight.columns)};
  }

  static kernels::Scores scores_of(const Tensor& q, const TensorRows& k, const AttentionRule& rule,
                                   const Operand& queries, const Operand& keys, const Operand& bias) {
    return {.q = queries.at,
            .k = keys.at,
            .bias = bias.at,
            .heads = q.axis(1),
            .kv_heads = k.axis(1),
            .width = q.axis(2),
            .keys = k.axis(0),
            .first_query = 0,
            .queries = q.axis(0),
            .all_queries = q.axis(0),
            .first_position = rule.first_position,
            .window = rule.window,
            .causal = rule.causal,
            .scale = static_cast<float>(rule.scale),
            .soft_cap = static_cast<float>(rule.soft_cap),
            .out = nullptr};
  }

  void score(kernels::Scores scores, std::int64_t first, std::int64_t count, float* out) {
    scores.first_query = first;
    scores.queries = count;
    scores.out = out;
    run(scores, scores.heads * kernels::query_tiles(count), "scoring keys");
  }
  void soften(const float* scores, std::int64_t keys, std::int64_t rows, float* out) {
    run(kernels::Softmax{scores, keys, out}, rows, "a softmax");
  }
  void mix(const float* pattern, const float* values, const TensorRows& v, std::int64_t heads,
           std::int64_t first, std::int64_t count, float* out) {
    run(kernels::MixValues{pattern, values, heads, v.axis(1), v.axis(2), v.axis(0), first, count, out},
        heads * kernels::query_tiles(count), "mixing values");
  }

  Tensor elements(kernels::Elements kernel, const Tensor& a, const Tensor* b = nullptr) {
    const Operand one = operand(a), other = b != nullptr ? operand(*b) : Operand{};
    Result out = room(a.shape());
    kernel.a = one.at;
    kernel.b = other.at;
    kernel.count = a.size();
    kernel.out = out.at;
    constexpr std::int64_t each = kernels::Elements::per_block;
    run(kernel, (kernel.count + each - 1) / each, "adding or multiplying values");
    return made(std::move(out));
  }

  // Cosines and sines on the device: each layer asks for the same ones.
  struct Turns {
    std::shared_ptr<const RotationTable> table;
    std::shared_ptr<void> memory;
    std::int64_t positions = 0;
    const float* cosines() const { return static_cast<const float*>(memory.get()); }
    const float* sines() const { return cosines() + table->cosines.size(); }
  };
  const Turns& turns_of(const Rotation& rotation, std::int64_t first_position, std::int64_t positions) {
    auto table = rotations_.find(rotation, first_position, positions);
    for (const Turns& known : turns_) {
      if (known.table == table) return known;
    }
    std::vector<float> both = table->cosines;
    both.insert(both.end(), table->sines.begin(), table->sines.end());
    Turns fresh;
    fresh.memory = sent(both.data(), both.size() * sizeof(float));
    fresh.table = std::move(table);
    turns_.push_front(std::move(fresh));
    if (turns_.size() > 4) turns_.pop_back();
    return turns_.front();
  }

  std::shared_ptr<DeviceMemory> memory_;
  Device& device_;
  std::unique_ptr<Backend> cpu_;
  ProductPrecision precision_;
  struct Kept {
    std::weak_ptr<const void> owner;
    std::shared_ptr<void> memory;
    std::int64_t count = 0;
  };
  std::map<const float*, Kept> kept_;
  RotationTables rotations_;
  std::deque<Turns> turns_;
  bool split_ = false;
};

}  // namespace

std::unique_ptr<Backend> make_device_backend(std::shared_ptr<DeviceMemory> device,
                                             std::unique_ptr<Backend> cpu, ProductPrecision precision) {
  return std::make_unique<DeviceBackend>(std::move(device), std::move(cpu), precision);
}

std::string_view device_backend_name(ProductPrecision precision) {
  switch (precision) {
    case ProductPrecision::tf32:
      return "cuda-tf32";
    case ProductPrecision::bf16:
      return "cuda-bf16";
    case ProductPrecision::f32:
      break;
  }
  return "cuda";
}

}  // namespace headlight

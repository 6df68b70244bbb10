// The fast backend: cuts each operation into chunks for the threads and calls the kernels on them. Weights
// stay packed as in the file; at most some rows a thread are ever expanded.
#include "core/backends/cpu/cpu_backend.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/backends/cpu/instruction_sets.h"
#include "core/backends/cpu/rotation_table.h"
#include "core/backends/cpu/thread_pool.h"
#include "core/backends/operation_shapes.h"
#include "core/base/float_pool.h"

namespace headlight {
namespace {

constexpr float minus_infinity = -std::numeric_limits<float>::infinity();
// Fewer multiply-adds than this are done before another thread has noticed that there is work.
constexpr std::int64_t worth_sharing = 1 << 15;
constexpr std::int64_t query_block = 12;            // a multiple of every kernel's tile
constexpr std::int64_t key_block = 128;             // scores of one block: 6 KiB, in the first cache
constexpr std::int64_t expanded_floats = 96 << 10;  // 384 KiB: a good part of the second cache

std::int64_t chunks_of(std::int64_t count, std::int64_t length) { return (count + length - 1) / length; }

// Expanded weights: a panel for the kernels, and rows of formats that have no kernels.
struct Scratch {
  std::vector<float> panel, rows;
};

class CpuBackend final : public Backend {
 public:
  CpuBackend(int threads, const Kernels& kernels)
      : kernels_(kernels), pool_(threads), scratch_(static_cast<std::size_t>(pool_.threads())) {}

  std::string_view name() const override { return "cpu"; }

  Tensor embed(const Weight& table, std::span<const TokenId> ids) override {
    Tensor result(embed_shape(table, ids));
    float* out = result.writable();
    for (const TokenId id : ids) {
      decode(packed(table, id, 1), table.columns, out);
      out += table.columns;
    }
    return result;
  }

  using Backend::linear;
  Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias) override {
    Tensor result(linear_shape(x, weight, bias));
    if (result.size() == 0) return result;  // the tiles of the kernels have at least one row
    float* out = result.writable();
    const FloatRows rows_of_x = {x.data(), weight.columns, x.axis(0)};
    const std::int64_t chunk_rows = rows_at_once(weight, rows_of_x.rows);
    for_chunks(weight.rows, chunk_rows, x.size() * weight.rows,
               [&](std::int64_t first, std::int64_t last, int thread) {
                 PackedRows rows = packed(weight, first, last - first);
                 Scratch& scratch = scratch_[static_cast<std::size_t>(thread)];
                 if (!has_kernels(rows.format)) rows = decoded(rows, weight.columns, scratch.rows);
                 float* panel = nullptr;
                 if (rows_of_x.rows > kernels_.tile_rows) {
                   panel = room(scratch.panel, panel_size(chunk_rows, weight.columns));
                 }
                 kernels_.product(rows_of_x, rows, weight.columns, panel, out + first, weight.rows);
                 if (bias.empty()) return;
                 for (std::int64_t row = 0; row < rows_of_x.rows; ++row) {
                   float* sums = out + row * weight.rows + first;
                   kernels_.add(sums, bias.data() + first, last - first, sums);
                 }
               });
    return result;
  }

  Tensor norm_scale(const Tensor& x, Norm norm, double epsilon) override {
    Tensor result(norm_scale_shape(x));
    float* out = result.writable();
    const std::int64_t width = x.axis(1);
    for_rows(x.axis(0), width, [&](std::int64_t row) {
      const float* values = x.data() + row * width;
      out[row] = kernels_.deviation(values, width, subtracted(values, width, norm), epsilon);
    });
    return result;
  }

  Tensor normalized(const Tensor& x, const Tensor& scale, Norm norm, const Tensor& gain,
                    const Tensor& bias) override {
    Tensor result(normalized_shape(x, scale, gain, bias));
    float* out = result.writable();
    const std::int64_t width = x.axis(1);
    for_rows(x.axis(0), width, [&](std::int64_t row) {
      const float* values = x.data() + row * width;
      kernels_.normalized(values, width, static_cast<float>(subtracted(values, width, norm)),
                          scale.data()[row], gain.data(), bias.data(), out + row * width);
    });
    return result;
  }

  Tensor rotate(const Tensor& x, std::int64_t first_position, const Rotation& rotation) override {
    Tensor result(rotate_shape(x, first_position, rotation));
    float* out = result.writable();
    const auto half = static_cast<std::int64_t>(rotation.frequencies.size());
    const std::int64_t heads = x.axis(1), width = x.axis(2);
    const auto table = tables_.find(rotation, first_position, x.axis(0));
    for_rows(x.axis(0) * heads, width, [&](std::int64_t row) {
      const float* from = x.data() + row * width;
      const std::int64_t angles = row / heads * half;
      kernels_.rotate(from, half, table->cosines.data() + angles, table->sines.data() + angles,
                      out + row * width);
      std::copy(from + 2 * half, from + width, out + row * width + 2 * half);
    });
    return result;
  }

  using Backend::attention_scores;
  Tensor attention_scores(const Tensor& q, const TensorRows& k, const AttentionRule& rule,
                          const Tensor& bias) override {
    Tensor result(attention_scores_shape(q, k, rule, bias));
    float* out = result.writable();
    for_query_blocks(q, k,
                     [&](std::int64_t head, std::int64_t first, std::int64_t last, const TurnedKeys& keys) {
                       score_block(q, keys, rule, bias, head, first, last, out);
                     });
    return result;
  }

  // Each block's scores become weights where they lie, while they are in the cache.
  Attention attend_with_pattern(const Tensor& q, const TensorRows& k, const TensorRows& v,
                                const AttentionRule& rule, const Tensor& bias) override {
    Attention result{Tensor(attention_scores_shape(q, k, rule, bias)),
                     Tensor(attend_shape(q, k, v, rule, bias))};
    float* pattern = result.pattern.writable();
    float* z = result.z.writable();
    const std::int64_t queries = q.axis(0), keys = k.axis(0);
    for_query_blocks(q, k,
                     [&](std::int64_t head, std::int64_t first, std::int64_t last, const TurnedKeys& turned) {
                       score_block(q, turned, rule, bias, head, first, last, pattern);
                       float* rows = pattern + (head * queries + first) * keys;
                       std::int64_t seen = 0;
                       for (std::int64_t query = first; query < last; ++query) {
                         float* row = rows + (query - first) * keys;
                         const KeyRange range = visible_keys(rule, rule.first_position + query, keys);
                         soften(row, range.last, range.first, row);
                         std::fill(row + range.last, row + keys, 0.0F);
                         seen = std::max(seen, range.last);
                       }
                       mix_block({rows, keys, last - first}, v, kv_head(q, k, head), seen, head, q.axis(1),
                                 z + first * q.axis(1) * v.axis(2));
                     });
    return result;
  }

  Tensor softmax(const Tensor& scores) override {
    Tensor result(softmax_shape(scores));
    float* out = result.writable();
    const std::int64_t keys = scores.shape().back();
    if (keys == 0) return result;
    for_rows(scores.size() / keys, keys * 4,
             [&](std::int64_t row) { soften(scores.data() + row * keys, keys, 0, out + row * keys); });
    return result;
  }

  Tensor mix_values(const Tensor& pattern, const TensorRows& v) override {
    Tensor result(mix_values_shape(pattern, v));
    float* out = result.writable();
    const std::int64_t heads = pattern.axis(0), queries = pattern.axis(1), keys = pattern.axis(2),
                       width = v.axis(2);
    const std::int64_t blocks = chunks_of(queries, query_block);
    for_chunks(heads * blocks, 1, pattern.size() * width, [&](std::int64_t chunk, std::int64_t, int) {
      const std::int64_t head = chunk / blocks, first = chunk % blocks * query_block;
      const std::int64_t last = std::min(first + query_block, queries);
      const FloatRows weights = {pattern.data() + (head * queries + first) * keys, keys, last - first};
      mix_block(weights, v, head / (heads / v.axis(1)), used_keys(weights, keys), head, heads,
                out + first * heads * width);
    });
    return result;
  }

  using Backend::attend;
  Tensor attend(const Tensor& q, const TensorRows& k, const TensorRows& v, const AttentionRule& rule,
                const Tensor& bias) override {
    Tensor result(attend_shape(q, k, v, rule, bias));
    float* out = result.writable();
    for_query_blocks(q, k,
                     [&](std::int64_t head, std::int64_t first, std::int64_t last, const TurnedKeys& keys) {
                       attend_block(q, keys, v, rule, bias, head, first, last, out);
                     });
    return result;
  }

  Tensor add(const Tensor& a, const Tensor& b) override {
    Tensor result(same_shape("add", a, b));
    float* out = result.writable();
    for_elements(a.size(), 1, [&](std::int64_t first, std::int64_t count) {
      kernels_.add(a.data() + first, b.data() + first, count, out + first);
    });
    return result;
  }

  Tensor multiply(const Tensor& a, const Tensor& b) override {
    Tensor result(same_shape("multiply", a, b));
    float* out = result.writable();
    for_elements(a.size(), 1, [&](std::int64_t first, std::int64_t count) {
      kernels_.multiply(a.data() + first, b.data() + first, count, out + first);
    });
    return result;
  }

  Tensor scaled(const Tensor& x, double factor) override {
    Tensor result(elements_shape("scaled", x));
    float* out = result.writable();
    for_elements(x.size(), 1, [&](std::int64_t first, std::int64_t count) {
      kernels_.multiply_by(x.data() + first, static_cast<float>(factor), count, out + first);
    });
    return result;
  }

  Tensor soft_capped(const Tensor& x, double cap) override {
    Tensor result(elements_shape("soft_capped", x));
    float* out = result.writable();
    for_elements(x.size(), 16, [&](std::int64_t first, std::int64_t count) {
      kernels_.tanh(x.data() + first, count, static_cast<float>(cap), out + first);
    });
    return result;
  }

  Tensor activate(const Tensor& x, Activation activation) override {
    Tensor result(elements_shape("activate", x));
    float* out = result.writable();
    for_elements(x.size(), 4, [&](std::int64_t first, std::int64_t count) {
      activate_some(x.data() + first, count, activation, out + first);
    });
    return result;
  }

  Tensor mean_row(const Tensor& x) override {
    Tensor result(mean_row_shape(x));
    std::vector<double> sums(static_cast<std::size_t>(x.axis(1)), 0.0);
    for (std::int64_t row = 0; row < x.axis(0); ++row) {
      const float* values = x.data() + row * x.axis(1);
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += static_cast<double>(values[i]);
    }
    float* out = result.writable();
    for (const double sum : sums) *out++ = static_cast<float>(sum / static_cast<double>(x.axis(0)));
    return result;
  }

 private:
  // The keys of some key heads as kernels_.score() wants them: [key head][group of lanes][d_head][lanes].
  struct TurnedKeys {
    float* values = nullptr;
    std::int64_t first_head = 0, count = 0, width = 0, group_size = 0;
    std::int64_t sharing = 1;  // query heads that read one key head

    std::int64_t head_size() const { return (count + group_size - 1) / group_size * group_size * width; }
    // The groups from key `first` on, which begins one.
    const float* from(std::int64_t head, std::int64_t first) const {
      return values + (head - first_head) * head_size() + first * width;
    }
  };

  // Group `group` of one key head; rows[key] are all key heads of one key.
  void turn(const std::vector<const float*>& rows, std::int64_t head, std::int64_t group,
            const TurnedKeys& out) const {
    const std::int64_t first = group * out.group_size, keys = std::min(out.group_size, out.count - first);
    std::array<const float*, 16> of_head{};
    for (std::int64_t key = 0; key < keys; ++key) {
      of_head[static_cast<std::size_t>(key)] = rows[static_cast<std::size_t>(first + key)] + head * out.width;
    }
    kernels_.turn_keys(of_head.data(), keys, out.width,
                       out.values + (head - out.first_head) * out.head_size() + first * out.width);
  }

  // What a norm takes off each value of the row: its mean, or nothing.
  double subtracted(const float* row, std::int64_t width, Norm norm) const {
    return norm == Norm::layer ? kernels_.mean(row, width) : 0.0;
  }

  void activate_some(const float* x, std::int64_t count, Activation activation, float* out) const {
    switch (activation) {
      case Activation::silu:
        return kernels_.silu(x, count, out);
      case Activation::gelu:
        return kernels_.gelu(x, count, out);
      case Activation::gelu_tanh:
        return kernels_.gelu_tanh(x, count, out);
      case Activation::relu:
        return kernels_.relu(x, count, out);
      case Activation::tanh:
        return kernels_.tanh(x, count, 1.0F, out);
    }
  }

  // What a rule does to the scores of the keys in the range; `row` counts the rows of bias [head, query,
  // key].
  void cap_and_bias(float* shown, KeyRange range, const AttentionRule& rule, const Tensor& bias,
                    std::int64_t row) const {
    const std::int64_t count = range.last - range.first;
    if (rule.soft_cap > 0.0) kernels_.tanh(shown, count, static_cast<float>(rule.soft_cap), shown);
    if (!bias.empty()) kernels_.add(shown, bias.data() + row * bias.axis(2) + range.first, count, shown);
  }

  static PackedRows packed(const Weight& weight, std::int64_t first, std::int64_t rows) {
    const std::int64_t stride = row_bytes(weight.format, weight.columns);
    return {weight.format, reinterpret_cast<const unsigned char*>(weight.bytes + first * stride), stride,
            rows};
  }

  // Rows [first, last) of one head of x [row, head, d_head].
  static FloatRows head_rows(const Tensor& x, std::int64_t head, std::int64_t first, std::int64_t last) {
    const std::int64_t stride = x.axis(1) * x.axis(2);
    return {x.data() + first * stride + head * x.axis(2), stride, last - first};
  }

  static std::int64_t kv_head(const Tensor& q, const TensorRows& k, std::int64_t head) {
    return head / (q.axis(1) / k.axis(1));
  }

  // Keys that any row gives weight to: the causal half of a pattern needs no work.
  static std::int64_t used_keys(const FloatRows& weights, std::int64_t keys) {
    std::int64_t used = 0;
    for (std::int64_t row = 0; row < weights.rows; ++row) {
      std::int64_t last = keys;
      while (last > used && weights.data[row * weights.stride + last - 1] == 0.0F) --last;
      used = last;
    }
    return used;
  }

  // Softmax of one row, perhaps in place; nothing before `shown` is seen. Masked keys stay 0 even where the
  // sum is NaN, and a row of only masked keys (sum 0) stays zeros.
  void soften(const float* scores, std::int64_t keys, std::int64_t shown, float* pattern) const {
    const float largest = kernels_.maximum(scores, keys);
    const double sum = kernels_.exponentials(scores, keys, largest, pattern);
    if (sum > 0.0) {
      kernels_.multiply_by(pattern, static_cast<float>(1.0 / sum), keys, pattern);
    } else if (sum != 0.0) {
      for (std::int64_t key = shown; key < keys; ++key) {
        if (scores == pattern || scores[key] != minus_infinity) {
          pattern[key] = std::numeric_limits<float>::quiet_NaN();
        }
      }
    }
  }

  // Scores of the queries [first, last) of one head, into scores [head, query, key].
  void score_block(const Tensor& q, const TurnedKeys& k, const AttentionRule& rule, const Tensor& bias,
                   std::int64_t head, std::int64_t first, std::int64_t last, float* scores) const {
    const std::int64_t queries = q.axis(0), keys = k.count, shared = head / k.sharing;
    float* rows = scores + (head * queries + first) * keys;
    std::int64_t oldest = visible_keys(rule, rule.first_position + first, keys).first;
    oldest -= oldest % k.group_size;
    const std::int64_t visible = visible_keys(rule, rule.first_position + last - 1, keys).last;
    kernels_.score(head_rows(q, head, first, last), k.from(shared, oldest), visible - oldest, k.width,
                   static_cast<float>(rule.scale), rows + oldest, keys);
    for (std::int64_t query = first; query < last; ++query) {
      float* row = rows + (query - first) * keys;
      const KeyRange range = visible_keys(rule, rule.first_position + query, keys);
      cap_and_bias(row + range.first, range, rule, bias, head * queries + query);
      std::fill(row, row + range.first, minus_infinity);
      std::fill(row + range.last, row + keys, minus_infinity);
    }
  }

  // z [query, heads, width] of one head: the values of the keys [0, seen), mixed.
  void mix_block(FloatRows weights, const TensorRows& v, std::int64_t shared, std::int64_t seen,
                 std::int64_t head, std::int64_t heads, float* z) const {
    const std::int64_t width = v.axis(2);
    z += head * width;
    for (std::int64_t row = 0; row < weights.rows; ++row) std::fill_n(z + row * heads * width, width, 0.0F);
    add_values(weights, v, shared, 0, seen, z, heads * width);
  }

  // Adds the values of the keys [oldest, seen); column 0 of `weights` is key `oldest`.
  void add_values(FloatRows weights, const TensorRows& v, std::int64_t shared, std::int64_t oldest,
                  std::int64_t seen, float* z, std::int64_t z_stride) const {
    v.for_pieces(oldest, seen, [&](const Tensor& piece, std::int64_t from, std::int64_t to, std::int64_t at) {
      kernels_.mix({weights.data + (at - oldest), weights.stride, weights.rows},
                   head_rows(piece, shared, from, to), v.axis(2), z, z_stride);
    });
  }

  // The first of the rows to float32.
  void decode(const PackedRows& rows, std::int64_t columns, float* out) const {
    if (has_kernels(rows.format)) {
      kernels_.decode(rows.format, rows.data, columns, out);
    } else {
      decode_row(rows.format, reinterpret_cast<const std::byte*>(rows.data), columns, out);
    }
  }

  // Rows of a weight in one chunk: several chunks a thread even out the load. One row of x reads the weights
  // once, best from one end to the other; for more, the expanded chunk should stay in the second cache.
  std::int64_t rows_at_once(const Weight& weight, std::int64_t positions) const {
    const bool few = positions <= kernels_.tile_rows;
    const std::int64_t share = weight.rows / (pool_.threads() * (few ? 4 : 8)) / 4 * 4;
    const std::int64_t fitting = expanded_floats / std::max(weight.columns, std::int64_t{1}) / 4 * 4;
    return std::clamp(share, std::int64_t{4},
                      few ? std::int64_t{512} : std::clamp(fitting, std::int64_t{4}, std::int64_t{64}));
  }

  // At least this many floats, at the beginning of a cache line.
  static float* room(std::vector<float>& scratch, std::int64_t floats) {
    constexpr std::size_t line = 64 / sizeof(float);
    const std::size_t wanted = static_cast<std::size_t>(floats) + line;
    if (scratch.size() < wanted) scratch.resize(wanted);
    const auto address = reinterpret_cast<std::uintptr_t>(scratch.data()) / sizeof(float);
    return scratch.data() + (line - address % line) % line;
  }

  PackedRows decoded(const PackedRows& rows, std::int64_t columns, std::vector<float>& scratch) const {
    float* values = room(scratch, rows.rows * columns);
    for (std::int64_t row = 0; row < rows.rows; ++row) {
      decode({rows.format, rows.data + row * rows.stride, rows.stride, 1}, columns, values + row * columns);
    }
    return {NumberFormat::f32, reinterpret_cast<const unsigned char*>(values),
            columns * static_cast<std::int64_t>(sizeof(float)), rows.rows};
  }

  // body(first, last, thread) over [0, count) in pieces; on this thread alone when there is little to do.
  template <class Body>
  void for_chunks(std::int64_t count, std::int64_t length, std::int64_t multiply_adds, const Body& body) {
    const std::int64_t chunks = chunks_of(count, length);
    const auto piece = [&](std::int64_t chunk, int thread) {
      body(chunk * length, std::min(count, (chunk + 1) * length), thread);
    };
    if (multiply_adds >= worth_sharing) {
      pool_.parallel_for(chunks, piece);
      return;
    }
    pool_.parallel_for(1, [&](std::int64_t, int thread) {
      for (std::int64_t chunk = 0; chunk < chunks; ++chunk) piece(chunk, thread);
    });
  }

  template <class Body>
  void for_rows(std::int64_t rows, std::int64_t cost, const Body& body) {
    const std::int64_t length = std::max(std::int64_t{1}, worth_sharing / std::max(std::int64_t{1}, cost));
    pool_.parallel_for(chunks_of(rows, length), [&](std::int64_t chunk, int) {
      for (std::int64_t row = chunk * length; row < std::min(rows, (chunk + 1) * length); ++row) body(row);
    });
  }

  template <class Body>
  void for_elements(std::int64_t count, std::int64_t cost, const Body& body) {
    const std::int64_t length = worth_sharing / cost;
    pool_.parallel_for(chunks_of(count, length), [&](std::int64_t chunk, int) {
      body(chunk * length, std::min(length, count - chunk * length));
    });
  }

  // body(head, first query, last query, keys). Of a few queries, each thread turns the keys that it needs; of
  // many, all are turned first, and the longest blocks, at the end of the text, come first.
  template <class Body>
  void for_query_blocks(const Tensor& q, const TensorRows& k, const Body& body) {
    const std::int64_t heads = q.axis(1), queries = q.axis(0), blocks = chunks_of(queries, query_block);
    const std::int64_t key_heads = k.axis(1), multiply_adds = q.size() * k.axis(0);
    if (key_heads == 0 || queries == 0) return;
    TurnedKeys keys{nullptr, 0, k.axis(0), k.axis(2), kernels_.key_lanes, heads / key_heads};
    const std::int64_t groups = chunks_of(keys.count, keys.group_size);
    std::vector<const float*> rows;
    rows.reserve(static_cast<std::size_t>(keys.count));
    k.for_pieces(0, keys.count, [&](const Tensor& piece, std::int64_t from, std::int64_t to, std::int64_t) {
      for (std::int64_t row = from; row < to; ++row)
        rows.push_back(piece.data() + row * key_heads * keys.width);
    });
    if (blocks == 1) {
      for_chunks(key_heads, 1, multiply_adds, [&](std::int64_t key_head, std::int64_t, int thread) {
        TurnedKeys own = keys;
        own.first_head = key_head;
        own.values = room(scratch_[static_cast<std::size_t>(thread)].panel, keys.head_size());
        for (std::int64_t group = 0; group < groups; ++group) turn(rows, key_head, group, own);
        for (std::int64_t i = 0; i < own.sharing; ++i) body(key_head * own.sharing + i, 0, queries, own);
      });
      return;
    }
    const std::shared_ptr<float[]> values =
        pooled_floats(static_cast<std::size_t>(key_heads * keys.head_size()));
    keys.values = values.get();
    for_chunks(groups, 1, k.size(), [&](std::int64_t group, std::int64_t, int) {
      for (std::int64_t head = 0; head < key_heads; ++head) turn(rows, head, group, keys);
    });
    for_chunks(heads * blocks, 1, multiply_adds, [&](std::int64_t chunk, std::int64_t, int) {
      const std::int64_t block = blocks - 1 - chunk / heads;
      body(chunk % heads, block * query_block, std::min(queries, (block + 1) * query_block), keys);
    });
  }

  void attend_block(const Tensor& q, const TurnedKeys& k, const TensorRows& v, const AttentionRule& rule,
                    const Tensor& bias, std::int64_t head, std::int64_t first, std::int64_t last,
                    float* out) const;

  const Kernels& kernels_;
  ThreadPool pool_;
  std::vector<Scratch> scratch_;  // one a thread
  RotationTables tables_;
};

// Softmax and sum in one walk over the keys: the sum so far is scaled down whenever a larger score appears.
// Source: Milakov & Gimelshein 2018, algorithm 3.
void CpuBackend::attend_block(const Tensor& q, const TurnedKeys& k, const TensorRows& v,
                              const AttentionRule& rule, const Tensor& bias, std::int64_t head,
                              std::int64_t first, std::int64_t last, float* out) const {
  const std::int64_t heads = q.axis(1), width = v.axis(2), shared = head / k.sharing, rows = last - first;
  const std::int64_t visible = visible_keys(rule, rule.first_position + last - 1, k.count).last;
  const std::int64_t oldest = visible_keys(rule, rule.first_position + first, k.count).first;
  float scores[query_block * key_block];
  float largest[query_block];
  double sums[query_block] = {};
  std::fill_n(largest, query_block, minus_infinity);
  float* z = out + (first * heads + head) * width;
  for (std::int64_t row = 0; row < rows; ++row) std::fill_n(z + row * heads * width, width, 0.0F);
  for (std::int64_t key = oldest / key_block * key_block; key < visible; key += key_block) {
    const std::int64_t keys = std::min(key_block, visible - key);
    kernels_.score(head_rows(q, head, first, last), k.from(shared, key), keys, k.width,
                   static_cast<float>(rule.scale), scores, key_block);
    for (std::int64_t row = 0; row < rows; ++row) {
      float* line = scores + row * key_block;
      KeyRange range = visible_keys(rule, rule.first_position + first + row, k.count);
      range.first = std::clamp(range.first, key, key + keys);
      range.last = std::clamp(range.last, range.first, key + keys);
      cap_and_bias(line + (range.first - key), range, rule, bias, head * q.axis(0) + first + row);
      std::fill(line, line + range.first - key, minus_infinity);
      std::fill(line + range.last - key, line + keys, minus_infinity);
      const float before = largest[row];
      largest[row] = std::max(before, kernels_.maximum(line, range.last - key));
      if (before != largest[row] && before != minus_infinity) {
        float shrink = 0.0F;
        kernels_.exponentials(&before, 1, largest[row], &shrink);
        kernels_.multiply_by(z + row * heads * width, shrink, width, z + row * heads * width);
        sums[row] *= static_cast<double>(shrink);
      }
      sums[row] += kernels_.exponentials(line, keys, largest[row], line);
    }
    add_values({scores, key_block, rows}, v, shared, key, key + keys, z, heads * width);
  }
  for (std::int64_t row = 0; row < rows; ++row) {
    if (sums[row] == 0.0) continue;  // only masked keys: zeros
    kernels_.multiply_by(z + row * heads * width, static_cast<float>(1.0 / sums[row]), width,
                         z + row * heads * width);
  }
}

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(int threads, const Kernels& kernels) {
  return std::make_unique<CpuBackend>(threads > 0 ? threads : physical_cores(), kernels);
}

std::unique_ptr<Backend> make_cpu_backend(int threads) { return make_cpu_backend(threads, chosen_kernels()); }

}  // namespace headlight

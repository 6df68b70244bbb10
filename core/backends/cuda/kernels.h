// What each thread block of a GPU does, written once: nvcc compiles these bodies for a block of threads that
// work as a team, the host's compiler for one thread that does everything (the stand-in device of the tests).
// A team offers
//   each(count, f)     f(0) ... f(count - 1), shared among its threads
//   sum(count, f)      the sum of f(i), the same for every thread;  largest(count, f): their maximum
//   sums<n>(count, used, sums, f)   the first `used` of n sums at once: f(i, parts) adds to each of parts[n]
//   together()         from here on every thread sees what the others wrote
// `threads` is how many a GPU's block has. All pointers are the device's. Sums are float32, in the order of
// the team; sources of the formulas: cpu_reference.cpp.
#pragma once

#include <cmath>
#include <cstdint>
#include <variant>

#include "core/backends/cuda/device_code.h"
#include "core/backends/cuda/gradient_kernels.h"
#include "core/backends/cuda/packed_values.h"
#include "core/model/architecture.h"

namespace headlight::kernels {

struct Packed {
  NumberFormat format = NumberFormat::f32;
  const unsigned char* bytes = nullptr;
  std::int64_t row_bytes = 0;
};

// A block for each id: ids [pos], table [vocabulary, columns] -> out [pos, columns]. With ids == nullptr the
// rows first, first + 1, ...: unpacking a weight.
struct Gather {
  static constexpr int threads = 128;
  Packed table;
  const std::int32_t* ids;
  std::int64_t first;
  std::int64_t columns;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const std::int64_t row = ids != nullptr ? ids[block] : first + block;
    const unsigned char* bytes = table.bytes + row * table.row_bytes;
    team.each(columns, [&](std::int64_t column) {
      out[block * columns + column] = packed::value(table.format, bytes, column);
    });
  }
};

// A block for each row of the weight: x [pos, columns] with pos <= most_rows -> out [pos, rows]. The packed
// weight is read once.
struct FewRows {
  static constexpr int threads = 128;
  static constexpr int most_rows = 8;
  Packed weight;
  const float* x;
  const float* bias;  // [rows] or null
  std::int64_t positions, rows, columns;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const unsigned char* bytes = weight.bytes + block * weight.row_bytes;
    float sums[most_rows] = {};
    team.template sums<most_rows>(columns, positions, sums, [&](std::int64_t column, float* parts) {
      const float value = packed::value(weight.format, bytes, column);
      for (int p = 0; p < most_rows; ++p) {
        if (p < positions) parts[p] += x[p * columns + column] * value;
      }
    });
    const float shift = bias != nullptr ? bias[block] : 0.0F;
    team.each(positions, [&](std::int64_t p) { out[p * rows + block] = sums[p] + shift; });
  }
};

// A block for each position: bias [rows] -> out [pos, rows], which a product is then added to.
struct FillRows {
  static constexpr int threads = 128;
  const float* row;
  std::int64_t width;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    team.each(width, [&](std::int64_t i) { out[block * width + i] = row[i]; });
  }
};

template <class Team>
HEADLIGHT_DEVICE float subtracted(const Team& team, const float* row, std::int64_t width, bool rms) {
  if (rms) return 0.0F;
  return team.sum(width, [&](std::int64_t i) { return row[i]; }) / static_cast<float>(width);
}

// A block for each row: x [rows, width] -> out [rows].
struct NormScale {
  static constexpr int threads = 256;
  const float* x;
  std::int64_t width;
  bool rms;
  double epsilon;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const float* row = x + block * width;
    const float middle = subtracted(team, row, width, rms);
    const float squares = team.sum(width, [&](std::int64_t i) {
      const float deviation = row[i] - middle;
      return deviation * deviation;
    });
    team.each(1, [&](std::int64_t) {
      out[block] =
          static_cast<float>(sqrt(static_cast<double>(squares) / static_cast<double>(width) + epsilon));
    });
  }
};

// A block for each row: x, out [rows, width], scale [rows], gain and bias [width]; bias may be null.
struct Normalized {
  static constexpr int threads = 256;
  const float *x, *scale, *gain, *bias;
  std::int64_t width;
  bool rms;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const float* row = x + block * width;
    const float middle = subtracted(team, row, width, rms), divisor = scale[block];
    team.each(width, [&](std::int64_t i) {
      const float unit = (row[i] - middle) / divisor * gain[i];
      out[block * width + i] = bias != nullptr ? unit + bias[i] : unit;
    });
  }
};

// A block for each position: x, out [pos, heads, width]; cosines and sines [pos, half].
struct Rotate {
  static constexpr int threads = 256;
  const float *x, *cosines, *sines;
  std::int64_t heads, width, half;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const std::int64_t begin = block * heads * width;
    team.each(heads * width, [&](std::int64_t at) {
      const std::int64_t i = at % width;
      const float here = x[begin + at];
      if (i >= 2 * half) {
        out[begin + at] = here;
        return;
      }
      const std::int64_t pair = block * half + i % half;
      const float other = x[begin + at + (i < half ? half : -half)];
      out[begin + at] =
          i < half ? here * cosines[pair] - other * sines[pair] : other * sines[pair] + here * cosines[pair];
    });
  }
};

// Queries that one block takes together: what it reads of a key or a value serves all of them.
constexpr int query_tile = 8;
inline std::int64_t query_tiles(std::int64_t queries) { return (queries + query_tile - 1) / query_tile; }

// The queries of one head that a block takes, counted from the first of all that are computed.
struct QueryTile {
  std::int64_t head = 0, first = 0;
  int count = 0;
};
HEADLIGHT_DEVICE inline QueryTile tile_of(std::int64_t block, std::int64_t queries) {
  const std::int64_t tiles = (queries + query_tile - 1) / query_tile;
  const std::int64_t first = block % tiles * query_tile, left = queries - first;
  return {block / tiles, first, left < query_tile ? static_cast<int>(left) : query_tile};
}

// A block for each tile of queries of each head: q [query, heads, width], k [key, kv_heads, width], bias as
// out or null -> out [head, query, key]. Queries are counted from first_query on, out holds `queries` of
// them.
struct Scores {
  static constexpr int threads = 128;
  const float *q, *k, *bias;
  std::int64_t heads, kv_heads, width, keys;
  std::int64_t first_query, queries, all_queries;
  std::int64_t first_position, window;  // of query 0; see AttentionRule
  bool causal;
  float scale, soft_cap;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const QueryTile tile = tile_of(block, queries);
    const std::int64_t query = first_query + tile.first, stride = heads * width;
    const float* ours = q + (query * heads + tile.head) * width;
    const float* theirs = k + tile.head / (heads / kv_heads) * width;
    float* rows = out + (tile.head * queries + tile.first) * keys;
    const std::int64_t position = first_position + query;
    team.each(keys, [&](std::int64_t key) {
      float sums[query_tile] = {};
      const bool seen =
          !(causal && key >= position + tile.count) && !(window > 0 && key <= position - window);
      if (seen) {  // by any of them
        const float* other = theirs + key * kv_heads * width;
        for (std::int64_t i = 0; i < width; ++i) {
          const float value = other[i];
          for (int row = 0; row < query_tile; ++row) {
            if (row < tile.count) sums[row] += ours[row * stride + i] * value;
          }
        }
      }
      for (int row = 0; row < query_tile; ++row) {
        if (row < tile.count) rows[row * keys + key] = score(sums[row], tile.head, query + row, key);
      }
    });
  }

 private:
  HEADLIGHT_DEVICE float score(float sum, std::int64_t head, std::int64_t query, std::int64_t key) const {
    const std::int64_t position = first_position + query;
    if ((causal && key > position) || (window > 0 && key <= position - window)) return -HUGE_VALF;
    float score = sum * scale;
    if (soft_cap > 0.0F) score = soft_cap * tanhf(score / soft_cap);
    return bias != nullptr ? score + bias[(head * all_queries + query) * keys + key] : score;
  }
};

// A block for each row: scores, out [rows, keys]; may be the same memory.
struct Softmax {
  static constexpr int threads = 128;
  const float* scores;
  std::int64_t keys;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const float* row = scores + block * keys;
    float* to = out + block * keys;
    const float top = team.largest(keys, [&](std::int64_t key) { return row[key]; });
    const float sum = team.sum(
        keys, [&](std::int64_t key) { return row[key] == -HUGE_VALF ? 0.0F : expf(row[key] - top); });
    team.together();
    team.each(keys, [&](std::int64_t key) {
      to[key] = row[key] == -HUGE_VALF ? 0.0F : expf(row[key] - top) / sum;
    });
  }
};

// A block for each tile of queries of each head: pattern [head, queries, key], v [key, kv_heads, width] ->
// out [query, heads, width], from row first_query on. What has weight 0 is not looked at: 0 * inf would be
// NaN.
struct MixValues {
  static constexpr int threads = 64;
  const float *pattern, *v;
  std::int64_t heads, kv_heads, width, keys, first_query, queries;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const QueryTile tile = tile_of(block, queries);
    const float* weights = pattern + (tile.head * queries + tile.first) * keys;
    const float* theirs = v + tile.head / (heads / kv_heads) * width;
    float* rows = out + ((first_query + tile.first) * heads + tile.head) * width;
    team.each(width, [&](std::int64_t i) {
      float sums[query_tile] = {};
      for (std::int64_t key = 0; key < keys; ++key) {
        const float value = theirs[key * kv_heads * width + i];
        for (int row = 0; row < query_tile; ++row) {
          const float weight = row < tile.count ? weights[row * keys + key] : 0.0F;
          if (weight != 0.0F) sums[row] += weight * value;
        }
      }
      for (int row = 0; row < query_tile; ++row) {
        if (row < tile.count) rows[row * heads * width + i] = sums[row];
      }
    });
  }
};

HEADLIGHT_DEVICE inline float activated(float x, Activation activation) {
  switch (activation) {
    case Activation::silu:
      return x / (1.0F + expf(-x));
    case Activation::gelu:
      return 0.5F * x * (1.0F + erff(x * 0.70710678118654752F));
    case Activation::gelu_tanh:
      return 0.5F * x * (1.0F + tanhf(0.79788456080286536F * (x + 0.044715F * x * x * x)));
    case Activation::relu:
      return x < 0.0F ? 0.0F : x;
    case Activation::tanh:
      return tanhf(x);
  }
  return x;
}

enum class Element { add, multiply, scaled, soft_capped, activated };

// Blocks of `per_block` elements: out_i from a_i, b_i (add and multiply alone) and `factor`.
struct Elements {
  static constexpr int threads = 256;
  static constexpr std::int64_t per_block = 1024;
  Element kind = Element::add;
  Activation activation = Activation::silu;
  const float* a = nullptr;
  const float* b = nullptr;
  float factor = 0.0F;
  std::int64_t count = 0;
  float* out = nullptr;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const std::int64_t begin = block * per_block;
    team.each(count - begin < per_block ? count - begin : per_block, [&](std::int64_t at) {
      const std::int64_t i = begin + at;
      out[i] = made(i);
    });
  }

 private:
  HEADLIGHT_DEVICE float made(std::int64_t i) const {
    switch (kind) {
      case Element::add:
        return a[i] + b[i];
      case Element::multiply:
        return a[i] * b[i];
      case Element::scaled:
        return a[i] * factor;
      case Element::soft_capped:
        return factor * tanhf(a[i] / factor);
      case Element::activated:
        return activated(a[i], activation);
    }
    return 0.0F;
  }
};

// A block for each column: x [rows, width] -> out [width].
struct MeanRow {
  static constexpr int threads = 128;
  const float* x;
  std::int64_t rows, width;
  float* out;

  template <class Team>
  HEADLIGHT_DEVICE void operator()(const Team& team, std::int64_t block) const {
    const float sum = team.sum(rows, [&](std::int64_t row) { return x[row * width + block]; });
    team.each(1, [&](std::int64_t) { out[block] = sum / static_cast<float>(rows); });
  }
};

using Any =
    std::variant<Gather, FewRows, FillRows, NormScale, Normalized, Rotate, Scores, Softmax, MixValues,
                 Elements, MeanRow, Clear, AddColumns, NormBackward, SoftmaxBackward, Slopes, AddRows>;

}  // namespace headlight::kernels

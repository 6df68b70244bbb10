// Products of rows of x with rows of weights, part of kernels.cpp: tiles of up to x_tile rows of x by four
// rows of weights, each sum spread over the lanes of one vector and added up at the end (vectors.h says in
// which order). What is computed for a pair of rows never depends on the other rows.
#pragma once

#include "core/backends/cpu/kernels.h"
#include "core/backends/cpu/packed_super_blocks.h"

namespace headlight::HEADLIGHT_ISA {
namespace {

// Rows of x a tile: as many running sums as the registers hold.
constexpr int x_tile = lanes == 16 ? 6 : lanes == 8 ? 3 : 2;
constexpr int w_tile = 4;

// Weights are asked for this many bytes before they are needed, in the order of their addresses: enough of
// them are then under way to use all that memory can deliver. (A prefetch past the end does nothing.)
constexpr Int64 weights_ahead = 6144;
// The same of expanded weights, which come from the second cache.
constexpr Int64 panel_ahead = 1024;

template <int N>
struct Number {
  static constexpr int value = N;
};

// body(Number<rows>), 1 <= rows <= x_tile.
template <class Body>
ALWAYS_INLINE void with_rows(Int64 rows, const Body& body) {
  switch (rows) {
    case 1:
      return body(Number<1>{});
#if defined(__AVX2__)
    case 2:
      return body(Number<2>{});
#endif
#if defined(__AVX512F__)
    case 3:
      return body(Number<3>{});
    case 4:
      return body(Number<4>{});
    case 5:
      return body(Number<5>{});
#endif
    default:
      return body(Number<x_tile>{});
  }
}

// body(first row, rows of the tile): tiles as even as possible, the larger ones first. One or two rows alone
// would take nearly the time of a whole tile.
template <class Body>
ALWAYS_INLINE void for_tiles(Int64 rows, const Body& body) {
  for (Int64 tiles = (rows + x_tile - 1) / x_tile, first = 0; tiles > 0; --tiles) {
    const Int64 length = (rows - first + tiles - 1) / tiles;
    body(first, length);
    first += length;
  }
}

// Rows of the tile past the end of the weights point to the last row again; their results are not stored.
template <class Pointer>
ALWAYS_INLINE void four_rows(Pointer first, Int64 stride, Int64 rows, Pointer* at) {
  at[0] = first;
  for (Int64 r = 1; r < w_tile; ++r) at[r] = at[r - 1] + (r < rows ? stride : 0);
}

ALWAYS_INLINE void store_row(Four results, Int64 rows, float* out) {
  if (rows >= w_tile) {
    store(out, results);
  } else {
    for (Int64 r = 0; r < rows; ++r) out[r] = results[r];
  }
}

template <int X>
ALWAYS_INLINE void store_sums(Floats (&acc)[X][w_tile], Int64 rows, float* out, Int64 out_stride) {
#pragma GCC unroll 4
  for (int p = 0; p + 1 < X; p += 2) {
    const TwoFours results = two_sums(acc[p], acc[p + 1]);
    store_row(results.first, rows, out + p * out_stride);
    store_row(results.second, rows, out + (p + 1) * out_stride);
  }
  if (X % 2 == 1) store_row(sums(acc[X - 1]), rows, out + (X - 1) * out_stride);
}

// One vector of each row; w_at(row), x_at(row). Weights come one after the other: x's stay in registers.
template <int X, class Weights, class Values>
ALWAYS_INLINE void accumulate(Floats (&acc)[X][w_tile], const Weights& w_at, const Values& x_at) {
  Floats values[X];
#pragma GCC unroll 8
  for (int p = 0; p < X; ++p) values[p] = x_at(p);
#pragma GCC unroll 4
  for (int r = 0; r < w_tile; ++r) {
    const Floats weights = w_at(r);
#pragma GCC unroll 8
    for (int p = 0; p < X; ++p) acc[p][r] += values[p] * weights;
  }
}

// ---- Packed weights. The first tile of x expands them in registers and, when there are more tiles, leaves
// them in a panel: for each four rows [count / lanes, rounded up to whole blocks][4][lanes], which the other
// tiles read from beginning to end. ----

constexpr Int64 panel_of_group = w_tile * 32;  // floats

// A group of 32 of each row of weights times those of each row of x, of which x_at(row, i) are those at i.
// Where 16 registers cannot hold the sums and the weights of a group, the weights go through memory; 32 hold
// those of two rows.
template <class Format, int X, bool keep, class Values>
ALWAYS_INLINE void add_group(Floats (&acc)[X][w_tile], const Byte* const (&block)[w_tile],
                             const typename Format::Scales (&scales)[w_tile], int group, float* panel,
                             const Values& x_at) {
  constexpr bool in_registers = lanes == 16 || X == 1;
  constexpr int together = X == 1 ? 4 : 2;
  float passing[in_registers || keep ? 1 : panel_of_group];
  if (!in_registers && !keep) panel = passing;
#pragma GCC unroll 4
  for (int first = 0; first < w_tile; first += together) {
    if (first > 0) forget_memory();
    Floats weights[together][parts];
#pragma GCC unroll 4
    for (int i = 0; i < together; ++i) {
      expand<Format>(block[first + i], scales[first + i], group, weights[i]);
      if (in_registers && !keep) continue;
#pragma GCC unroll 8
      for (int part = 0; part < parts; ++part) {
        store(panel + (part * w_tile + first + i) * lanes, weights[i][part]);
      }
    }
    if (!in_registers) continue;
#pragma GCC unroll 8
    for (int part = 0; part < parts; ++part) {
#pragma GCC unroll 8
      for (int p = 0; p < X; ++p) {
        Floats values = x_at(p, part * lanes);
        if (X > 1) hold(values);
#pragma GCC unroll 4
        for (int i = 0; i < together; ++i) acc[p][first + i] += values * weights[i][part];
      }
    }
  }
  if (in_registers) return;
#pragma GCC unroll 8
  for (int part = 0; part < parts; ++part, panel += w_tile * lanes) {
    accumulate<X>(
        acc, [&](int r) { return load<Floats>(panel + r * lanes); },
        [&](int p) { return x_at(p, part * lanes); });
  }
}

// keep: leaves the weights in the panel.
template <class Format, int X, bool keep>
void packed_tile(const float* x, Int64 x_stride, const Byte* w, Int64 w_stride, Int64 w_rows, Int64 count,
                 float* panel, float* out, Int64 out_stride) {
  const Byte* row[w_tile];
  four_rows(w, w_stride, w_rows, row);
  const Byte* ahead = w + weights_ahead;
  constexpr Int64 groups = Format::values / 32, group_bytes = w_tile * Format::bytes / groups;
  typename Format::Scales scales[w_tile];
  Floats acc[X][w_tile] = {};
  Int64 c = 0;
  while (c + 32 <= count) {
#pragma GCC unroll 4
    for (int r = 0; r < w_tile; ++r) prepare<Format>(row[r], scales[r]);
    for (int group = 0; group < groups; ++group, c += 32) {
#pragma GCC unroll 8
      for (Int64 line = 0; line < group_bytes; line += 64) __builtin_prefetch(ahead + line);
      ahead += group_bytes;
      add_group<Format, X, keep>(acc, row, scales, group, panel,
                                 [&](int p, int i) { return load<Floats>(x + p * x_stride + c + i); });
      if (keep) panel += panel_of_group;
    }
    for (const Byte*& at : row) at += Format::bytes;
  }
  if (Format::any_count && c < count) {
    Byte padded[w_tile][Format::bytes] = {};
    const Byte* block[w_tile];
    for (int r = 0; r < w_tile; ++r) {
      __builtin_memcpy(padded[r], row[r], static_cast<std::size_t>((count - c) * (Format::bytes / 32)));
      block[r] = padded[r];
    }
    add_group<Format, X, keep>(acc, block, scales, 0, panel, [&](int p, int i) {
      return load_part(x + p * x_stride + c + i, count - c - i);
    });
  }
  store_sums<X>(acc, w_rows, out, out_stride);
}

template <int X>
void panel_tile(const float* x, Int64 x_stride, const float* panel, Int64 w_rows, Int64 count, float* out,
                Int64 out_stride) {
  Floats acc[X][w_tile] = {};
  const auto w_at = [&](int r) { return load<Floats>(panel + r * lanes); };
  Int64 c = 0;
  for (; c + lanes <= count; c += lanes, panel += w_tile * lanes) {
#pragma GCC unroll 4
    for (int at = 0; at < w_tile * lanes; at += 16) __builtin_prefetch(panel + panel_ahead / 4 + at);
    accumulate<X>(acc, w_at, [&](int p) { return load<Floats>(x + p * x_stride + c); });
  }
  if (c < count) {
    accumulate<X>(acc, w_at, [&](int p) { return load_some(x + p * x_stride + c, count - c); });
  }
  store_sums<X>(acc, w_rows, out, out_stride);
}

template <class Format>
void packed_product(FloatRows x, PackedRows w, Int64 count, float* panel, float* out, Int64 out_stride) {
  const Int64 panel_length = (count + 31) / 32 * panel_of_group;
  for_tiles(x.rows, [&](Int64 p, Int64 rows) {
    const float* from = x.data + p * x.stride;
    const bool alone = rows == x.rows;
    with_rows(rows, [&](auto tile) {
      constexpr int X = decltype(tile)::value;
      for (Int64 r = 0; r < w.rows; r += w_tile) {
        float* expanded = alone ? nullptr : panel + r / w_tile * panel_length;
        float* to = out + p * out_stride + r;
        if (alone) {
          packed_tile<Format, X, false>(from, x.stride, w.data + r * w.stride, w.stride, w.rows - r, count,
                                        expanded, to, out_stride);
        } else if (p == 0) {
          packed_tile<Format, X, true>(from, x.stride, w.data + r * w.stride, w.stride, w.rows - r, count,
                                       expanded, to, out_stride);
        } else {
          panel_tile<X>(from, x.stride, expanded, w.rows - r, count, to, out_stride);
        }
      }
    });
  });
}

}  // namespace
}  // namespace headlight::HEADLIGHT_ISA

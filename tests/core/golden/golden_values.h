// Golden values (tests/golden/NAME.golden.json and .bin, layout in make_golden.py) and how a trace is held
// against them.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/forward/trace.h"

namespace headlight {

// One hook of every layer.
struct GoldenHook {
  HookPlace first;                          // layer 0
  std::int64_t layers = 0;                  // 1 outside blocks
  Shape shape;                              // of one layer
  std::vector<std::int64_t> indices;        // flat places of the stored values, the same in every layer
  std::vector<float> values;                // [layer, index]
  std::vector<std::int64_t> largest_index;  // [layer]: where the finite value of largest magnitude stands
  std::vector<float> largest_value;
};

struct GoldenCase {
  std::string name;
  std::optional<std::string> text;  // empty: the ids are not those of a text
  std::vector<TokenId> ids;
  std::vector<TokenId> source_ids;  // of an encoder-decoder
  std::vector<TokenId> top_ids;     // of the last position, likeliest first
  std::vector<float> top_logits;
  std::vector<GoldenHook> hooks;
};

struct GoldenFile {
  std::string model;   // file name
  std::string sha256;  // of that file
  nlohmann::json architecture;
  std::vector<GoldenCase> cases;
};

// Throws std::runtime_error when the files are missing or do not fit together.
GoldenFile read_golden(const std::string& name);
// The same for PATH.json and PATH.bin.
GoldenFile read_golden_at(const std::string& path);

// How far a value may be away: absolute + relative * scale, where scale is the largest magnitude of the
// tensor, or, for the residual stream, of the stream up to that place (see limit_of).
struct Tolerance {
  double absolute = 0.0;
  double relative = 0.0;
};

// What came out of a comparison. It passed only if something was compared and `failure` is empty.
struct Agreement {
  std::int64_t compared = 0;
  double worst_share = 0.0;  // largest error divided by what was allowed
  std::string worst_place;   // "blocks.3.attn.hook_q[17]: -0.5, expected -0.25, allowed 1e-5"
  std::string failure;
  bool passed() const { return failure.empty() && compared > 0; }
};

// `expected` at `indices` of `actual`, and the largest magnitude of all of `actual`. Infinities and the exact
// zeros of masked pattern cells must be equal; NaN never agrees.
struct ExpectedTensor {
  std::string name;
  Shape shape;
  std::span<const std::int64_t> indices;
  std::span<const float> values;
  std::int64_t largest_index = 0;
  float largest_value = 0.0F;
  bool zeros_are_exact = false;
};
void hold_against(const Tensor& actual, const ExpectedTensor& expected, double allowed, Agreement& agreement);

// Every stored value of the case. A hook that the trace lacks is a failure.
Agreement hold_against(const Trace& trace, const GoldenCase& expected,
                       const std::function<Tolerance(Hook)>& tolerance_of);

}  // namespace headlight

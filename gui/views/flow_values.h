// The numbers behind the flow picture, reduced to what is drawn and kept until trace, head or window change.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/forward/trace.h"

namespace headlight {

// A vector as cells: each shows the value of largest magnitude among those that it covers, with its sign.
struct PooledStrip {
  std::vector<float> values;          // NaN where a covered value is NaN
  std::vector<std::int64_t> indices;  // of that value in the vector
  float rms = 0;                      // root mean square of the vector's finite values
  std::int64_t length = 0;            // of the vector; 0: not computed yet
};
constexpr float rms_at_the_ends = 3.0F;  // of the colour map, wherever a strip is drawn
PooledStrip pooled_strip(std::span<const float> vector, int cells);

// The key/value head that a query head reads.
std::int64_t key_value_head(const ArchitectureDescription& architecture, std::int64_t head);

// One token's vector at a hook, of the head where there are several; empty while it is not known.
std::span<const float> flow_vector(const Trace& trace, Hook hook, std::int64_t layer, std::int64_t head,
                                   std::int64_t position);

class FlowValues {
 public:
  // The window of rows [first, last) of a trace; keeps what is still true.
  void show(const std::shared_ptr<const Trace>& trace, std::int64_t layer, std::int64_t head,
            std::int64_t first, std::int64_t last);
  const PooledStrip& strip(Hook hook, std::int64_t position, int cells);
  // Length (L2) of the stream of a token before layer l; l = layers: after the last. Negative: not known yet.
  float stream_norm(std::int64_t layer, std::int64_t position) const;
  // 0..1: where a norm lies between the smallest and the largest of the window, on a log scale.
  float norm_position(float norm) const;

 private:
  void measure_norms();

  std::weak_ptr<const Trace> trace_;  // not held: a long one has gigabytes
  const Trace* live_ = nullptr;       // the same, while a frame is drawn
  std::int64_t layer_ = -1, head_ = -1, first_ = 0, last_ = 0;
  std::array<std::vector<PooledStrip>, static_cast<std::size_t>(Hook::sentence_embedding) + 1> strips_;
  std::vector<float> norms_;  // [layers + 1, rows]
  float least_norm_ = 1, largest_norm_ = 1;
};

}  // namespace headlight

// The weights of the head that is looked at, row by row: as the trace kept them, or made again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/forward/derived_pattern.h"
#include "core/forward/trace.h"

namespace headlight {

// One head of one pass, as far as views look into it. A row of a long text costs a fraction of a millisecond;
// all of them together are for a worker (tiled_map.h).
class HeadRows {
 public:
  HeadRows(const std::shared_ptr<const Trace>& trace, Backend& backend, std::int64_t layer, std::int64_t head,
           bool cross);
  // The weights of one query, as far as it sees; null when there is no such row. Stays valid until forget().
  const float* row(std::int64_t query);
  // Drops what was made for many rows.
  void forget();

 private:
  std::weak_ptr<const Trace> trace_;
  Backend& backend_;
  std::int64_t layer_, head_;
  bool cross_;
  std::optional<DerivedPattern> derived_;  // when the pattern was not kept
  std::unordered_map<std::int64_t, Tensor> made_;
};

class HeadMaps {
 public:
  // Which device makes rows from now on, as Frame::device says it.
  void compute_on(const std::string& device);
  // Null while the layer is not done. `cross`: to the encoder's text. Stays valid until another head or trace
  // is asked for, and its rows until the next frame.
  HeadRows* rows(const std::shared_ptr<const Trace>& trace, std::int64_t layer, std::int64_t head,
                 bool cross = false);

 private:
  std::string device_ = "CPU";
  std::unique_ptr<Backend> backend_;  // of one thread: rows are small
  std::weak_ptr<const Trace> trace_;  // not held: a long one has gigabytes
  std::int64_t layer_ = -1;
  std::int64_t head_ = -1;
  bool cross_ = false;
  int frame_ = -1;
  std::optional<HeadRows> rows_;
};

// The score before softmax of one pair; nothing while the layer is not done or where the mask hides it.
std::optional<double> pair_score(const Trace& trace, std::int64_t layer, std::int64_t head,
                                 std::int64_t query, std::int64_t key, bool cross = false);

}  // namespace headlight

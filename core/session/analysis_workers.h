// Threads of their own for what the Lens and Block views show beside a trace: each works for the newest key,
// with kernels of its own, so that the text's own pass is never waited for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/analysis/block_statistics.h"
#include "core/analysis/logit_attribution.h"
#include "core/analysis/logit_lens.h"
#include "core/session/background.h"
#include "core/session/same_owner.h"

namespace headlight {

// Which pass is meant, without keeping gigabytes alive.
struct TraceKey {
  std::weak_ptr<const Trace> trace;
  std::int64_t layers_done = 0;  // of an unfinished one
  bool operator==(const TraceKey& other) const {
    return same_owner(trace, other.trace) && layers_done == other.layers_done;
  }
};

// A lens grows: each job makes the columns that a fifth of a second is enough for, beginning with what was
// there `before`; wanting the next key then asks for more.
struct LensKey {
  TraceKey of;
  LensRequest request;
  std::shared_ptr<const LogitLens> before;
  bool operator==(const LensKey&) const = default;
};
using LensWorker = Background<LensKey, LogitLens>;
std::unique_ptr<LensWorker> make_lens_worker();

struct AttributionKey {
  TraceKey of;
  std::int64_t position = 0;
  TokenId target = 0;
  std::optional<TokenId> distractor;
  bool operator==(const AttributionKey&) const = default;
};
using AttributionWorker = Background<AttributionKey, LogitAttribution>;
std::unique_ptr<AttributionWorker> make_attribution_worker();

using LengthsWorker = Background<TraceKey, StreamLengths>;
std::unique_ptr<LengthsWorker> make_lengths_worker();

// How the numbers of a value are spread over all tokens.
struct HistogramKey {
  TraceKey of;
  Hook hook = Hook::resid_post;
  std::int64_t layer = 0;
  bool operator==(const HistogramKey&) const = default;
};
using HistogramWorker = Background<HistogramKey, Histogram>;
std::unique_ptr<HistogramWorker> make_histogram_worker();
constexpr std::size_t histogram_bins = 61;  // odd: the middle one holds 0 when both ends are equally far

struct NeuronsKey {
  TraceKey of;
  std::int64_t layer = 0, position = 0;
  bool operator==(const NeuronsKey&) const = default;
};
using NeuronsWorker = Background<NeuronsKey, NeuronWritings>;
std::unique_ptr<NeuronsWorker> make_neurons_worker();
constexpr std::size_t most_neurons = 12;

}  // namespace headlight

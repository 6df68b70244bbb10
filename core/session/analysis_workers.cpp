// What each thread does with its key.
#include "core/session/analysis_workers.h"

#include <chrono>

#include "core/backends/backend_list.h"

namespace headlight {
namespace {

// Pictures of a long text fill up in steps of this.
constexpr auto lens_step = std::chrono::milliseconds(200);

// The pass of a key; whoever asked has gone on to another when it is no more.
std::shared_ptr<const Trace> trace_of(const TraceKey& key) {
  auto trace = key.trace.lock();
  if (!trace) throw Progress::Cancelled{};
  return trace;
}

// Kernels and their threads, made for the first job.
class LazyBackend {
 public:
  Backend& get() {
    if (!backend_) backend_ = make_backend("cpu", 0);
    return *backend_;
  }

 private:
  std::shared_ptr<Backend> backend_;
};

}  // namespace

std::unique_ptr<LensWorker> make_lens_worker() {
  return std::make_unique<LensWorker>(
      [backend = std::make_shared<LazyBackend>()](const LensKey& key, const Progress& progress) {
        const auto start = std::chrono::steady_clock::now();
        return logit_lens(trace_of(key.of), backend->get(), key.request, key.before.get(), [&] {
          progress.report(0.0F);
          return std::chrono::steady_clock::now() - start > lens_step;
        });
      },
      lens_step / 2);
}

std::unique_ptr<AttributionWorker> make_attribution_worker() {
  return std::make_unique<AttributionWorker>([](const AttributionKey& key, const Progress& progress) {
    return *logit_attribution(trace_of(key.of), key.position, key.target, key.distractor, [&] {
      progress.report(0.0F);
      return false;
    });
  });
}

std::unique_ptr<LengthsWorker> make_lengths_worker() {
  return std::make_unique<LengthsWorker>([](const TraceKey& key, const Progress& progress) {
    return stream_lengths(trace_of(key), [&] { progress.report(0.0F); });
  });
}

std::unique_ptr<HistogramWorker> make_histogram_worker() {
  return std::make_unique<HistogramWorker>([](const HistogramKey& key, const Progress& progress) {
    const std::shared_ptr<const Trace> trace = trace_of(key.of);
    progress.report(0.0F);
    std::vector<std::span<const float>> rows;
    for (std::int64_t position = 0; position < trace->positions(); ++position) {
      rows.push_back(trace->row(key.hook, key.layer, position));
    }
    return histogram(rows, histogram_bins);
  });
}

std::unique_ptr<NeuronsWorker> make_neurons_worker() {
  return std::make_unique<NeuronsWorker>(
      [backend = std::make_shared<LazyBackend>()](const NeuronsKey& key, const Progress&) {
        return neuron_writings(trace_of(key.of), backend->get(), key.layer, key.position, most_neurons);
      });
}

}  // namespace headlight

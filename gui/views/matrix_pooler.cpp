// Max-pools the visible part of a pattern into as many cells as there are pixels for.
#include "gui/views/matrix_pooler.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "core/forward/derived_pattern.h"
#include "core/forward/derived_values.h"
#include "gui/widgets/map_scale.h"

namespace headlight {
namespace {

// A part that was overtaken is finished all the same when it nearly is: dragging shows pictures, too.
constexpr auto grace = std::chrono::milliseconds(300);
constexpr std::int64_t block_queries = 64;

// What a row's weights are multiplied with before they are drawn.
float row_factor(const float* weights, const KeyRange& seen, bool per_row, bool hide_sink) {
  const std::int64_t first = std::max<std::int64_t>(seen.first, hide_sink ? 1 : 0);
  float factor = 1;
  if (hide_sink) factor = without_sink(1.0F, rest_beside_sink(weights, seen.last));
  if (!per_row) return factor;
  float largest = 0;
  for (std::int64_t key = first; key < seen.last; ++key) largest = std::max(largest, weights[key]);
  return largest > 0 ? 1.0F / largest : factor;
}

void pool_row(const float* weights, const KeyRange& seen, const MatrixPart& part, std::int64_t query,
              std::vector<float>& cells) {
  const CellWindow& window = part.window;
  const float factor = row_factor(weights, seen, part.per_row, part.hide_sink);
  float* out = cells.data() + ((query - window.first_row) * part.height / window.rows()) * part.width;
  const std::int64_t last = std::min(window.last_column, seen.last);
  for (std::int64_t key = std::max(window.first_column, seen.first); key < last; ++key) {
    float& cell = out[(key - window.first_column) * part.width / window.columns()];
    const float value = weights[key] * factor;
    if (value > cell || std::isnan(value)) cell = value;
  }
}

std::vector<float> empty_cells(const MatrixPart& part) {
  return std::vector<float>(static_cast<std::size_t>(part.width * part.height), masked_cell);
}

}  // namespace

bool MatrixPart::shows_as(const MatrixPart& other) const {
  return layer == other.layer && head == other.head && cross == other.cross && per_row == other.per_row &&
         hide_sink == other.hide_sink;
}

std::vector<float> matrix_cells(const std::function<const float*(std::int64_t)>& weights_of,
                                const MapShape& map, const MatrixPart& part) {
  std::vector<float> cells = empty_cells(part);
  for (std::int64_t query = part.window.first_row; query < part.window.last_row; ++query) {
    if (const float* weights = weights_of(query)) pool_row(weights, map.seen(query), part, query, cells);
  }
  return cells;
}

std::vector<float> matrix_cells(const float* pattern, const MapShape& map, const CellWindow& window,
                                std::int64_t width, std::int64_t height, bool per_row, bool hide_sink) {
  MatrixPart part;
  part.window = window;
  part.width = width;
  part.height = height;
  part.per_row = per_row;
  part.hide_sink = hide_sink;
  return matrix_cells([&](std::int64_t query) { return pattern + query * map.keys; }, map, part);
}

MatrixPooler::MatrixPooler()
    : worker_(std::make_unique<LatestWins<Request>>(
          [this](const Request& request, const LatestWins<Request>::Cancelled& cancelled) {
            pool(request, cancelled);
          },
          [](const std::string&) {}, grace)) {}

void MatrixPooler::submit(std::shared_ptr<const Trace> trace, const MapShape& map, const MatrixPart& part) {
  worker_->submit({std::move(trace), map, part});
}

std::optional<MatrixPooler::Done> MatrixPooler::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, std::nullopt);
}

void MatrixPooler::pool(const Request& request, const LatestWins<Request>::Cancelled& cancelled) {
  const auto& [trace, map, part] = request;
  const Hook kept = attention_hooks(trace->model().architecture, part.cross).pattern;
  Done done{trace, part, empty_cells(part)};
  std::optional<DerivedPattern> derived;
  if (!trace->has(kept, part.layer)) {
    if (!backend_) backend_ = make_cpu_backend(0);
    derived.emplace(*trace, *backend_, part.layer, part.head, part.cross);
  }
  for (std::int64_t first = part.window.first_row; first < part.window.last_row; first += block_queries) {
    if (cancelled()) return;
    const std::int64_t last = std::min(first + block_queries, part.window.last_row);
    Tensor block;
    if (derived) block = derived->rows(first, last);
    for (std::int64_t query = first; query < last; ++query) {
      const float* weights = derived ? block.data() + (query - first) * block.axis(2)
                                     : trace->map_row(kept, part.layer, part.head, query).data();
      pool_row(weights, map.seen(query), part, query, done.cells);
    }
  }
  const std::lock_guard lock(mutex_);
  done_ = std::move(done);
}

}  // namespace headlight

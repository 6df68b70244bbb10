// Reduces a matrix to what there are pixels for; of long texts on a thread of its own, because a map of
// 4,096 tokens has 16 million cells.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/session/latest_wins.h"
#include "gui/views/head_maps.h"
#include "gui/views/shown_attention.h"

namespace headlight {

// A rectangle of cells: [first, last) rows (queries) and columns (keys).
struct CellWindow {
  std::int64_t first_row = 0, last_row = 0;
  std::int64_t first_column = 0, last_column = 0;
  bool operator==(const CellWindow&) const = default;
  std::int64_t rows() const { return last_row - first_row; }
  std::int64_t columns() const { return last_column - first_column; }
};

// What of a head's map is drawn: height × width cells, each the maximum over what it covers (never more cells
// than the window has). What the mask hides is masked; sink and rows as the wall's.
struct MatrixPart {
  std::int64_t layer = 0, head = 0;
  bool cross = false;
  CellWindow window;
  std::int64_t width = 0, height = 0;
  bool per_row = false, hide_sink = false;
  bool operator==(const MatrixPart&) const = default;
  // Whether the two differ in the window at most.
  bool shows_as(const MatrixPart& other) const;
};

// weights_of(query): one row of the pattern, as far as it sees.
std::vector<float> matrix_cells(const std::function<const float*(std::int64_t)>& weights_of,
                                const MapShape& map, const MatrixPart& part);
// Of a whole pattern [query, key].
std::vector<float> matrix_cells(const float* pattern, const MapShape& map, const CellWindow& window,
                                std::int64_t width, std::int64_t height, bool per_row, bool hide_sink);

class MatrixPooler {
 public:
  struct Done {
    std::weak_ptr<const Trace> trace;
    MatrixPart part;
    std::vector<float> cells;
  };

  MatrixPooler();
  // Replaces a part that still waits.
  void submit(std::shared_ptr<const Trace> trace, const MapShape& map, const MatrixPart& part);
  // What was done since it was asked last.
  std::optional<Done> take();

 private:
  struct Request {
    std::shared_ptr<const Trace> trace;
    MapShape map;
    MatrixPart part;
  };
  void pool(const Request& request, const LatestWins<Request>::Cancelled& cancelled);

  std::mutex mutex_;  // guards done_
  std::optional<Done> done_;
  std::unique_ptr<Backend> backend_;             // the worker's; made when it is first needed
  std::unique_ptr<LatestWins<Request>> worker_;  // last: it ends first
};

}  // namespace headlight

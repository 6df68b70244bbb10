// Tiles lose no bright cell at any level, to the last bit; and what maps draw is what they say.
#include "core/analysis/map_tiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/analysis/head_wall.h"
#include "core/forward/derived_values.h"
#include "tests/core/backends/random_values.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

// Queries and keys of one layer of two heads, no patterns: as a long text leaves them.
std::shared_ptr<Trace> random_keys(std::int64_t positions, std::int64_t window = 0) {
  auto model = std::make_shared<Model>();
  model->architecture = {.family = "test", .layers = 1, .heads = 2, .kv_heads = 1, .d_head = 4};
  model->architecture.window = window;
  model->architecture.local_layers = {window > 0};
  auto trace = std::make_shared<Trace>(model, std::vector<TokenId>(static_cast<std::size_t>(positions), 0));
  RandomValues random(5);
  for (const auto& [hook, heads] : {std::pair(attention_hooks(model->architecture).q, 2),
                                    std::pair(attention_hooks(model->architecture).k, 1)}) {
    Tensor values({positions, heads, 4});
    float* out = values.writable();
    for (std::int64_t i = 0; i < values.size(); ++i) out[i] = random.value(2.5F);
    trace->set(hook, 0, values);
  }
  return trace;
}

// One head with patterns that were kept.
std::shared_ptr<Trace> kept_pattern(std::int64_t positions,
                                    const std::function<float(std::int64_t, std::int64_t)>& at) {
  auto model = std::make_shared<Model>();
  model->architecture = {.family = "test", .layers = 1, .heads = 1, .kv_heads = 1, .d_head = 2};
  auto trace = std::make_shared<Trace>(model, std::vector<TokenId>(static_cast<std::size_t>(positions), 0));
  Tensor pattern({1, positions, positions});
  float* out = pattern.writable();
  for (std::int64_t query = 0; query < positions; ++query) {
    for (std::int64_t key = 0; key < positions; ++key) *out++ = key <= query ? at(query, key) : 0.0F;
  }
  trace->set(Hook::pattern, 0, pattern);
  return trace;
}

const auto on = [](float) {};

TileRange whole(const MapTiles& tiles, int level) {
  const std::int64_t span = tile_side << level;
  return {level, 0, (tiles.queries() + span - 1) / span, 0, (tiles.keys() + span - 1) / span};
}

// The cell of a position at a level; nothing where its tile is not there.
std::optional<float> cell_at(const MapTiles& tiles, int level, std::int64_t query, std::int64_t key) {
  const std::int64_t span = tile_side << level;
  const auto tile = tiles.find({level, query / span, key / span});
  if (!tile) return std::nullopt;
  return (*tile)[static_cast<std::size_t>(((query % span) >> level) * tile_side + ((key % span) >> level))];
}

// The largest weight of every cell, a second way: all weights at once.
void expect_largest_everywhere(const std::shared_ptr<Trace>& trace, Backend& backend, std::int64_t head,
                               MapTiles& tiles, int level) {
  const std::int64_t positions = trace->positions();
  const std::int64_t cells = ((positions - 1) >> level) + 1;
  std::vector<float> expected(static_cast<std::size_t>(cells * cells), no_weight);
  const DerivedPattern derived(*trace, backend, 0, head);
  const AttentionRule rule = attention_rule(trace->model().architecture, 0);
  for (std::int64_t first = 0; first < positions; first += 100) {
    const std::int64_t last = std::min(first + 100, positions);
    const Tensor block = derived.rows(first, last);
    for (std::int64_t query = first; query < last; ++query) {
      const float* weights = block.data() + (query - first) * block.axis(2);
      const KeyRange seen = visible_keys(rule, query, positions);
      for (std::int64_t key = seen.first; key < seen.last; ++key) {
        float& cell = expected[static_cast<std::size_t>((query >> level) * cells + (key >> level))];
        cell = std::max(cell, weights[key]);
      }
    }
  }
  tiles.make(whole(tiles, level), on);
  std::int64_t compared = 0, wrong = 0;
  for (std::int64_t row = 0; row < cells; ++row) {
    std::shared_ptr<const MapTile> tile;
    for (std::int64_t column = 0; column < cells; ++column) {
      if (column % tile_side == 0) tile = tiles.find({level, row / tile_side, column / tile_side});
      const std::int64_t at = row % tile_side * tile_side + column % tile_side;
      const float cell = tile ? (*tile)[static_cast<std::size_t>(at)] : no_weight;
      const float want = expected[static_cast<std::size_t>(row * cells + column)];
      if (cell != want) ++wrong;
      if (want != no_weight) ++compared;
    }
  }
  EXPECT_EQ(wrong, 0) << "level " << level;
  EXPECT_GT(compared, 0);
}

TEST(MapTiles, EveryCellOfEveryLevelIsTheLargestThatItCovers) {
  const std::shared_ptr<Backend> backend = make_cpu_backend(2);
  for (const std::int64_t window : {0, 700}) {
    const auto trace = random_keys(4100, window);
    DrawnMap map;
    map.head = 1;
    MapTiles tiles(trace, backend, map, std::int64_t{1} << 30);
    EXPECT_EQ(tiles.base(), 2);      // 1,025 cells
    EXPECT_EQ(tiles.coarsest(), 5);  // 129
    for (int level = tiles.coarsest(); level >= 0; --level)
      expect_largest_everywhere(trace, *backend, 1, tiles, level);
  }
}

TEST(MapTiles, ASingleBrightCellIsNeverLost) {
  const std::shared_ptr<Backend> backend = make_cpu_backend(1);
  for (const auto& [bright_query, bright_key] :
       {std::pair<std::int64_t, std::int64_t>(2999, 1234), std::pair<std::int64_t, std::int64_t>(256, 255),
        std::pair<std::int64_t, std::int64_t>(0, 0)}) {
    const std::int64_t query = bright_query, key = bright_key;
    const auto trace = kept_pattern(
        3000, [=](std::int64_t i, std::int64_t j) { return i == query && j == key ? 0.75F : 1e-5F; });
    MapTiles tiles(trace, backend, {});
    for (int level = 0; level <= tiles.coarsest(); ++level) {
      tiles.make(whole(tiles, level), on);
      EXPECT_EQ(cell_at(tiles, level, query, key), 0.75F) << level;
    }
  }
}

TEST(MapTiles, NotANumberShowsAtEveryLevel) {
  const std::shared_ptr<Backend> backend = make_cpu_backend(1);
  const auto trace =
      kept_pattern(600, [](std::int64_t i, std::int64_t j) { return i == 500 && j == 77 ? NAN : 0.5F; });
  MapTiles tiles(trace, backend, {});
  for (int level = 0; level <= tiles.coarsest(); ++level) {
    tiles.make(whole(tiles, level), on);
    EXPECT_TRUE(std::isnan(cell_at(tiles, level, 500, 77).value())) << level;
  }
}

TEST(MapTiles, GoesOnWhereItWasStopped) {
  const std::shared_ptr<Backend> backend = make_cpu_backend(2);
  const auto trace = random_keys(3000);
  MapTiles at_once(trace, backend, {}), in_steps(trace, backend, {});
  at_once.make(whole(at_once, 0), on);
  struct Stop {};
  int calls = 0, stops = 0;
  float furthest = 0.0F;
  for (bool done = false; !done;) {
    try {
      int steps = 0;
      in_steps.make(whole(in_steps, 0), [&](float share) {
        ++calls;
        if (!in_steps.has_base()) {
          EXPECT_GE(share, furthest);  // what was walked through is not walked through again
          furthest = share;
        }
        if (++steps > 20) throw Stop{};
      });
      done = true;
    } catch (const Stop&) {
      ++stops;
      EXPECT_TRUE(in_steps.has_base() || in_steps.preview());
    }
  }
  EXPECT_GT(stops, 2);
  for (std::int64_t row = 0; row < 12; ++row) {
    for (std::int64_t column = 0; column <= row; ++column) {
      ASSERT_TRUE(in_steps.find({0, row, column}));
      EXPECT_EQ(*in_steps.find({0, row, column}), *at_once.find({0, row, column}));
    }
  }
}

TEST(MapTiles, StayUnderTheirCapAndKeepTheCoarseLevels) {
  const std::shared_ptr<Backend> backend = make_cpu_backend(2);
  const auto trace = random_keys(5000);
  constexpr std::int64_t tile_bytes = tile_side * tile_side * 4;
  MapTiles tiles(trace, backend, {}, 30 * tile_bytes);
  std::int64_t most = 0;
  for (std::int64_t row = 0; row < 20; ++row) {
    tiles.make({0, row, row + 1, 0, 20}, on);
    most = std::max(most, tiles.byte_size());
  }
  EXPECT_FALSE(tiles.find({0, 0, 0}));
  EXPECT_TRUE(tiles.find({0, 19, 19}));
  EXPECT_TRUE(tiles.find({tiles.coarsest(), 0, 0}));
  EXPECT_LE(most, (30 + 15 + 6 + 3 + 1) * tile_bytes);  // levels 2 (half of 5 × 5) to 5
}

TEST(MapTiles, ThePreviewIsOneQueryOfEachRowOfCells) {
  const std::shared_ptr<Backend> backend = make_cpu_backend(2);
  const auto trace = random_keys(2500);
  MapTiles tiles(trace, backend, {});
  struct Stop {};
  EXPECT_THROW(tiles.make({}, [](float) { throw Stop{}; }), Stop);
  const auto preview = tiles.preview();
  ASSERT_TRUE(preview && !tiles.has_base());
  tiles.make({}, on);
  EXPECT_FALSE(tiles.preview());
  const auto exact = tiles.find({tiles.coarsest(), 0, 0});
  std::size_t same = 0;
  for (std::size_t i = 0; i < exact->size(); ++i) {
    EXPECT_LE((*preview)[i], (*exact)[i]);
    same += (*preview)[i] == (*exact)[i] ? 1U : 0U;
  }
  EXPECT_GT(same, exact->size() / 2);  // among them all that are masked
}

// --- What rows are drawn.

std::shared_ptr<const Trace> tiny_trace(std::int64_t positions) {
  const auto backend = make_cpu_backend(2);
  ForwardRequest request;
  for (std::int64_t i = 0; i < positions; ++i)
    request.tokens.push_back(static_cast<TokenId>((i * i + 3) % 50));
  return run_forward(tiny_model(), *backend, request);
}

std::vector<float> drawn(const std::shared_ptr<const Trace>& trace, const DrawnMap& map, std::int64_t query) {
  const auto backend = make_cpu_backend(1);
  DrawnRows rows(trace, *backend, map);
  std::vector<float> found;
  rows.rows(query, query + 1, [&](std::int64_t at, const float* values) {
    EXPECT_EQ(at, query);
    found.assign(values, values + rows.shown(query).last);
  });
  return found;
}

TEST(DrawnMap, LengthsAreThoseOfWhatTheOutputWrites) {
  const auto trace = tiny_trace(9);
  const ArchitectureDescription& a = trace->model().architecture;
  for (const std::int64_t head : {std::int64_t{0}, a.heads - 1}) {
    const std::vector<double> lengths = value_lengths(*trace, 1, head);
    ASSERT_EQ(lengths.size(), 9U);
    for (std::int64_t key = 0; key < 9; ++key) {
      const float* v = trace->row(Hook::v, 1, key).data() + head / (a.heads / a.kv_heads) * a.d_head;
      double square = 0.0;  // v W_O written out, component by component
      for (std::int64_t row = 0; row < a.d_model; ++row) {
        const std::vector<float> weights = weight_row(trace->model().blocks[1].attention.w_o, row);
        double written = 0.0;
        for (std::int64_t i = 0; i < a.d_head; ++i)
          written += static_cast<double>(weights[static_cast<std::size_t>(head * a.d_head + i)]) *
                     static_cast<double>(v[i]);
        square += written * written;
      }
      // Double both ways; the square root halves what rounding does.
      EXPECT_NEAR(lengths[static_cast<std::size_t>(key)], std::sqrt(square),
                  1e-12 * (1.0 + std::sqrt(square)));
    }
  }
}

TEST(DrawnMap, MergesWeighsAndSubtracts) {
  const auto trace = tiny_trace(11);
  const ArchitectureDescription& a = trace->model().architecture;
  const std::int64_t query = 8;
  std::vector<std::vector<float>> heads;
  for (std::int64_t head = 0; head < a.heads; ++head) {
    const auto row = trace->map_row(Hook::pattern, 1, head, query);
    heads.emplace_back(row.begin(), row.begin() + query + 1);
  }
  DrawnMap map;
  map.layer = 1;
  map.head = 2;
  EXPECT_EQ(drawn(trace, map, query), heads[2]);
  DrawnMap mean = map, largest = map, weighted = map, difference = map, rows = map, beside = map;
  mean.merge = HeadMerge::mean;
  largest.merge = HeadMerge::largest;
  weighted.value_weighted = true;
  difference.other = std::pair<std::int64_t, std::int64_t>(1, 0);
  rows.per_row = true;
  beside.hide_sink = true;
  const std::vector<double> lengths = value_lengths(*trace, 1, 2);
  const float most = *std::max_element(heads[2].begin(), heads[2].end());
  double rest = 0.0;
  for (std::size_t key = 1; key < heads[2].size(); ++key) rest += static_cast<double>(heads[2][key]);
  for (std::size_t key = 0; key < heads[2].size(); ++key) {
    double sum = 0.0;
    float top = 0.0F;
    for (const auto& head : heads) {
      sum += static_cast<double>(head[key]);
      top = std::max(top, head[key]);
    }
    // float32 sums of four weights, and products of a weight and a number: some 2^-24 of them.
    EXPECT_NEAR(drawn(trace, mean, query)[key], sum / static_cast<double>(a.heads), 1e-6);
    EXPECT_EQ(drawn(trace, largest, query)[key], top);
    EXPECT_NEAR(drawn(trace, weighted, query)[key], static_cast<double>(heads[2][key]) * lengths[key], 1e-5);
    EXPECT_EQ(drawn(trace, difference, query)[key], heads[0][key] - heads[2][key]);
    EXPECT_EQ(drawn(trace, rows, query)[key], heads[2][key] / most);
    if (key > 0) {
      EXPECT_NEAR(drawn(trace, beside, query)[key], static_cast<double>(heads[2][key]) / rest, 1e-6);
    }
  }
  const auto backend = make_cpu_backend(1);
  EXPECT_EQ(DrawnRows(trace, *backend, beside).shown(query).first, 1);
  EXPECT_EQ(DrawnRows(trace, *backend, weighted).most(), *std::max_element(lengths.begin(), lengths.end()));
}

TEST(DrawnMap, ADifferenceKeepsTheValueFartherFromNought) {
  const std::shared_ptr<Backend> backend = make_cpu_backend(1);
  const auto trace = tiny_trace(200);
  DrawnMap map;
  map.other = std::pair<std::int64_t, std::int64_t>(2, 1);
  MapTiles tiles(trace, backend, map);
  tiles.make({}, on);
  float farthest = 0.0F;
  for (std::int64_t query = 0; query < 200; ++query) {
    for (const float value : drawn(trace, map, query))
      if (std::abs(value) > std::abs(farthest)) farthest = value;
  }
  float in_tile = 0.0F;
  for (const float cell : *tiles.find({0, 0, 0}))
    if (cell != no_weight && std::abs(cell) > std::abs(in_tile)) in_tile = cell;
  EXPECT_EQ(in_tile, farthest);
}

// Every head of a real model and a text of 1,000 tokens: thumbnails, tiles and matrices have the same
// maximum.
TEST(MapTilesOfSmolLM2, ThumbnailsAndTilesHaveTheMaximumOfTheirMatrix) {
  const char* path = std::getenv("HEADLIGHT_SMOLLM2");
  if (path == nullptr) GTEST_SKIP() << "HEADLIGHT_SMOLLM2 does not name the model file";
  const auto model = load_model(path, "smollm2");
  const std::shared_ptr<Backend> backend = make_cpu_backend(2);
  ForwardRequest request;
  for (std::int64_t i = 0; i < 1000; ++i)
    request.tokens.push_back(static_cast<TokenId>((101 + 7919 * i * (1 + i % 7)) % 49152));
  request.capture.attention_maps = false;
  const auto trace = run_forward(model, *backend, request);
  const auto wall = head_wall(*trace, nullptr, false, {.backend = backend.get()});
  int heads = 0;
  for (std::int64_t layer = 0; layer < wall->layers; ++layer) {
    for (std::int64_t head = 0; head < wall->heads; ++head) {
      const DerivedPattern derived(*trace, *backend, layer, head);
      const Tensor matrix = derived.rows(0, 1000);
      const float largest = *std::max_element(matrix.data(), matrix.data() + matrix.size());
      const float* cells = wall->thumbnail(layer, head);
      EXPECT_EQ(*std::max_element(cells, cells + wall->side * wall->side), largest) << layer << " " << head;
      ++heads;
      if (head != layer % wall->heads) continue;  // tiles of one head a layer
      DrawnMap map;
      map.layer = layer;
      map.head = head;
      MapTiles tiles(trace, backend, map);
      tiles.make({}, on);
      for (int level = 0; level <= tiles.coarsest(); ++level) {
        float in_tiles = 0.0F;
        for (std::int64_t tile = 0; tile < 16; ++tile) {
          if (const auto found = tiles.find({level, tile / 4, tile % 4}))
            in_tiles = std::max(in_tiles, *std::max_element(found->begin(), found->end()));
        }
        EXPECT_EQ(in_tiles, largest) << layer << " " << head << " level " << level;
      }
    }
  }
  EXPECT_EQ(heads, 270);
}

}  // namespace
}  // namespace headlight

// How long the map of one head of a long text takes: the first coarse picture, the whole map, a close look;
// and the memory of its tiles.
//   headlight_bench_map_tiles MODEL [tokens]
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "core/analysis/map_tiles.h"
#include "core/base/memory.h"
#include "core/forward/forward_pass.h"

namespace headlight {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return 1e3 * std::chrono::duration<double>(Clock::now() - start).count();
}

void bench(const char* path, std::int64_t tokens) {
  const auto model = load_model(path, "bench");
  const std::shared_ptr<Backend> backend = make_cpu_backend(0);
  ForwardRequest request;
  const std::int64_t vocabulary = model->architecture.vocabulary;
  for (std::int64_t i = 0; i < tokens; ++i)
    request.tokens.push_back(static_cast<TokenId>((101 + 7919 * i) % vocabulary));
  request.capture.attention_maps = false;
  auto start = Clock::now();
  const auto trace = run_forward(model, *backend, request);
  fmt::print("{} tokens, the pass: {:.0f} ms\n", tokens, milliseconds_since(start));
  MapTiles tiles(trace, backend, {});
  const std::int64_t before = peak_memory().value_or(0);
  start = Clock::now();
  double coarse = 0.0;
  tiles.make({}, [&](float) {
    if (coarse == 0.0 && tiles.preview()) coarse = milliseconds_since(start);
  });
  const double whole = milliseconds_since(start);
  fmt::print("first coarse picture {:.0f} ms, whole map {:.0f} ms, levels {} to {}\n",
             coarse > 0.0 ? coarse : whole, whole, tiles.base(), tiles.coarsest());
  for (int level = tiles.base() - 1; level >= 0; --level) {
    const std::int64_t row = (tokens - 1) / (tile_side << level);
    start = Clock::now();
    tiles.make({level, row > 1 ? row - 2 : 0, row + 1, 0, 5}, [](float) {});
    fmt::print("level {}: three rows of tiles in {:.0f} ms\n", level, milliseconds_since(start));
  }
  fmt::print("tiles {:.0f} MB; the process took {:.0f} MB more than before\n",
             static_cast<double>(tiles.byte_size()) * 1e-6,
             static_cast<double>(peak_memory().value_or(0) - before) * 1e-6);
}

}  // namespace
}  // namespace headlight

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    fmt::print(stderr, "usage: headlight_bench_map_tiles MODEL [tokens]\n");
    return 2;
  }
  headlight::bench(argv[1], argc > 2 ? std::strtol(argv[2], nullptr, 10) : 8192);
  return 0;
}

// Neighbours are searched here, row by row, so that a search can be stopped; the libraries do the rest in
// short runs.
#include "core/analysis/neighbor_layout.h"

#include <algorithm>
#include <cmath>
#include <knncolle/knncolle.hpp>
#include <memory>
#include <qdtsne/qdtsne.hpp>
#include <random>
#include <stdexcept>
#include <umappp/umappp.hpp>

// umappp's spectral start needs an SVD that Eigen 3.4 does not have in this form. It is never asked for: the
// points start from their principal components.
namespace umappp {
template <>
inline bool normalized_laplacian<int, double>(const NeighborList<int, double>&, const std::size_t,
                                              double* const, const irlba::Options<Eigen::VectorXd>&,
                                              const int, double) {
  return false;
}
}  // namespace umappp

namespace headlight {
namespace {

using Neighbors = knncolle::NeighborList<int, double>;

constexpr float share_of_search = 0.3F;  // of the bar
constexpr int iterations_a_report = 10;

void check(const Tensor& x, std::int64_t dimensions) {
  const std::int64_t rows = x.axis(0);
  if (rows < fewest_laid_out || rows > most_laid_out || (dimensions != 2 && dimensions != 3))
    throw std::logic_error("neighbor_layout: " + shape_text(x.shape()) + " in " + std::to_string(dimensions) +
                           " dimensions");
}

Neighbors nearest_rows(const Tensor& x, std::int64_t count, const LayoutReport& report) {
  const auto rows = static_cast<int>(x.axis(0));
  const std::vector<double> values(x.values().begin(), x.values().end());
  const auto distance = std::make_shared<knncolle::EuclideanDistance<double, double>>();
  const knncolle::BruteforceBuilder<int, double, double> builder(distance);
  const auto index = builder.build_unique(
      knncolle::SimpleMatrix<int, double>(static_cast<std::size_t>(x.axis(1)), rows, values.data()));
  const auto searcher = index->initialize();
  Neighbors nearest(static_cast<std::size_t>(rows));
  std::vector<int> found;
  std::vector<double> distances;
  for (int row = 0; row < rows; ++row) {
    if (row % 64 == 0) report(share_of_search * static_cast<float>(row) / static_cast<float>(rows));
    searcher->search(row, static_cast<int>(count), &found, &distances);
    for (std::size_t i = 0; i < found.size(); ++i)
      nearest[static_cast<std::size_t>(row)].emplace_back(found[i], distances[i]);
  }
  return nearest;
}

// run(limit): goes on to that iteration.
template <class Run>
void run_in_steps(int iterations, const LayoutReport& report, const Run& run) {
  for (int done = 0; done < iterations;) {
    const float part = static_cast<float>(done) / static_cast<float>(iterations);
    report(share_of_search + (1.0F - share_of_search) * part);
    done = std::min(done + iterations_a_report, iterations);
    run(done);
  }
}

std::vector<Projection::Point> as_points(const std::vector<double>& places, std::int64_t dimensions) {
  const auto width = static_cast<std::size_t>(dimensions);
  std::vector<Projection::Point> points(places.size() / width, Projection::Point{0, 0, 0});
  for (std::size_t i = 0; i < places.size(); ++i) points[i / width][i % width] = places[i];
  return points;
}

// The principal components, the farthest coordinate at 10, and a little noise: equal rows would never come
// apart. (Kobak and Linderman 2021: what UMAP keeps of the whole, it has from where it starts.)
std::vector<double> informed_start(const Tensor& x, std::int64_t dimensions, std::uint64_t seed) {
  const Projection components = principal_components(x);
  double farthest = 0.0;
  for (const Projection::Point& point : components.points) {
    for (const double value : point) farthest = std::max(farthest, std::abs(value));
  }
  const double scale = farthest > 0.0 ? 10.0 / farthest : 0.0;
  std::mt19937_64 generator(seed);
  std::vector<double> places;
  for (const Projection::Point& point : components.points) {
    for (std::int64_t axis = 0; axis < dimensions; ++axis) {
      const double noise = static_cast<double>(generator() >> 11U) * 0x1p-53 - 0.5;
      places.push_back(point[static_cast<std::size_t>(axis)] * scale + noise * 1e-3);
    }
  }
  return places;
}

template <std::size_t dimensions>
std::vector<double> tsne_places(Neighbors nearest, double perplexity, std::uint64_t seed,
                                const LayoutReport& report) {
  const std::size_t rows = nearest.size();
  qdtsne::Options options;
  options.infer_perplexity = false;
  options.perplexity = perplexity;
  options.theta = 0.5;
  // Belkina et al. 2019: the usual 200 is too much for few rows.
  options.eta = std::max(50.0, static_cast<double>(rows) / options.exaggeration_factor);
  std::vector<double> places = qdtsne::initialize_random<dimensions>(rows, seed);
  auto status = qdtsne::initialize<dimensions>(std::move(nearest), options);
  run_in_steps(options.max_iterations, report, [&](int limit) { status.run(places.data(), limit); });
  return places;
}

}  // namespace

std::int64_t umap_neighbors(std::int64_t rows) { return std::clamp<std::int64_t>(rows / 2, 2, 15); }

double tsne_perplexity(std::int64_t rows) {
  return std::clamp(static_cast<double>(rows - 1) / 3.0, 2.0, 30.0);
}

std::vector<Projection::Point> umap_layout(const Tensor& x, std::int64_t dimensions, std::uint64_t seed,
                                           const LayoutReport& report) {
  check(x, dimensions);
  Neighbors nearest = nearest_rows(x, umap_neighbors(x.axis(0)), report);
  umappp::Options options;
  options.initialize_method = umappp::InitializeMethod::NONE;
  options.optimize_seed = seed;
  std::vector<double> places = informed_start(x, dimensions, seed);
  auto status =
      umappp::initialize(std::move(nearest), static_cast<std::size_t>(dimensions), places.data(), options);
  run_in_steps(status.num_epochs(), report, [&](int limit) { status.run(places.data(), limit); });
  return as_points(places, dimensions);
}

std::vector<Projection::Point> tsne_layout(const Tensor& x, std::int64_t dimensions, std::uint64_t seed,
                                           const LayoutReport& report) {
  check(x, dimensions);
  const double perplexity = tsne_perplexity(x.axis(0));
  const auto count = std::min<std::int64_t>(x.axis(0) - 1, qdtsne::perplexity_to_k(perplexity));
  Neighbors nearest = nearest_rows(x, count, report);
  return as_points(dimensions == 3 ? tsne_places<3>(std::move(nearest), perplexity, seed, report)
                                   : tsne_places<2>(std::move(nearest), perplexity, seed, report),
                   dimensions);
}

}  // namespace headlight

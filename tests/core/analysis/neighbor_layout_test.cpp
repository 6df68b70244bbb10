// UMAP and t-SNE: the same seed, another seed, and whether neighbours stay neighbours.
#include "core/analysis/neighbor_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace headlight {
namespace {

using Points = std::vector<Projection::Point>;
using Layout = Points (*)(const Tensor&, std::int64_t, std::uint64_t, const LayoutReport&);

const LayoutReport silent = [](float) {};
constexpr std::int64_t width = 20;

// `clusters` clouds of `each` rows; the middles are 20 apart from each other, the rows about 4.
Tensor clouds(std::int64_t clusters, std::int64_t each) {
  std::mt19937 generator(7);
  const auto noise = [&] { return static_cast<float>(generator() >> 8U) / 16777216.0F * 2.0F - 1.0F; };
  Tensor x({clusters * each, width});
  float* out = x.writable();
  for (std::int64_t row = 0; row < clusters * each; ++row) {
    for (std::int64_t column = 0; column < width; ++column)
      *out++ = noise() + (column == row / each ? 14.0F : 0.0F);
  }
  return x;
}

double squared(const Projection::Point& a, const Projection::Point& b) {
  return std::pow(a[0] - b[0], 2) + std::pow(a[1] - b[1], 2) + std::pow(a[2] - b[2], 2);
}

double squared(const Tensor& x, std::int64_t a, std::int64_t b) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < width; ++i)
    sum += std::pow(
        static_cast<double>(x.data()[a * width + i]) - static_cast<double>(x.data()[b * width + i]), 2);
  return sum;
}

// The others, the nearest first.
template <class Distance>
std::vector<std::int64_t> by_distance(std::int64_t from, std::int64_t rows, const Distance& distance) {
  std::vector<std::int64_t> others;
  for (std::int64_t i = 0; i < rows; ++i) {
    if (i != from) others.push_back(i);
  }
  std::stable_sort(others.begin(), others.end(),
                   [&](std::int64_t a, std::int64_t b) { return distance(from, a) < distance(from, b); });
  return others;
}

// Venna and Kaski 2001: 1 when no row is among the k nearest in the picture that is not among them in truth;
// about 0.5 for a picture by chance.
double trustworthiness(const Tensor& x, const Points& points, std::int64_t k) {
  const std::int64_t rows = x.axis(0);
  double penalty = 0.0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto truth =
        by_distance(row, rows, [&](std::int64_t a, std::int64_t b) { return squared(x, a, b); });
    const auto shown = by_distance(row, rows, [&](std::int64_t a, std::int64_t b) {
      return squared(points[static_cast<std::size_t>(a)], points[static_cast<std::size_t>(b)]);
    });
    for (std::int64_t i = 0; i < k; ++i) {
      const auto place = std::find(truth.begin(), truth.end(), shown[static_cast<std::size_t>(i)]);
      penalty += static_cast<double>(std::max<std::int64_t>(0, place - truth.begin() + 1 - k));
    }
  }
  const auto n = static_cast<double>(rows), count = static_cast<double>(k);
  return 1.0 - 2.0 / (n * count * (2.0 * n - 3.0 * count - 1.0)) * penalty;
}

struct Case {
  Layout layout;
  std::int64_t dimensions;
};
const std::vector<Case> cases = {{umap_layout, 2}, {umap_layout, 3}, {tsne_layout, 2}, {tsne_layout, 3}};

TEST(NeighborLayout, TheSeedDecidesEveryBit) {
  const Tensor x = clouds(3, 10);
  for (const Case& one : cases) {
    const Points first = one.layout(x, one.dimensions, 1, silent);
    ASSERT_EQ(first.size(), 30U);
    EXPECT_EQ(first, one.layout(x, one.dimensions, 1, silent));
    EXPECT_NE(first, one.layout(x, one.dimensions, 2, silent));
    EXPECT_EQ(first[0][2] == 0.0, one.dimensions == 2);
  }
}

TEST(NeighborLayout, CloudsStayApartAndNeighboursStayNeighbours) {
  const Tensor x = clouds(4, 25);
  for (const Case& one : cases) {
    const Points points = one.layout(x, one.dimensions, 5, silent);
    double farthest_inside = 0.0, nearest_outside = HUGE_VAL;
    for (std::size_t a = 0; a < points.size(); ++a) {
      ASSERT_TRUE(std::isfinite(points[a][0]) && std::isfinite(points[a][1]));
      for (std::size_t b = 0; b < a; ++b) {
        double& bound = a / 25 == b / 25 ? farthest_inside : nearest_outside;
        bound = a / 25 == b / 25 ? std::max(bound, squared(points[a], points[b]))
                                 : std::min(bound, squared(points[a], points[b]));
      }
    }
    EXPECT_GT(nearest_outside, farthest_inside) << one.dimensions;
    // Within a cloud of noise in 20 dimensions the order is nobody's; that the 10 nearest are of the same
    // cloud is what is asked: a picture by chance has about 0.5.
    EXPECT_GT(trustworthiness(x, points, 10), 0.9) << one.dimensions;
  }
  Points shuffled = umap_layout(x, 2, 5, silent);
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(3));
  EXPECT_LT(trustworthiness(x, shuffled, 10), 0.6);  // the measure can fail
}

TEST(NeighborLayout, FewRowsAndEqualRowsHaveAPlace) {
  for (const Case& one : cases) {
    Tensor x = clouds(1, fewest_laid_out);
    std::copy_n(x.data(), width, x.writable() + width);  // two equal rows, as of a repeated token
    for (const Projection::Point& point : one.layout(x, one.dimensions, 1, silent))
      EXPECT_TRUE(std::isfinite(point[0]) && std::isfinite(point[1]) && std::isfinite(point[2]));
  }
  EXPECT_EQ(umap_neighbors(8), 4);
  EXPECT_EQ(umap_neighbors(1000), 15);
  EXPECT_LE(3 * tsne_perplexity(8), 7.0);
  EXPECT_EQ(tsne_perplexity(1000), 30.0);
}

TEST(NeighborLayout, CanBeStopped) {
  struct Stop {};
  const Tensor x = clouds(2, 20);
  for (const Case& one : cases) {
    int reports = 0;
    const LayoutReport stop = [&](float) {
      if (++reports == 5) throw Stop{};
    };
    EXPECT_THROW(one.layout(x, one.dimensions, 1, stop), Stop);
    float last = -1.0F;
    one.layout(x, one.dimensions, 1, [&](float part) {
      EXPECT_GE(part, last);
      EXPECT_LE(part, 1.0F);
      last = part;
    });
    EXPECT_GT(last, 0.9F);
  }
}

}  // namespace
}  // namespace headlight

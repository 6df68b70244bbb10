// What the embedding view asks for: points of one layer, paths through all of them, cosines of any vectors.
#include "core/session/token_map.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>

#include "core/forward/derived_values.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

std::atomic<float> fraction{0.0F};
const Progress uncancelled([] { return false; }, fraction);

std::shared_ptr<const Trace> tiny_trace(const std::vector<TokenId>& tokens) {
  const auto backend = make_cpu_backend(1);
  return run_forward(tiny_model(), *backend, request_for(tokens));
}

double distance(const Projection::Point& a, const Projection::Point& b) {
  return std::sqrt(std::pow(a[0] - b[0], 2) + std::pow(a[1] - b[1], 2) + std::pow(a[2] - b[2], 2));
}

double distance(std::span<const float> a, std::span<const float> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  return std::sqrt(sum);
}

std::span<const float> stream_row(const Trace& trace, std::int64_t layer, std::int64_t position) {
  const HookPlace place = stream_place(trace.model().architecture, layer);
  return trace.row(place.hook, place.layer, position);
}

TEST(TokenMap, OfFourTokensKeepsEveryDistance) {
  // Four points span three dimensions: nothing is lost, whatever the axes.
  const auto trace = tiny_trace({3, 1, 4, 5});
  for (const std::int64_t layer : {0, 1, 2}) {
    const TokenMap map = make_token_map({.trace = trace, .layer = layer}, uncancelled);
    ASSERT_EQ(map.problem, TokenMapProblem::none);
    EXPECT_EQ(map.tokens, trace->tokens());
    for (std::int64_t a = 0; a < 4; ++a) {
      for (std::int64_t b = 0; b < a; ++b) {
        const double exact = distance(stream_row(*trace, layer, a), stream_row(*trace, layer, b));
        EXPECT_NEAR(distance(map.at(0, a), map.at(0, b)), exact, 1e-9 * exact);  // double, of float32 values
      }
    }
    EXPECT_NEAR(map.projection.explained[0] + map.projection.explained[1] + map.projection.explained[2], 1.0,
                1e-9);
  }
}

TEST(TokenMap, PathsHaveOneBasisForAllLayers) {
  const auto trace = tiny_trace({3, 1, 4, 1, 5});
  const std::int64_t streams = trace->model().architecture.layers + 1;
  const TokenMap map = make_token_map({.trace = trace, .paths = true}, uncancelled);
  ASSERT_EQ(map.problem, TokenMapProblem::none);
  ASSERT_EQ(map.streams, streams);
  ASSERT_EQ(static_cast<std::int64_t>(map.projection.points.size()), streams * 5);
  // A projection onto fixed axes is linear: the mean of the points is 0, no pair is farther apart than in the
  // stream, and the share of the variance is that of the squares of the coordinates.
  Projection::Point mean{0, 0, 0};
  double shown = 0.0, all = 0.0;
  std::vector<double> centre(static_cast<std::size_t>(trace->model().architecture.d_model), 0.0);
  for (std::int64_t stream = 0; stream < streams; ++stream) {
    for (std::int64_t at = 0; at < 5; ++at) {
      const auto row = stream_row(*trace, stream, at);
      for (std::size_t i = 0; i < row.size(); ++i)
        centre[i] += static_cast<double>(row[i]) / static_cast<double>(streams * 5);
    }
  }
  for (std::int64_t stream = 0; stream < streams; ++stream) {
    for (std::int64_t at = 0; at < 5; ++at) {
      for (std::size_t axis = 0; axis < 3; ++axis) {
        mean[axis] += map.at(stream, at)[axis];
        shown += map.at(stream, at)[axis] * map.at(stream, at)[axis];
      }
      const auto row = stream_row(*trace, stream, at);
      for (std::size_t i = 0; i < row.size(); ++i)
        all += std::pow(static_cast<double>(row[i]) - centre[i], 2);
      if (stream == 0) continue;
      EXPECT_LE(distance(map.at(stream, at), map.at(stream - 1, at)),
                distance(row, stream_row(*trace, stream - 1, at)) * (1 + 1e-9));
    }
  }
  for (const double value : mean) EXPECT_NEAR(value, 0.0, 1e-9 * std::sqrt(all));
  const auto& explained = map.projection.explained;
  EXPECT_NEAR(shown / all, explained[0] + explained[1] + explained[2], 1e-9);
  EXPECT_LT(explained[0], 1.0);
}

TEST(TokenMap, PathsWithoutTheFirstTokenLeaveItNowhere) {
  const auto trace = tiny_trace({3, 1, 4});
  const TokenMap map = make_token_map({.trace = trace, .paths = true, .without_first = true}, uncancelled);
  for (std::int64_t stream = 0; stream < map.streams; ++stream) {
    EXPECT_TRUE(std::isnan(map.at(stream, 0)[0]));
    EXPECT_TRUE(std::isfinite(map.at(stream, 1)[0]) && std::isfinite(map.at(stream, 2)[2]));
  }
}

// Of six tokens, those at 0 and 3 many times as long as they were, at these layers.
std::shared_ptr<const Trace> trace_with_massive_tokens(std::initializer_list<std::int64_t> layers) {
  const auto trace = tiny_trace({3, 1, 4, 5, 9, 2});
  Trace& written = const_cast<Trace&>(*trace);  // nobody else's
  for (const std::int64_t layer : layers) {
    const HookPlace place = stream_place(trace->model().architecture, layer);
    Tensor stream = trace->at(place.hook, place.layer).copy();
    const std::int64_t columns = stream.axis(1);
    float* values = stream.writable();
    for (std::int64_t i = 0; i < columns; ++i) {
      values[i] *= 60.0F;
      values[3 * columns + i] *= 20.0F;
    }
    written.set(place.hook, place.layer, stream);
  }
  return trace;
}

TEST(TokenMap, EveryVectorThatDwarfsTheMedianIsLeftOutAndTheOthersStandAsIfAlone) {
  const auto trace = trace_with_massive_tokens({1});
  TokenMapKey key{.trace = trace, .layer = 1, .without_massive = true};
  const TokenMap map = make_token_map(key, uncancelled);
  ASSERT_EQ(map.massive.size(), 2U);
  EXPECT_EQ(map.massive[0].position, 0);
  EXPECT_EQ(map.massive[1].position, 3);
  EXPECT_GT(map.massive[0].times, map.massive[1].times);
  std::vector<float> others;
  for (const std::int64_t position : {1, 2, 4, 5}) {
    const auto row = stream_row(*trace, 1, position);
    others.insert(others.end(), row.begin(), row.end());
  }
  const std::int64_t columns = trace->model().architecture.d_model;
  const Projection alone = principal_components(Tensor({4, columns}, others));
  EXPECT_EQ(map.projection.explained, alone.explained);
  std::size_t next = 0;
  for (const std::int64_t position : {0, 1, 2, 3, 4, 5}) {
    if (position == 0 || position == 3) {
      EXPECT_TRUE(std::isnan(map.at(0, position)[0]) && std::isnan(map.at(0, position)[2]));
    } else {
      EXPECT_EQ(map.at(0, position), alone.points[next++]);
    }
  }
  // Asked for, all of them are there, and still named; the first alone may be left out, too.
  key.without_massive = false;
  const TokenMap all = make_token_map(key, uncancelled);
  EXPECT_EQ(all.massive, map.massive);
  for (const Projection::Point& point : all.projection.points) EXPECT_TRUE(std::isfinite(point[0]));
  EXPECT_GT(all.projection.explained[0], 0.9);
  key.without_first = true;
  const TokenMap without = make_token_map(key, uncancelled);
  EXPECT_TRUE(std::isnan(without.at(0, 0)[0]) && std::isfinite(without.at(0, 3)[0]));
  // The layers before and behind have none.
  for (const std::int64_t layer : {0, 2}) {
    EXPECT_TRUE(make_token_map({.trace = trace, .layer = layer, .without_massive = true}, uncancelled)
                    .massive.empty());
  }
}

TEST(TokenMap, PathsAreWithoutWhatIsMassiveAtAnyLayer) {
  const auto trace = trace_with_massive_tokens({2});
  const TokenMap map = make_token_map({.trace = trace, .paths = true, .without_massive = true}, uncancelled);
  ASSERT_EQ(map.massive.size(), 2U);
  for (std::int64_t stream = 0; stream < map.streams; ++stream) {
    for (const std::int64_t position : {0, 1, 2, 3, 4, 5})
      EXPECT_EQ(std::isnan(map.at(stream, position)[0]), position == 0 || position == 3);
  }
}

TEST(TokenMap, SaysWhenThereIsNothingToShow) {
  TokenMapKey gone{.trace = tiny_trace({1, 2})};
  EXPECT_TRUE(gone.trace.expired());
  EXPECT_THROW(make_token_map(gone, uncancelled), Progress::Cancelled);
  EXPECT_TRUE(gone == gone);
  const auto trace = tiny_trace({1, 2});
  EXPECT_FALSE((gone == TokenMapKey{.trace = trace}));
  std::vector<TokenId> long_text(4000, 3);
  Trace unfinished(tiny_model(), long_text);
  EXPECT_FALSE(has_stream(unfinished, 0));
}

TEST(TokenMap, LaysOutByNeighboursWhereThereAreEnough) {
  const auto trace = tiny_trace({3, 1, 4, 1, 5, 9, 2, 6, 5});
  for (const auto method : {ProjectionMethod::umap, ProjectionMethod::tsne}) {
    TokenMapKey key{.trace = trace, .layer = 1, .method = method, .dimensions = 3, .seed = 4};
    const TokenMap map = make_token_map(key, uncancelled);
    ASSERT_EQ(map.problem, TokenMapProblem::none);
    EXPECT_EQ(map.projection.points.size(), 9U);
    EXPECT_GT(map.neighbors, 1.0);
    key.without_first = true;
    const TokenMap without = make_token_map(key, uncancelled);
    EXPECT_TRUE(std::isnan(without.at(0, 0)[0]) && std::isfinite(without.at(0, 8)[2]));
    const auto shorter = tiny_trace({3, 1, 4, 1, 5, 9, 2});
    key.trace = shorter;
    EXPECT_EQ(make_token_map(key, uncancelled).problem, TokenMapProblem::too_few);
  }
}

TEST(Similarities, AreOfTheVectorsThatWereAskedFor) {
  const auto trace = tiny_trace({3, 1, 4, 5});
  const ArchitectureDescription& a = trace->model().architecture;
  ASSERT_GT(a.heads, a.kv_heads);  // or the grouping is not seen
  for (const auto of : {SimilarityOf::q, SimilarityOf::k, SimilarityOf::v, SimilarityOf::z}) {
    const SimilarityKey key{trace, of, 1, a.heads - 1};
    ASSERT_TRUE(has_vectors(*trace, key));
    const bool grouped = of == SimilarityOf::k || of == SimilarityOf::v;
    const std::int64_t head = grouped ? a.kv_heads - 1 : a.heads - 1;
    EXPECT_EQ(vectors_head(*trace, key), head);
    const Similarity similarity = make_similarity(key, uncancelled);
    const auto vector = [&](std::int64_t position) {
      const HookPlace place = vectors_place(*trace, key);
      EXPECT_EQ(place.layer, 1);
      return trace->row(place.hook, place.layer, position)
          .subspan(static_cast<std::size_t>(head * a.d_head), static_cast<std::size_t>(a.d_head));
    };
    const auto one = vector(0), other = vector(3);
    double dot = 0.0, one_length = 0.0, other_length = 0.0;
    for (std::size_t i = 0; i < one.size(); ++i) {
      dot += static_cast<double>(one[i]) * static_cast<double>(other[i]);
      one_length += static_cast<double>(one[i]) * static_cast<double>(one[i]);
      other_length += static_cast<double>(other[i]) * static_cast<double>(other[i]);
    }
    // Float32 products of vectors of length 1.
    EXPECT_NEAR(static_cast<double>(similarity.cosines.data()[3]), dot / std::sqrt(one_length * other_length),
                1e-6);
    EXPECT_NEAR(similarity.lengths[3], std::sqrt(other_length), 1e-9);
  }
  EXPECT_EQ(make_similarity({trace, SimilarityOf::stream, 2, 0}, uncancelled).cosines.axis(0), 4);
}

}  // namespace
}  // namespace headlight

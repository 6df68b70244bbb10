// The nearest tokens of a vocabulary: against numpy's float64 on a real model, and on tables made by hand.
#include "core/analysis/nearest_tokens.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/user_folders.h"
#include "core/model/model.h"
#include "core/session/vocabulary_search.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

Weight table_of(const std::vector<float>& values, std::int64_t columns) {
  const auto kept = std::make_shared<std::vector<float>>(values);
  Weight table;
  table.rows = static_cast<std::int64_t>(values.size()) / columns;
  table.columns = columns;
  table.bytes = reinterpret_cast<const std::byte*>(kept->data());
  table.owner = kept;
  return table;
}

const auto silent = [](float) {};

TEST(NearestTokens, AreRankedByDirectionAndByProduct) {
  // A long row in nearly the right direction, a short one in exactly that, an opposite one, one of no length.
  const Weight table = table_of({6, 1, 0.5F, 0, -2, 0, 0, 0, 0, 3}, 2);
  const auto backend = make_reference_backend();
  const std::vector<double> lengths = row_lengths(table, table.rows, silent);
  EXPECT_DOUBLE_EQ(lengths[0], std::sqrt(37.0));
  const std::vector<float> right = {2, 0};
  const NearestTokens near = nearest_tokens(*backend, table, lengths, right, {}, 20);
  ASSERT_EQ(near.by_cosine.size(), 4U);  // not the row of no length
  EXPECT_EQ(near.by_cosine[0].id, 1);
  EXPECT_DOUBLE_EQ(near.by_cosine[0].cosine, 1.0);
  EXPECT_EQ(near.by_cosine[1].id, 0);
  EXPECT_EQ(near.by_cosine[3].id, 2);
  EXPECT_DOUBLE_EQ(near.by_cosine[3].cosine, -1.0);
  EXPECT_EQ(near.by_dot[0].id, 0);
  EXPECT_DOUBLE_EQ(near.by_dot[0].dot, 12.0);
  EXPECT_DOUBLE_EQ(near.length, 2.0);
  const std::vector<TokenId> left_out = {1};
  EXPECT_EQ(nearest_tokens(*backend, table, lengths, right, left_out, 20).by_cosine[0].id, 0);
  EXPECT_EQ(nearest_tokens(*backend, table, lengths, right, {}, 2).by_dot.size(), 2U);
  EXPECT_TRUE(nearest_tokens(*backend, table, lengths, std::vector<float>{0, 0}, {}, 2).by_dot.empty());
  EXPECT_TRUE(nearest_tokens(*backend, table, lengths, std::vector<float>{NAN, 0}, {}, 2).by_dot.empty());
}

std::string smollm2_path() {
  if (const char* path = std::getenv("HEADLIGHT_SMOLLM2")) return path;
  return std::filesystem::path(cache_folder()) / "models" / "smollm2-135m" /
         "SmolLM2-135M-Instruct.Q4_1.gguf";
}

// Our numbers are double products of float32 rows; numpy's are float64 products of the same rows as the gguf
// package reads them. What is left is the order of 576 additions: 1e-12 of the largest product.
void expect_ranked_alike(const std::vector<NearToken>& ours, const nlohmann::json& theirs, bool by_dot) {
  ASSERT_EQ(ours.size(), theirs.size());
  ASSERT_GT(ours.size(), 0U);
  for (std::size_t rank = 0; rank < ours.size(); ++rank) {
    const double value = by_dot ? ours[rank].dot : ours[rank].cosine;
    EXPECT_EQ(ours[rank].id, theirs[rank][0].get<TokenId>()) << "rank " << rank;
    EXPECT_NEAR(value, theirs[rank][1].get<double>(), 1e-12 * std::max(1.0, std::abs(value)));
  }
}

TEST(NearestTokens, OfSmolLM2AreThoseOfNumpy) {
  const std::string path = smollm2_path();
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << "SmolLM2 is not here: headlight models get smollm2-135m";
  const std::shared_ptr<const Model> model = load_model(path, "smollm2-135m");
  std::ifstream file(golden_path("nearest.json"));
  const nlohmann::json golden = nlohmann::json::parse(file);
  VocabularySearch search{nearest_in_vocabulary()};
  int cases = 0;
  for (const nlohmann::json& one : golden.at("cases")) {
    const auto ids = one.at("ids").get<std::vector<TokenId>>();
    NearestKey key{model, weight_row(model->embedding, ids[0]),
                   one.at("left_out").get<std::vector<TokenId>>()};
    if (ids.size() == 3) {
      const std::vector<float> without = weight_row(model->embedding, ids[1]);
      const std::vector<float> with = weight_row(model->embedding, ids[2]);
      for (std::size_t i = 0; i < key.vector.size(); ++i)
        key.vector[i] = static_cast<float>(static_cast<double>(key.vector[i]) -
                                           static_cast<double>(without[i]) + static_cast<double>(with[i]));
    }
    search.want(key);
    while (search.pending()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const auto done = search.done();
    ASSERT_TRUE(done && done->value) << (done ? done->error.en : "");
    expect_ranked_alike(done->value->by_cosine, one.at("cosine"), false);
    expect_ranked_alike(done->value->by_dot, one.at("dot"), true);
    ++cases;
  }
  EXPECT_EQ(cases, 5);
}

}  // namespace
}  // namespace headlight

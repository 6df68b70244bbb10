// Similarity of sentences, against cosines of the vectors that transformers gives.
#include "core/session/sentences.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/user_folders.h"
#include "tests/core/source_dir.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

TEST(Sentences, AreTheLinesThatAreNotBlank) {
  EXPECT_EQ(lines_of("  one \r\n\n\t\n두 번째 줄\nthree"),
            (std::vector<std::string>{"one", "두 번째 줄", "three"}));
  EXPECT_TRUE(lines_of("").empty());
  EXPECT_TRUE(lines_of("\n \n").empty());
  std::string many;
  for (int i = 0; i < 100; ++i) many += "line\n";
  EXPECT_EQ(lines_of(many).size(), most_sentences);
}

TEST(Sentences, NeedAnEncoderThatPools) {
  const auto backend = make_cpu_backend(1);
  EXPECT_THROW(sentence_similarity(tiny_model(), *backend, {"a", "b"}, [](float) {}), std::logic_error);
}

std::string minilm_path() {
  if (const char* path = std::getenv("HEADLIGHT_MINILM")) return path;
  return std::filesystem::path(cache_folder()) / "models" / "all-minilm-l6-v2";
}

TEST(SentencesRealModel, CosinesAreThoseOfTransformers) {
  const std::string path = minilm_path();
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << path << " is not there; `headlight models get all-minilm-l6-v2` fetches it";
  }
  const auto model = load_model(path, "all-minilm-l6-v2");
  std::ifstream stream(source_dir() + "/tests/golden/minilm.json");
  const nlohmann::json golden = nlohmann::json::parse(stream);
  std::vector<std::string> sentences;
  std::vector<std::vector<double>> expected;  // of length 1
  for (const nlohmann::json& sentence : golden.at("sentences")) {
    sentences.push_back(sentence.at("text").get<std::string>());
    expected.push_back(sentence.at("embedding").get<std::vector<double>>());
  }
  const auto backend = make_cpu_backend(2);
  float last = 0.0F;
  const SentenceSimilarity similarity =
      sentence_similarity(model, *backend, sentences, [&](float done) { last = done; });
  EXPECT_GT(last, 0.5F);
  ASSERT_EQ(similarity.cosines.size(), sentences.size() * sentences.size());
  double worst = 0.0;
  for (std::size_t a = 0; a < sentences.size(); ++a) {
    for (std::size_t b = 0; b < sentences.size(); ++b) {
      double cosine = 0.0;
      for (std::size_t i = 0; i < expected[a].size(); ++i) cosine += expected[a][i] * expected[b][i];
      const double ours = similarity.cosines[a * sentences.size() + b];
      // Each of the vectors agrees to 1e-5 (minilm_test.cpp); their errors do not add up in one direction.
      EXPECT_NEAR(ours, cosine, 1e-5) << a << " " << b;
      worst = std::max(worst, std::abs(ours - cosine));
    }
  }
  EXPECT_GT(similarity.cosines[1], similarity.cosines[3]);  // the two cats are closer than cat and interest
  fmt::print("largest difference of a cosine: {:.1e}\n", worst);

  // A sentence over the context is cut, and says so.
  std::string endless;
  for (int i = 0; i < 700; ++i) endless += "word ";
  const SentenceSimilarity cut = sentence_similarity(model, *backend, {endless, "word"}, [](float) {});
  EXPECT_TRUE(cut.cut[0]);
  EXPECT_FALSE(cut.cut[1]);
  EXPECT_EQ(cut.tokens[0], model->architecture.context);
}

}  // namespace
}  // namespace headlight

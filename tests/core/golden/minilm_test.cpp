// all-MiniLM-L6-v2: real weights, from the text to the sentence embedding, against transformers.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/user_folders.h"
#include "core/forward/forward_pass.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

// Both compute in float32; of numbers of the size of 0.05 about 1e-7 is their last digit, and six layers of
// sums leave a few times that. Issue and users want 1e-5.
constexpr double tolerance = 1e-5;

std::string minilm_path() {
  if (const char* path = std::getenv("HEADLIGHT_MINILM")) return path;
  return std::filesystem::path(cache_folder()) / "models" / "all-minilm-l6-v2";
}

TEST(MiniLmRealModel, SentenceEmbeddingsAreThoseOfTransformers) {
  const std::string path = minilm_path();
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << path << " is not there; `headlight models get all-minilm-l6-v2` fetches it";
  }
  const auto model = load_model(path, "all-minilm-l6-v2");
  ASSERT_EQ(model->architecture.pooling, Pooling::mean);
  std::ifstream stream(source_dir() + "/tests/golden/minilm.json");
  const nlohmann::json golden = nlohmann::json::parse(stream);
  const auto backend = make_cpu_backend(2);
  double worst = 0.0;
  for (const nlohmann::json& sentence : golden.at("sentences")) {
    ForwardRequest request;
    for (const Token& token : model->tokenizer->encode(sentence.at("text").get<std::string>())) {
      request.tokens.push_back(token.id);
    }
    EXPECT_EQ(request.tokens, sentence.at("ids").get<std::vector<TokenId>>()) << sentence.at("text");
    const Tensor embedding = run_forward(model, *backend, request)->at(Hook::sentence_embedding);
    const auto expected = sentence.at("embedding").get<std::vector<double>>();
    ASSERT_EQ(embedding.shape(), (Shape{1, static_cast<std::int64_t>(expected.size())}));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double difference = std::abs(static_cast<double>(embedding.data()[i]) - expected[i]);
      EXPECT_LE(difference, tolerance) << sentence.at("text") << " " << i;
      worst = std::max(worst, difference);
    }
  }
  EXPECT_EQ(golden.at("sentences").size(), 6U);
  fmt::print("largest difference of an embedding's number: {:.1e}\n", worst);
}

}  // namespace
}  // namespace headlight

// Losses and gradients against PyTorch's autograd in double precision: tests/golden/objectives.json.
#include "core/training/objectives.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/backends/cpu/instruction_sets.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

using nlohmann::json;

// The inputs are multiples of 1/64, and so the same numbers in float32. A probability is then right within a
// few units of its last place (6e-8); gradients are relative to the largest number of theirs.
constexpr double tolerance = 1e-6;

std::vector<json> cases_of(const std::string& kind) {
  const json golden = json::parse(std::ifstream(source_dir() + "/tests/golden/objectives.json"));
  std::vector<json> cases;
  for (const json& one : golden.at("cases")) {
    if (one.at("kind") == kind) cases.push_back(one);
  }
  EXPECT_FALSE(cases.empty()) << kind;
  return cases;
}

Tensor rows_of(const json& rows) {
  Tensor tensor({static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.at(0).size())});
  float* out = tensor.writable();
  for (const json& row : rows) {
    for (const json& value : row) *out++ = value.get<float>();
  }
  return tensor;
}

std::vector<TokenId> labels_of(const json& targets) {
  std::vector<TokenId> labels;
  for (const json& target : targets) labels.push_back(target == -100 ? not_scored : target.get<TokenId>());
  return labels;
}

// The gradient of the mean, with rows of zeros where nothing is scored.
void expect_gradient(const json& expected, const OutputGradient& output) {
  double largest = 0.0;
  for (const json& row : expected) {
    for (const json& value : row) largest = std::max(largest, std::fabs(value.get<double>()));
  }
  std::size_t next = 0;
  for (std::size_t position = 0; position < expected.size(); ++position) {
    const bool is_scored =
        next < output.positions.size() && output.positions[next] == static_cast<std::int64_t>(position);
    for (std::size_t i = 0; i < expected[position].size(); ++i) {
      const std::size_t place = next * expected[position].size() + i;
      const double found = is_scored ? static_cast<double>(output.values.values()[place]) : 0.0;
      EXPECT_NEAR(found, expected[position][i].get<double>(), tolerance * largest) << position << ", " << i;
    }
    if (is_scored) ++next;
  }
  EXPECT_EQ(next, output.positions.size());
}

void expect_loss(const json& one, const Loss& loss) {
  const auto expected = one.at("loss").get<double>();
  EXPECT_NEAR(loss.sum / static_cast<double>(loss.scored), expected,
              tolerance * std::max(1.0, std::fabs(expected)));
}

double part(const std::vector<TokenId>& labels) {
  const auto scored =
      std::count_if(labels.begin(), labels.end(), [](TokenId id) { return id != not_scored; });
  return 1.0 / static_cast<double>(scored);
}

TEST(Objectives, CrossEntropy) {
  for (const json& one : cases_of("masked_cross_entropy")) {
    const std::vector<TokenId> labels = labels_of(one.at("targets"));
    OutputGradient output;
    expect_loss(one,
                cross_entropy(chosen_kernels(), rows_of(one.at("logits")), labels, part(labels), &output));
    expect_gradient(one.at("grad.logits"), output);
  }
}

TEST(Objectives, Distillation) {
  for (const json& one : cases_of("distillation")) {
    const std::vector<TokenId> labels = labels_of(one.at("targets"));
    const Tensor student = rows_of(one.at("student")), teacher = rows_of(one.at("teacher"));
    const auto temperature = one.at("temperature").get<double>();
    OutputGradient output;
    const Loss loss =
        distillation(chosen_kernels(), student, teacher, labels, temperature, part(labels), &output);
    expect_loss(one, loss);
    expect_gradient(one.at("grad.student"), output);
    EXPECT_EQ(loss.sum,
              distillation(chosen_kernels(), student, teacher, labels, temperature, 0.0, nullptr).sum);
    EXPECT_NEAR(distillation(chosen_kernels(), teacher, teacher, labels, temperature, 0.0, nullptr).sum, 0.0,
                1e-5);
  }
}

// Pairs are computed in double from numbers that are given in double.
void expect_pairs(const json& one, const std::function<PairLoss(std::size_t)>& loss_of) {
  const auto pairs = one.at("chosen").size();
  double sum = 0.0;
  for (std::size_t i = 0; i < pairs; ++i) {
    const PairLoss loss = loss_of(i);
    sum += loss.value;
    const double slope = loss.slope / static_cast<double>(pairs);
    EXPECT_NEAR(slope, one.at("grad.chosen")[i].get<double>(), 1e-14);
    EXPECT_NEAR(-slope, one.at("grad.rejected")[i].get<double>(), 1e-14);
  }
  const auto expected = one.at("loss").get<double>();
  EXPECT_NEAR(sum / static_cast<double>(pairs), expected, 1e-13 * std::max(1.0, expected));
}

TEST(Objectives, Preference) {
  for (const json& one : cases_of("preference")) {
    const auto at = [&one](const char* key, std::size_t i) { return one.at(key)[i].get<double>(); };
    expect_pairs(one, [&](std::size_t i) {
      return preference(one.at("beta").get<double>(), {at("chosen", i), at("reference_chosen", i)},
                        {at("rejected", i), at("reference_rejected", i)});
    });
  }
}

TEST(Objectives, RewardModel) {
  for (const json& one : cases_of("reward_model")) {
    expect_pairs(one, [&](std::size_t i) {
      return pair_loss(one.at("chosen")[i].get<double>(), one.at("rejected")[i].get<double>());
    });
  }
}

TEST(Objectives, PolicyGradient) {
  for (const json& one : cases_of("policy_gradient")) {
    const std::vector<TokenId> labels = labels_of(one.at("tokens"));
    const auto advantages = one.at("advantages").get<std::vector<double>>();
    OutputGradient output;
    expect_loss(one,
                policy_gradient(chosen_kernels(), rows_of(one.at("logits")), rows_of(one.at("reference")),
                                labels, advantages, one.at("beta").get<double>(), part(labels), &output));
    expect_gradient(one.at("grad.logits"), output);
  }
}

// The sum that preferences are made of, and that what does not fit is refused.
TEST(Objectives, SumsOfLogProbabilities) {
  const Tensor logits({2, 2}, std::vector<float>{0.0F, 0.0F, 0.0F, 0.0F});
  EXPECT_NEAR(log_probability(chosen_kernels(), logits, std::vector<TokenId>{0, 1}), -2.0 * std::log(2.0),
              1e-7);
  EXPECT_NEAR(log_probability(chosen_kernels(), logits, std::vector<TokenId>{not_scored, 1}), -std::log(2.0),
              1e-7);
  const Tensor other({2, 3});
  const std::vector<TokenId> labels = {0, 1}, outside = {0, 2};
  EXPECT_THROW(distillation(chosen_kernels(), logits, other, labels, 1.0, 1.0, nullptr), std::logic_error);
  EXPECT_THROW(distillation(chosen_kernels(), logits, logits, outside, 1.0, 1.0, nullptr), std::logic_error);
  EXPECT_THROW(
      policy_gradient(chosen_kernels(), logits, logits, labels, std::vector<double>{1.0}, 0.0, 1.0, nullptr),
      std::logic_error);
}

}  // namespace
}  // namespace headlight

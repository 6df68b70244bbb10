// Golden values of training by PyTorch: tests/golden/training, made by tests/golden/make_training.py.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/base/mapped_file.h"
#include "core/model_files/model_file.h"
#include "core/model_files/safetensors_file.h"
#include "core/training/trainer.h"
#include "tests/core/source_dir.h"

namespace headlight {

using NamedValues = std::map<std::string, std::vector<float>>;

struct GoldenTraining {
  nlohmann::json json;
  NamedValues gradients;
  NamedValues after_steps;  // parameters after the optimizer's steps; empty where there are none
  std::shared_ptr<const ModelFile> model;
};

inline std::filesystem::path training_folder() {
  return std::filesystem::path(source_dir()) / "tests/golden/training";
}

inline std::vector<std::string> training_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(training_folder())) {
    if (entry.is_directory()) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline NamedValues read_values(const std::filesystem::path& path) {
  NamedValues values;
  if (!std::filesystem::exists(path)) return values;
  const MappedFile file(path.string());
  for (const StoredTensor& tensor : read_safetensors(path.string(), file.bytes())) {
    std::int64_t size = 1;
    for (const std::int64_t length : tensor.shape) size *= length;
    std::vector<float>& out = values[tensor.name];
    out.resize(static_cast<std::size_t>(size));
    decode_row(tensor.format, tensor.bytes.data(), size, out.data());
  }
  return values;
}

inline GoldenTraining read_training_case(const std::string& name) {
  const std::filesystem::path folder = training_folder() / name;
  GoldenTraining golden;
  golden.json = nlohmann::json::parse(std::ifstream(folder / "golden.json"));
  golden.gradients = read_values(folder / "golden.safetensors");
  golden.after_steps = read_values(folder / "optimizer.safetensors");
  golden.model = open_model_file(
      (training_folder().parent_path() / golden.json.at("model").get<std::string>()).string());
  return golden;
}

inline double largest_size(std::span<const float> values) {
  double largest = 0.0;
  for (const float value : values) largest = std::max(largest, std::fabs(static_cast<double>(value)));
  return largest;
}

inline void expect_within(std::span<const float> expected, std::span<const float> found, double allowed,
                          const std::string& name) {
  ASSERT_EQ(expected.size(), found.size()) << name;
  double largest = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(expected[i]) - static_cast<double>(found[i]));
    ASSERT_FALSE(std::isnan(difference)) << name << "[" << i << "]";
    largest = std::max(largest, difference);
  }
  EXPECT_LE(largest, allowed) << name;
}

// Within this share of the largest of them.
inline void expect_close(std::span<const float> expected, std::span<const float> found, double share,
                         const std::string& name) {
  expect_within(expected, found, share * largest_size(expected), name);
}

// A parameter's numbers among those of all.
inline std::span<const float> part(std::span<const float> values, const Parameter& parameter) {
  return values.subspan(static_cast<std::size_t>(parameter.first), static_cast<std::size_t>(parameter.size));
}

// One of "sequences" or of an optimizer's batches.
inline std::vector<TrainingExample> examples_of(const nlohmann::json& sequences) {
  std::vector<TrainingExample> examples;
  for (const nlohmann::json& sequence : sequences) {
    TrainingExample example;
    example.tokens = sequence.at("ids").get<std::vector<TokenId>>();
    if (sequence.contains("source")) example.source = sequence.at("source").get<std::vector<TokenId>>();
    if (sequence.contains("label")) {
      example.labels = {sequence.at("label").get<TokenId>()};
    } else {
      for (const int target : sequence.at("targets").get<std::vector<int>>()) {
        example.labels.push_back(target == -100 ? not_scored : target);
      }
    }
    examples.push_back(std::move(example));
  }
  return examples;
}

}  // namespace headlight

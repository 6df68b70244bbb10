// The tensors of new models beside those that transformers wrote for the same config.json, and models that go
// through files and come back.
#include "core/training/parameters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/base/errors.h"
#include "core/base/half_precision.h"
#include "core/base/sha256.h"
#include "core/forward/forward_pass.h"
#include "core/model_files/model_file.h"
#include "core/training/checkpoint.h"
#include "tests/core/compare.h"
#include "tests/core/model_files/safetensors_builder.h"
#include "tests/core/refusals.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

std::string family_folder(const std::string& name) { return source_dir() + "/tests/golden/families/" + name; }

std::string hash_of(std::span<const float> values) {
  Sha256 hash;
  hash.add(std::as_bytes(values));
  return hash.hex();
}

const nlohmann::json small_llama = {{"model_type", "llama"},
                                    {"architectures", {"LlamaForCausalLM"}},
                                    {"vocab_size", 37},
                                    {"hidden_size", 12},
                                    {"intermediate_size", 20},
                                    {"num_hidden_layers", 2},
                                    {"num_attention_heads", 3},
                                    {"num_key_value_heads", 1},
                                    {"max_position_embeddings", 16},
                                    {"rms_norm_eps", 1e-5},
                                    {"rope_theta", 10000.0},
                                    {"tie_word_embeddings", true}};

TEST(Parameters, TheSameSeedGivesTheSameNumbers) {
  const Parameters first({small_llama, {}}, 5), again({small_llama, {}}, 5), other({small_llama, {}}, 6);
  EXPECT_EQ(hash_of(first.values()), hash_of(again.values()));
  EXPECT_NE(hash_of(first.values()), hash_of(other.values()));
  // Whoever changes how numbers are drawn changes what every config stands for.
  EXPECT_EQ(hash_of(first.values()), "59ffc5b1bc78d27f9fc380a014eeb61f0b1fff5535df5137daeb3a12acfc3608");
}

// Deviations as Radford et al. 2019 have them; each tensor begins at a multiple of 64 bytes.
TEST(Parameters, BeginAsTheyShould) {
  const Parameters parameters({small_llama, {}}, 5);
  for (const Parameter& parameter : parameters.list()) {
    SCOPED_TRACE(parameter.name);
    EXPECT_EQ(parameter.first % 16, 0);
    const auto values = parameters.values().subspan(static_cast<std::size_t>(parameter.first),
                                                    static_cast<std::size_t>(parameter.size));
    if (parameter.shape.size() == 1) {
      EXPECT_TRUE(std::all_of(values.begin(), values.end(), [](float x) { return x == 1.0F; }));
      continue;
    }
    double sum = 0.0, squares = 0.0;
    for (const float x : values) {
      sum += static_cast<double>(x);
      squares += static_cast<double>(x) * static_cast<double>(x);
    }
    const auto count = static_cast<double>(values.size());
    const bool writes = parameter.name.find("o_proj") != std::string::npos ||
                        parameter.name.find("down_proj") != std::string::npos;
    const double expected = writes ? 0.02 / 2.0 : 0.02;  // two layers of two parts: root of 4
    EXPECT_NEAR(sum / count, 0.0, 4.0 * expected / std::sqrt(count));
    EXPECT_NEAR(std::sqrt(squares / count), expected, 3.0 * expected / std::sqrt(2.0 * count));
  }
}

// Where a tensor's numbers lie is where the model reads them.
TEST(Parameters, TheModelReadsTheBlock) {
  Parameters parameters({small_llama, {}}, 5);
  const Model& model = *parameters.model();
  EXPECT_EQ(parameters.place(model.embedding.bytes), parameters.list().front().first);
  EXPECT_EQ(model.unembedding.bytes, model.embedding.bytes);  // tied
  const float outside = 0.0F;
  EXPECT_EQ(parameters.place(&outside), -1);
}

class OfFamily : public testing::TestWithParam<std::string> {};

// Names of norms and of prefixes as new files have them, which transformers reads as the same.
std::string new_name(std::string name) {
  const auto ends = [&](std::string_view old, std::string_view now) {
    if (name.ends_with(old)) name.replace(name.size() - old.size(), old.size(), now);
  };
  ends(".gamma", ".weight");
  ends(".beta", ".bias");
  if (name.starts_with("model.")) name.erase(0, 6);
  // A buffer of zeros, which transformers makes itself; only models that were converted have other numbers.
  return name == "final_logits_bias" ? "" : name;
}

using Shapes = std::map<std::string, Shape>;

Shapes shapes_of(const std::vector<Parameter>& list) {
  Shapes shapes;
  for (const Parameter& parameter : list) shapes[new_name(parameter.name)] = parameter.shape;
  shapes.erase("");
  return shapes;
}

// Each tensor that only one of the two has, or has in another shape.
std::string differences(const Shapes& found, const Shapes& expected) {
  std::string text;
  for (const auto& [name, shape] : found) {
    const auto other = expected.find(name);
    if (other == expected.end()) text += name + " should not be there\n";
    if (other != expected.end() && other->second != shape)
      text += name + " is " + shape_text(shape) + " instead of " + shape_text(other->second) + "\n";
  }
  for (const auto& [name, shape] : expected) {
    if (!found.contains(name)) text += name + " is missing\n";
  }
  return text;
}

TEST_P(OfFamily, NewModelsHaveTheTensorsThatTransformersWrites) {
  const std::shared_ptr<const ModelFile> file = open_model_file(family_folder(GetParam()));
  Shapes expected;
  for (const StoredTensor& tensor : file->tensors()) {
    if (!tensor.name.ends_with(".inv_freq")) expected[new_name(tensor.name)] = tensor.shape;  // old files
  }
  expected.erase("");
  EXPECT_EQ(differences(shapes_of(Parameters(model_files(*file), 1).list()), expected), "");
  EXPECT_EQ(differences(shapes_of(Parameters(model_files(*file), *file, 1).list()), expected), "");
}

Tensor outputs(const std::shared_ptr<const Model>& model) {
  const auto backend = make_cpu_backend(1);
  ForwardRequest request;
  request.tokens = {5, 9, 2, 11, 5};
  if (model->encoder) request.source_tokens = {7, 3, 12};
  const auto trace = run_forward(model, *backend, request);
  const ArchitectureDescription& a = model->architecture;
  return trace->at(last_hook(a), last_layer(a));
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(float)) == 0;
}

TEST_P(OfFamily, NewModelsComeBackFromFiles) {
  const TemporaryFolder folder;
  const Parameters parameters(model_files(*open_model_file(family_folder(GetParam()))), 3);
  const Tensor expected = outputs(parameters.model());
  write_model(parameters, folder / "exact", false);
  EXPECT_TRUE(same_bits(outputs(load_weights(open_model_file(folder / "exact"), "test")), expected));

  // Half as exact: within its rounding, 2^-11 of each weight.
  write_model(parameters, folder / "half", true);
  const auto file = open_model_file(folder / "half");
  for (const Parameter& parameter : parameters.list()) {
    const StoredTensor* stored = file->find(parameter.name);
    ASSERT_NE(stored, nullptr) << parameter.name;
    EXPECT_EQ(stored->format, NumberFormat::f16);
    std::vector<float> values(static_cast<std::size_t>(parameter.size));
    decode_row(stored->format, stored->bytes.data(), parameter.size, values.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float exact = parameters.values()[static_cast<std::size_t>(parameter.first) + i];
      ASSERT_LE(std::abs(values[i] - exact), std::max(std::abs(exact) * 0x1p-11F, 0x1p-25F))
          << parameter.name;
    }
  }
  const Tensor rounded = outputs(load_weights(file, "test"));
  ASSERT_EQ(rounded.shape(), expected.shape());
  float largest = 0.0F;
  for (const float value : expected.values()) largest = std::max(largest, std::abs(value));
  for (std::int64_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(rounded.data()[i], expected.data()[i], 0.01F * largest);
}

// A trained model goes through Parameters and back into a file with all its bits.
TEST_P(OfFamily, TrainedModelsComeBackFromFiles) {
  const TemporaryFolder folder;
  const auto file = open_model_file(family_folder(GetParam()));
  const Tensor expected = outputs(load_weights(file, "test"));
  const Parameters parameters(model_files(*file), *file, 3);
  write_model(parameters, folder.path(), false);
  const Tensor back = outputs(load_weights(open_model_file(folder.path()), "test"));
  EXPECT_TRUE(same_bits(outputs(parameters.model()), back));
  // Half-precision files are computed from halves, which another kernel expands.
  EXPECT_TRUE(all_close(back, expected, 1e-4, 0.0));
}

INSTANTIATE_TEST_SUITE_P(Families, OfFamily,
                         testing::Values("llama_grouped", "llama_biases_linear", "bert_masked",
                                         "bert_classes", "marian_shared", "bart_gelu", "distilbert_masked",
                                         "distilbert_classes", "roberta_masked", "qwen2_plain",
                                         "mistral_full"),
                         [](const auto& name) { return name.param; });

TEST(Parameters, RefusesWhatItDoesNotTrain) {
  for (const auto& [name, reason] :
       std::map<std::string, std::string>{{"gpt2_tied", "is of the family 'gpt2'"},
                                          {"gpt_neox_parallel", "is of the family 'gpt_neox'"},
                                          {"gemma2_capped", "is of the family 'gemma2'"},
                                          {"qwen3_plain", "has norms of its queries and keys"},
                                          {"t5_relu", "has a relative position bias"},
                                          {"sentence_mean", "ends in a sentence embedding"}}) {
    SCOPED_TRACE(name);
    const auto file = open_model_file(family_folder(name));
    expect_refused([&] { Parameters(model_files(*file), *file, 1); },
                   {reason, "which this version computes but does not train"});
  }
}

TEST(Parameters, RefusesAModelOfAnotherFamilyOrShape) {
  const auto llama = open_model_file(family_folder("llama_grouped"));
  const auto bert = open_model_file(family_folder("bert_masked"));
  expect_refused(
      [&] { Parameters(model_files(*llama), *bert, 1); },
      {"bert_masked", "is of the family 'bert', but the configuration asks for 'llama'", "Start from"});
  ModelFiles wider = model_files(*llama);
  wider.config["vocab_size"] = 50;
  expect_refused([&] { Parameters(wider, *llama, 1); },
                 {"llama_grouped", "the tensor 'model.embed_tokens.weight'", "[48, 16]", "[50, 16]",
                  "start from another one"});
}

TEST(Parameters, RefusesWeightsThatAreNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const TemporaryFolder folder;
    Parameters parameters({small_llama, {}}, 5);
    const Parameter& damaged = parameters.list()[3];
    parameters.values()[static_cast<std::size_t>(damaged.first) + 2] = bad;
    write_model(parameters, folder.path(), false);
    const auto file = open_model_file(folder.path());
    expect_refused(
        [&] { Parameters(model_files(*file), *file, 1); },
        {folder.path(), "the tensor '" + damaged.name + "'", "at place 2", "Start from another one"});
  }
}

// A new head over a trained body: what is there is taken, the rest drawn.
TEST(Parameters, DrawsWhatTheTrainedModelLacks) {
  const auto file = open_model_file(family_folder("bert_masked"));
  ModelFiles files = model_files(*file);
  files.config["architectures"] = {"BertForSequenceClassification"};
  files.config["num_labels"] = 3;
  files.config["id2label"] = {{"0", "a"}, {"1", "b"}, {"2", "c"}};
  const Parameters parameters(files, *file, 9);
  EXPECT_EQ(outputs(parameters.model()).shape().back(), 3);
  std::size_t taken = 0, drawn = 0;
  for (const Parameter& parameter : parameters.list()) {
    const auto& tensors = file->tensors();
    const auto stored = std::find_if(tensors.begin(), tensors.end(), [&](const StoredTensor& tensor) {
      return new_name(tensor.name) == parameter.name;
    });
    if (stored == tensors.end()) {
      ++drawn;
      continue;
    }
    EXPECT_EQ(std::memcmp(stored->bytes.data(), parameters.values().data() + parameter.first,
                          static_cast<std::size_t>(parameter.size) * sizeof(float)),
              0);
    ++taken;
  }
  EXPECT_EQ(drawn, 4U);  // pooler and classifier, each with a bias
  EXPECT_EQ(taken, file->tensors().size() - 5);
}

TEST(HalfPrecision, EveryHalfComesBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = float_from_half(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(float_from_half(half_from_float(value)))) << bits;
      EXPECT_EQ(half_from_float(value) & 0x8000U, bits & 0x8000U);
    } else {
      ASSERT_EQ(half_from_float(value), half);
    }
  }
}

// Between every two neighbours: the middle goes to the even one, a little more or less to the nearer one.
TEST(HalfPrecision, RoundsToTheNearest) {
  for (std::uint32_t bits = 0; bits < 0x7BFF; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits), high = static_cast<std::uint16_t>(bits + 1);
    const float middle = (float_from_half(low) + float_from_half(high)) / 2.0F;  // exact in float32
    const std::uint16_t even = bits % 2 == 0 ? low : high;
    for (const float sign : {1.0F, -1.0F}) {
      const auto with_sign = [&](std::uint16_t half) {
        return static_cast<std::uint16_t>(half | (sign < 0.0F ? 0x8000U : 0U));
      };
      ASSERT_EQ(half_from_float(sign * middle), with_sign(even)) << bits;
      ASSERT_EQ(half_from_float(sign * std::nextafter(middle, 0.0F)), with_sign(low)) << bits;
      ASSERT_EQ(half_from_float(sign * std::nextafter(middle, 1e9F)), with_sign(high)) << bits;
    }
  }
  EXPECT_EQ(half_from_float(65519.996F), 0x7BFF);  // the largest half is 65504
  EXPECT_EQ(half_from_float(65520.0F), 0x7C00);
  EXPECT_EQ(half_from_float(-1e30F), 0xFC00);
  EXPECT_EQ(half_from_float(1e-30F), 0x0000);
  EXPECT_EQ(half_from_float(-1e-30F), 0x8000);
}

}  // namespace
}  // namespace headlight

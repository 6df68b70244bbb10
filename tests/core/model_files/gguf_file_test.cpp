// Correct GGUF files: every kind of value, shapes, and the committed tiny models.
#include "core/model_files/gguf_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/core/model_files/gguf_builder.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

const std::string golden = source_dir() + "/tests/golden/";

TEST(GgufFile, ReadsTensorsWithTheSlowestAxisFirst) {
  const auto file = open_copy(gguf_bytes(correct_gguf()));
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->path(), "test.gguf");
  ASSERT_EQ(file->tensors().size(), 2U);
  const StoredTensor* first = file->find("first.weight");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->shape, (Shape{2, 3}));
  EXPECT_EQ(first->format, NumberFormat::f32);
  ASSERT_EQ(first->bytes.size(), 24U);
  float row[3];
  decode_row(first->format, first->bytes.data() + 12, 3, row);
  EXPECT_EQ(row[0], 3.5F);
  EXPECT_EQ(row[2], 5.5F);
  const StoredTensor* second = file->find("second.weight");
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->bytes.size(), 34U);
  float values[32];
  decode_row(second->format, second->bytes.data(), 32, values);
  EXPECT_EQ(values[0], -16.0F);
  EXPECT_EQ(values[31], 15.0F);
  EXPECT_EQ(file->find("third.weight"), nullptr);
}

TEST(GgufFile, ReadsVersionTwo) {
  GgufFields fields = correct_gguf();
  fields.version = 2;
  EXPECT_EQ(open_copy(gguf_bytes(fields))->tensors().size(), 2U);
}

TEST(GgufFile, ReadsEveryKindOfValue) {
  const std::string not_utf8("\xFF\x00\xED\xA0 raw", 8);
  GgufFields fields;
  fields.pairs = {
      {"u8", gguf_type::uint8, ByteWriter().number<std::uint8_t>(200).bytes()},
      {"i8", gguf_type::int8, ByteWriter().number<std::int8_t>(-100).bytes()},
      {"u16", gguf_type::uint16, ByteWriter().number<std::uint16_t>(60000).bytes()},
      {"i16", gguf_type::int16, ByteWriter().number<std::int16_t>(-30000).bytes()},
      {"u32", gguf_type::uint32, ByteWriter().number<std::uint32_t>(4000000000U).bytes()},
      {"i32", gguf_type::int32, ByteWriter().number<std::int32_t>(-2000000000).bytes()},
      {"f32", gguf_type::float32, ByteWriter().number(0.1F).bytes()},
      {"yes", gguf_type::boolean, ByteWriter().number<std::uint8_t>(1).bytes()},
      {"no", gguf_type::boolean, ByteWriter().number<std::uint8_t>(0).bytes()},
      {"text", gguf_type::string, ByteWriter().text(not_utf8).bytes()},
      {"empty", gguf_type::string, ByteWriter().text("").bytes()},
      {"u64", gguf_type::uint64, ByteWriter().number(std::numeric_limits<std::uint64_t>::max()).bytes()},
      {"i64", gguf_type::int64, ByteWriter().number(std::numeric_limits<std::int64_t>::min()).bytes()},
      {"f64", gguf_type::float64, ByteWriter().number(0.1).bytes()},
      {"words", gguf_type::array,
       array_value(gguf_type::string, 2, ByteWriter().text("a").text("\xED").bytes())},
      {"none", gguf_type::array, array_value(gguf_type::float32, 0, "")},
  };
  const auto file = open_copy(gguf_bytes(fields));
  const nlohmann::json& values = file->metadata();
  EXPECT_EQ(values.size(), 16U);
  EXPECT_EQ(values.at("u8"), 200);
  EXPECT_EQ(values.at("i8"), -100);
  EXPECT_EQ(values.at("u16"), 60000);
  EXPECT_EQ(values.at("i16"), -30000);
  EXPECT_EQ(values.at("u32"), 4000000000U);
  EXPECT_EQ(values.at("i32"), -2000000000);
  EXPECT_EQ(values.at("f32").get<float>(), 0.1F);
  EXPECT_EQ(values.at("yes"), true);
  EXPECT_EQ(values.at("no"), false);
  EXPECT_EQ(values.at("text").get<std::string>(), not_utf8);
  EXPECT_EQ(values.at("empty"), "");
  EXPECT_EQ(values.at("u64"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(values.at("i64"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(values.at("f64"), 0.1);
  EXPECT_EQ(values.at("words"), nlohmann::json::array({"a", "\xED"}));
  EXPECT_EQ(values.at("none"), nlohmann::json::array());
}

TEST(GgufFile, UsesTheAlignmentOfTheFile) {
  GgufFields fields = correct_gguf();
  fields.pairs.push_back(
      {"general.alignment", gguf_type::uint32, ByteWriter().number<std::uint32_t>(128).bytes()});
  fields.alignment = 128;
  fields.tensors.pop_back();
  const std::string bytes = gguf_bytes(fields);
  const auto file = open_copy(bytes);
  float first = 0.0F;
  decode_row(NumberFormat::f32, file->tensors()[0].bytes.data(), 1, &first);
  EXPECT_EQ(first, 0.5F);  // at 32 instead of 128 it would be read from the padding
}

TEST(GgufFile, AcceptsAVocabularyWithoutTensors) {
  GgufFields fields = correct_gguf();
  fields.tensors.clear();
  fields.data.clear();
  EXPECT_TRUE(open_copy(gguf_bytes(fields))->tensors().empty());
}

TEST(GgufFile, SaysThatOtherFilesAreNotItsOwn) {
  EXPECT_EQ(open_copy(""), nullptr);
  EXPECT_EQ(open_copy("GGU"), nullptr);
  EXPECT_EQ(open_copy("GGML and more"), nullptr);
}

struct TinyFile {
  std::string name;
  std::size_t tensors;
  bool untied;
};

TEST(GgufFile, ReadsTheCommittedTinyModels) {
  for (const TinyFile& tiny :
       {TinyFile{"tiny_llama_q.gguf", 29, false}, {"tiny_llama_every_untied.gguf", 30, true}}) {
    SCOPED_TRACE(tiny.name);
    const auto file = open_model_file(golden + tiny.name);
    EXPECT_EQ(file->tensors().size(), tiny.tensors);
    EXPECT_EQ(file->find("output.weight") != nullptr, tiny.untied);
    EXPECT_EQ(file->metadata().at("llama.attention.head_count_kv"), 2);
    EXPECT_EQ(file->metadata().at("tokenizer.ggml.tokens").size(), 355U);
    EXPECT_EQ(file->metadata().at("tokenizer.ggml.tokens").at(0), "<|endoftext|>");
    const StoredTensor* embedding = file->find("token_embd.weight");
    ASSERT_NE(embedding, nullptr);
    EXPECT_EQ(embedding->shape, (Shape{355, 64}));
    // The generator draws the embedding from a normal distribution with a spread of 0.3; 22,720 values
    // estimate it to 0.5 %, and five-bit rounding adds less than 1 %.
    double squares = 0.0;
    std::vector<float> row(64);
    const auto bytes_a_row = static_cast<std::size_t>(row_bytes(embedding->format, 64));
    for (std::size_t token = 0; token < 355; ++token) {
      decode_row(embedding->format, embedding->bytes.data() + token * bytes_a_row, 64, row.data());
      for (const float value : row) squares += static_cast<double>(value) * static_cast<double>(value);
    }
    EXPECT_NEAR(std::sqrt(squares / (355.0 * 64.0)), 0.3, 0.006);
  }
}

}  // namespace
}  // namespace headlight

// GGUF models in several files: joined when they belong together, refused with the reason otherwise.
#include "core/model_files/split_gguf.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/model_files/part_name.h"
#include "tests/core/model_files/refusal.h"
#include "tests/core/model_files/safetensors_builder.h"

namespace headlight {
namespace {

std::string u16(std::uint16_t value) { return ByteWriter().number(value).bytes(); }

GgufPair pair(const std::string& key, std::uint16_t value) { return {key, gguf_type::uint16, u16(value)}; }

// Part `number` (from 0) of `count`, with one tensor of three values.
std::string part_bytes(std::uint16_t number, std::uint16_t count, const std::string& tensor,
                       std::int32_t all_tensors = 3) {
  GgufFields fields;
  if (number == 0) {
    fields.pairs.push_back({"general.architecture", gguf_type::string, ByteWriter().text("llama").bytes()});
  }
  fields.pairs.push_back(pair("split.no", number));
  fields.pairs.push_back(pair("split.count", count));
  fields.pairs.push_back(
      {"split.tensors.count", gguf_type::int32, ByteWriter().number<std::int32_t>(all_tensors).bytes()});
  fields.tensors = {{tensor, {3}, ggml_number::f32, 0}};
  fields.data = ByteWriter().number(static_cast<float>(number)).number(1.0F).number(2.0F).bytes();
  return gguf_bytes(fields);
}

class SplitGguf : public testing::Test {
 protected:
  void SetUp() override {
    first = folder.write("m-00001-of-00003.gguf", part_bytes(0, 3, "a"));
    second = folder.write("m-00002-of-00003.gguf", part_bytes(1, 3, "b"));
    third = folder.write("m-00003-of-00003.gguf", part_bytes(2, 3, "c"));
  }
  static void expect_path_refused(const std::string& path, const std::vector<std::string>& parts,
                                  const std::string& about) {
    expect_refused([&] { open_model_file(path); }, about + ": ", parts);
  }
  TemporaryFolder folder;
  std::string first, second, third;
};

TEST_F(SplitGguf, IsOneFile) {
  for (const std::string& path : {first, folder.path()}) {
    const auto model = open_model_file(path);
    EXPECT_EQ(model->path(), first);
    EXPECT_EQ(model->kind(), ModelFileKind::gguf);
    EXPECT_EQ(model->metadata().at("general.architecture"), "llama");
    ASSERT_EQ(model->tensors().size(), 3U);
    float value = 0;
    decode_row(NumberFormat::f32, model->find("c")->bytes.data(), 1, &value);
    EXPECT_EQ(value, 2.0F);
    EXPECT_EQ(model->byte_size(), static_cast<std::int64_t>(std::filesystem::file_size(first) +
                                                            std::filesystem::file_size(second) +
                                                            std::filesystem::file_size(third)));
  }
}

TEST_F(SplitGguf, SaysWhichPartToOpen) {
  expect_path_refused(second, {"part 2 of 3", "Open the first part, " + first + "."}, second);
}

TEST_F(SplitGguf, NeedsNamesThatSayWhereThePartsAre) {
  const std::string renamed = folder.write("renamed.gguf", part_bytes(0, 3, "a"));
  expect_path_refused(renamed, {"first of 3 parts", "'-00001-of-00003.gguf'"}, renamed);
  const std::string two = folder.write("m-00001-of-00002.gguf", part_bytes(0, 3, "a"));
  expect_path_refused(two, {"'-00001-of-00003.gguf'"}, two);
}

TEST_F(SplitGguf, RefusesPartsThatDoNotBelongTogether) {
  folder.write("m-00003-of-00003.gguf", part_bytes(2, 3, "b"));
  expect_path_refused(first, {"'b' stands in an earlier part too"}, third);
  folder.write("m-00003-of-00003.gguf", part_bytes(1, 3, "c"));
  expect_path_refused(first, {"part 3 of 3", "another one"}, third);
  folder.write("m-00003-of-00003.gguf", part_bytes(2, 4, "c"));
  expect_path_refused(first, {"part 3 of 3", "another one"}, third);
  folder.write("m-00003-of-00003.gguf", gguf_bytes(correct_gguf()));
  expect_path_refused(first, {"part 3 of 3", "another one"}, third);
  folder.write("m-00003-of-00003.gguf", "something else");
  expect_path_refused(first, {"part 3 of 3", "no GGUF file"}, third);
  std::filesystem::remove(third);
  expect_path_refused(first, {"missing (part 3 of 3)", "Download"}, third);
}

TEST_F(SplitGguf, CountsTheTensors) {
  folder.write("m-00001-of-00003.gguf", part_bytes(0, 3, "a", 4));
  expect_path_refused(first, {"3 tensors together, but 4 were expected"}, first);
}

TEST(PartName, ReadsAndWritesNames) {
  const auto name = part_name("some/m-00002-of-00013.gguf", ".gguf");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->beginning, "some/m");
  EXPECT_EQ(name->part, 2U);
  EXPECT_EQ(name->parts, 13U);
  EXPECT_EQ(part_path(*name, 13, ".gguf"), "some/m-00013-of-00013.gguf");
  for (const char* other : {"m.gguf", "-00002-of-0003.gguf", "m-00004-of-00003.gguf", "m-00000-of-00003.gguf",
                            "m-0000a-of-00003.gguf", "m_00001-of-00003.gguf", "m-00001-to-00003.gguf",
                            "m-00001-of-00003.bin", "1-of-00003.gguf", ""}) {
    EXPECT_FALSE(part_name(other, ".gguf")) << other;
  }
}

}  // namespace
}  // namespace headlight

// Hugging Face directories: whole, in shards, through links; and what must be refused in them.
#include "core/model_files/hugging_face_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/core/model_files/refusal.h"
#include "tests/core/model_files/safetensors_builder.h"

namespace headlight {
namespace {

constexpr const char* config = R"({"model_type": "gpt2", "n_layer": 2})";
constexpr const char* index = "model.safetensors.index.json";
constexpr const char* shard_1 = "model-00001-of-00002.safetensors";
constexpr const char* shard_2 = "model-00002-of-00002.safetensors";
constexpr const char* sound_index = R"({"metadata": {"total_size": 20}, "weight_map": {
  "a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}})";

class HuggingFace : public testing::Test {
 protected:
  void write_whole() const {
    folder.write("config.json", config);
    folder.write("model.safetensors", safetensors_bytes(correct_header, correct_data()));
  }
  void write_shards() const {
    folder.write("config.json", config);
    folder.write(index, sound_index);
    folder.write(shard_1, one_tensor("a", {1, 2, 3}));
    folder.write(shard_2, one_tensor("b", {4, 5}));
  }
  static void expect_path_refused(const std::string& path, const std::vector<std::string>& parts,
                                  const std::string& beginning = "") {
    SCOPED_TRACE(path);
    expect_refused([&] { open_model_file(path); }, beginning.empty() ? path + ": " : beginning, parts);
  }
  void expect_refused_directory(const std::vector<std::string>& parts, const std::string& about = "") const {
    expect_path_refused(folder.path(), parts, about.empty() ? "" : folder / about + ": ");
  }

  TemporaryFolder folder;
};

TEST_F(HuggingFace, OpensADirectory) {
  write_whole();
  const auto model = open_model_file(folder.path());
  EXPECT_EQ(model->kind(), ModelFileKind::hugging_face);
  EXPECT_EQ(model->path(), folder.path());
  EXPECT_EQ(model->metadata().at("n_layer"), 2);
  EXPECT_EQ(model->tensors().size(), 2U);
  EXPECT_EQ(model->find("first")->shape, (Shape{2, 3}));
  EXPECT_EQ(model->byte_size(), static_cast<std::int64_t>(8 + correct_header.size() + 32));
}

TEST_F(HuggingFace, OpensADirectoryByItsFiles) {
  write_whole();
  folder.write("other.safetensors", one_tensor("c", {1}));
  EXPECT_EQ(open_model_file(folder / "model.safetensors")->tensors().size(), 2U);
  EXPECT_NE(open_model_file(folder / "other.safetensors")->find("c"), nullptr);
  EXPECT_EQ(open_model_file(folder.path() + "/")->tensors().size(), 2U);
}

TEST_F(HuggingFace, OpensShardsByAnyOfTheirNames) {
  write_shards();
  for (const std::string& path : {folder.path(), folder / index, folder / shard_1, folder / shard_2}) {
    SCOPED_TRACE(path);
    const auto model = open_model_file(path);
    ASSERT_EQ(model->tensors().size(), 2U);
    float values[2];
    decode_row(NumberFormat::f32, model->find("b")->bytes.data(), 2, values);
    EXPECT_EQ(values[1], 5.0F);
  }
}

// The cache of Hugging Face's libraries: the files' contents under their hashes, and links to them.
TEST_F(HuggingFace, FollowsTheLinksOfACache) {
  folder.write("blobs/1", config);
  folder.write("blobs/2", safetensors_bytes(correct_header, correct_data()));
  folder.write("blobs/3", "{}");
  const std::string snapshot = folder / "snapshots/abc";
  std::filesystem::create_directories(snapshot);
  std::filesystem::create_symlink("../../blobs/1", snapshot + "/config.json");
  std::filesystem::create_symlink("../../blobs/2", snapshot + "/model.safetensors");
  std::filesystem::create_symlink("../../blobs/3", snapshot + "/tokenizer.json");
  std::filesystem::create_symlink("../../blobs/4", snapshot + "/vocab.txt");
  const auto model = open_model_file(snapshot);
  EXPECT_EQ(model->tensors().size(), 2U);
  EXPECT_EQ(model->companion("tokenizer.json"), "{}");
  expect_refused([&] { model->companion("vocab.txt"); },
                 snapshot + "/vocab.txt: ", {"link to '../../blobs/4'"});
  expect_refused_directory({"cache", "'abc'"});
  expect_path_refused(folder / "blobs/2", {"no config.json beside these weights"});
}

TEST_F(HuggingFace, HandsOutCompanions) {
  write_whole();
  folder.write("tokenizer.json", std::string("{\0}", 3));
  folder.write("1_Pooling/config.json", "{}");
  const auto model = open_model_file(folder.path());
  EXPECT_EQ(model->companion("tokenizer.json"), std::string("{\0}", 3));
  EXPECT_EQ(model->companion("1_Pooling/config.json"), "{}");
  EXPECT_EQ(model->companion("vocab.txt"), std::nullopt);
  EXPECT_THROW(model->companion("../secret"), std::logic_error);
  EXPECT_THROW(model->companion("config.jso"), std::logic_error);
  for (const std::string_view name : companion_names()) EXPECT_NO_THROW(model->companion(name)) << name;
  std::filesystem::create_directories(folder / "merges.txt");
  expect_refused([&] { model->companion("merges.txt"); }, folder / "merges.txt: ", {"directory"});
  const std::string sparse = folder.write("vocab.json", "x");
  std::filesystem::resize_file(sparse, (std::uintmax_t{256} << 20) + 1);
  expect_refused([&] { model->companion("vocab.json"); }, sparse + ": ",
                 {"268435457 bytes", "at most 268435456"});
}

TEST_F(HuggingFace, AGgufFileHasNoCompanions) {
  folder.write("tokenizer.json", "{}");
  const auto file = open_model_file(folder.write("a.gguf", gguf_bytes(correct_gguf())));
  EXPECT_EQ(file->kind(), ModelFileKind::gguf);
  EXPECT_EQ(file->companion("tokenizer.json"), std::nullopt);
}

TEST_F(HuggingFace, OpensADirectoryWithOneGgufFile) {
  folder.write("config.json", config);  // some repositories have both
  const std::string path = folder.write("a.gguf", gguf_bytes(correct_gguf()));
  EXPECT_EQ(open_model_file(folder.path())->path(), path);
  folder.write("b.gguf", gguf_bytes(correct_gguf()));
  expect_refused_directory({"2 GGUF models", "'a.gguf', 'b.gguf'"});
}

TEST_F(HuggingFace, SaysWhatADirectoryLacks) {
  folder.write("notes.txt", "x");
  expect_refused_directory({"holds no model", "'notes.txt'"});
  folder.write("model.safetensors", safetensors_bytes(correct_header, correct_data()));
  expect_refused_directory({"'model.safetensors'", "no config.json", "Download"});
  expect_path_refused(folder / "model.safetensors", {"no config.json beside these weights", "Download"});
  std::filesystem::remove(folder / "model.safetensors");
  folder.write("config.json", config);
  expect_refused_directory({"no weights", "model.safetensors.index.json"});
  folder.write("weights.safetensors", "x");
  expect_refused_directory({"neither", "'weights.safetensors'"});
  std::filesystem::create_symlink("nowhere", folder / "model.safetensors");
  expect_refused_directory({"link to 'nowhere'"}, "model.safetensors");
}

TEST_F(HuggingFace, SaysHowToConvertOtherWeights) {
  folder.write("config.json", config);
  folder.write("model.onnx", "x");
  expect_refused_directory({"ONNX", "'model.onnx'"});
  folder.write("tf_model.h5", "x");
  folder.write("flax_model.msgpack", "x");
  expect_refused_directory({"TensorFlow", "'flax_model.msgpack', 'model.onnx', 'tf_model.h5'"});
  folder.write("training_args.bin", "x");
  expect_refused_directory({"TensorFlow"});  // a pickle, but no weights
  folder.write("pytorch_model.bin", "x");
  expect_refused_directory({"PyTorch pickle", "never read", "save_pretrained", "safe_serialization=True"});
  folder.write("adapter_config.json", "{}");
  expect_refused_directory({"adapter (LoRA)", "merge_and_unload"});
}

TEST_F(HuggingFace, RefusesWhatOnlyHasTheName) {
  write_whole();
  folder.write("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n");
  expect_refused_directory({"Git LFS pointer"}, "model.safetensors");
  folder.write("model.safetensors", "PK\x03\x04 archive/data.pkl");
  expect_refused_directory({"PyTorch"}, "model.safetensors");
  folder.write("model.safetensors", "");
  expect_refused_directory({"empty (0 bytes)"}, "model.safetensors");
  std::filesystem::remove(folder / "model.safetensors");
  std::filesystem::create_directories(folder / "model.safetensors");
  expect_refused_directory({"this is a directory"}, "model.safetensors");
}

TEST_F(HuggingFace, RefusesBrokenConfigurations) {
  write_whole();
  const auto expect = [&](const std::string& text, const std::vector<std::string>& parts) {
    folder.write("config.json", text);
    expect_refused_directory(parts, "config.json");
  };
  expect("", {"empty (0 bytes)"});
  expect("[]", {"of type array", "object"});
  expect("{\n \"a\": 1,\n \"a\": 2}", {"line 3", "'a' stands twice"});
  expect("{\"a\": NaN}", {"line 1, column 7", "no valid JSON"});
  expect("{\"a\": -Infinity}", {"line 1", "no valid JSON"});
  expect("{\"a\": 1e400}", {"line 1", "no valid JSON"});
  expect("{\"a\": \"\xC3\"}", {"line 1", "UTF-8"});
  expect("{\"a\": 1,}", {"line 1", "no valid JSON"});
  expect(std::string(100000, '['), {"nested deeper than 64"});
  expect("{\"a\": \"" + std::string(std::size_t{4} << 20, 'x') + "\"}", {"at most 4194304"});
  const std::string whole = config;
  for (std::size_t size = 1; size < whole.size(); ++size) expect(whole.substr(0, size), {"no valid JSON"});
}

TEST_F(HuggingFace, RefusesBrokenIndexes) {
  write_shards();
  const auto expect = [&](const std::string& text, const std::vector<std::string>& parts) {
    folder.write(index, text);
    expect_refused_directory(parts, index);
  };
  const auto with = [](const std::string& entries) { return "{\"weight_map\": {" + entries + "}}"; };
  const std::string a = R"("a": "model-00001-of-00002.safetensors")",
                    b = R"("b": "model-00002-of-00002.safetensors")";
  expect("{}", {"'weight_map'", "missing"});
  expect("[1]", {"of type array"});
  expect(R"({"weight_map": []})", {"'weight_map'"});
  expect(R"({"weight_map": {}})", {"'weight_map'", "empty"});
  expect(with(a + "," + b + "," + a), {"'a' stands twice"});
  expect(with(a + R"(, "b": 2)"), {"tensor 'b' is of type number"});
  for (const std::string name : {"", "..", "../a.safetensors", "/a.safetensors", "sub/a.safetensors",
                                 "a\\\\b.safetensors", "a\\u0000.safetensors", "pytorch_model.bin"}) {
    expect(with(a + ", \"b\": \"" + name + "\""), {"'b' is said to lie in", "plain name"});
  }
  expect(with(a + ", \"b\": \"" + std::string(250, 'n') + ".safetensors\""), {"plain name"});
  expect(with(a + R"(, "b": "other.safetensors")"), {"'other.safetensors', which is not there", "2 files"});
  expect(with(a + "," + b + R"(, "c": "model-00001-of-00002.safetensors")"),
         {"'c' should lie in", "is not there"});
  expect(with(R"("a": "model-00002-of-00002.safetensors", "b": "model-00001-of-00002.safetensors")"),
         {"'a' should lie in 'model-00002", "lies in 'model-00001"});
  const std::string whole = sound_index;
  for (std::size_t size = 1; size < whole.size(); ++size) expect(whole.substr(0, size), {"no valid JSON"});
}

TEST_F(HuggingFace, RefusesShardsThatDoNotBelongTogether) {
  write_shards();
  folder.write(shard_2, one_tensor("a", {4, 5}));
  expect_refused_directory({"'a' stands in 'model-00001-of-00002.safetensors' too"}, shard_2);
  folder.write(shard_2, one_tensor("b", {4, 5}).substr(0, 60));
  expect_refused_directory({"cut off"}, shard_2);
  std::filesystem::remove(folder / shard_2);
  expect_refused_directory({"names the file 'model-00002-of-00002.safetensors', which is not there"}, index);
  std::filesystem::remove(folder / index);
  expect_path_refused(folder / shard_1, {"one of several files", "'model.safetensors.index.json'"});
}

}  // namespace
}  // namespace headlight

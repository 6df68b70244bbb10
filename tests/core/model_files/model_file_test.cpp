// open_model_file: what people try instead of a model is named, with advice; names of files do not matter.
#include "core/model_files/model_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/base/errors.h"
#include "core/model_files/model_file_list.h"
#include "tests/core/model_files/gguf_builder.h"

namespace headlight {
namespace {

using namespace std::string_literals;

class OpenModelFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "headlight_model_file_XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view bytes) const {
    const std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  static void expect_refused(const std::string& path, const std::vector<std::string>& parts) {
    SCOPED_TRACE(path);
    try {
      open_model_file(path);
      ADD_FAILURE() << "was opened";
    } catch (const FileError& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.rfind(path + ": ", 0), 0U) << message;
      for (const std::string& part : parts) {
        EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
      }
    }
  }

  std::filesystem::path folder_;
};

TEST_F(OpenModelFile, LooksAtTheContentNotTheName) {
  const auto file = open_model_file(write("model.txt", gguf_bytes(correct_gguf())));
  EXPECT_EQ(file->tensors().size(), 2U);
}

TEST_F(OpenModelFile, KeepsTheBytesWhenTheFileIsReplacedByAnother) {
  const std::string path = write("model.gguf", gguf_bytes(correct_gguf()));
  const auto file = open_model_file(path);
  std::filesystem::rename(write("other", "something else"), path);
  float values[3];
  decode_row(NumberFormat::f32, file->find("first.weight")->bytes.data(), 3, values);
  EXPECT_EQ(values[1], 1.5F);
}

TEST_F(OpenModelFile, NamesWhatIsNoFile) {
  expect_refused((folder_ / "nowhere.gguf").string(), {"there is no such file"});
  expect_refused(write("file", "x") + "/inside", {"there is no such file"});
  expect_refused(folder_.string(), {"this directory holds no model", "config.json", "there is 'file'"});
  expect_refused(write("empty.gguf", ""), {"empty (0 bytes)", "fetch it again"});
  const std::string pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  expect_refused(pipe, {"pipe", "regular file was expected"});
  EXPECT_THROW(open_model_file(""), FileError);
  EXPECT_THROW(open_model_file("/dev/null\0.gguf"s), FileError);
}

TEST_F(OpenModelFile, NamesMissingPermission) {
  const std::string path = write("secret.gguf", gguf_bytes(correct_gguf()));
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  // The superuser may read every file, so become somebody else for a moment.
  const bool superuser = ::geteuid() == 0;
  ASSERT_TRUE(!superuser || ::seteuid(65534) == 0);
  expect_refused(path, {"no permission", "read access"});
  ASSERT_TRUE(!superuser || ::seteuid(0) == 0);
}

TEST_F(OpenModelFile, NamesForeignFiles) {
  expect_refused(write("model.bin", "PK\x03\x04 archive/data.pkl"),
                 {"zip archive of PyTorch", "never read", "safe_serialization=True"});
  expect_refused(write("a.zip", "PK\x03\x04 anything"), {"this is a zip archive; Headlight reads GGUF"});
  expect_refused(write("model.pt", "\x80\x02\x8a\x0a rest"), {"Python pickle", "safe_serialization=True"});
  expect_refused(write("model.onnx", "\x08\x07\x12\x07pytorch\x1A\x05"), {"ONNX", "safetensors"});
  expect_refused(write("flax_model.msgpack", "\x81\xA6params\x85\xA4wte\xC0\xC1"), {"MessagePack", "Flax"});
  expect_refused(write("old.bin", "tjgg\x03\0\0\0"s), {"old GGML format", "Download"});
  expect_refused(write("model.h5", "\x89HDF\r\n\x1a\n"), {"HDF5", "TensorFlow"});
  expect_refused(write("model.gz", "\x1F\x8B\x08\x00\x01"s), {"gzip", "unpack"});
  expect_refused(write("zeros.gguf", std::string(10000, '\0')), {"zeros", "download it again"});
  expect_refused(write("odd.gguf",
                       "\x7F"
                       "ELF\x02\x01\x01\x00\x00"s),
                 {"7f 45 4c 46 02 01 01 00", "47 47 55 46"});
}

TEST_F(OpenModelFile, NamesPagesAndTexts) {
  expect_refused(write("page.gguf", "\n <!DOCTYPE html><html><title>404"),
                 {"web page", "<!DOCTYPE html>", "again"});
  expect_refused(write("page2.gguf", "\xEF\xBB\xBF<HTML>"), {"web page"});
  expect_refused(write("error.gguf", "<?xml version=\"1.0\"?><Error><Code>AccessDenied"), {"web page"});
  expect_refused(write("pointer.gguf", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"),
                 {"Git LFS pointer", "git lfs pull"});
  expect_refused(write("config.json", "{\"model_type\": \"llama\"}"),
                 {"text, not a model", "model_type", "the directory in which config.json lies"});
  expect_refused(write("korean.txt", "안녕하세요"), {"text, not a model"});
  expect_refused(write("short.gguf", "GGU"), {"text, not a model ('GGU')"});
}

TEST_F(OpenModelFile, BrokenGgufIsNotTakenForAForeignFile) {
  expect_refused(write("cut.gguf", "GGUF"),
                 {"at byte 4", "the GGUF version needs 4 bytes", "only 0 are left"});
}

TEST_F(OpenModelFile, NoFormatTakesWhatIsNotItsOwn) {
  const auto file = std::make_shared<const MappedFile>(write("text", "not a model"));
  ASSERT_FALSE(model_file_list().empty());
  for (const ModelFileFormat& format : model_file_list())
    EXPECT_EQ(format.open(file), nullptr) << format.name;
}

}  // namespace
}  // namespace headlight

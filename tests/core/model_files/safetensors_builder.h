// Writes small safetensors files and Hugging Face directories for tests.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/model_files/safetensors_file.h"
#include "tests/core/model_files/gguf_builder.h"

namespace headlight {

inline std::string safetensors_bytes(std::string_view header, std::string_view data) {
  return ByteWriter().number<std::uint64_t>(header.size()).raw(header).raw(data).bytes();
}

// Six F32 values from 0.5, [2, 3], and four BF16 values 1, [4].
inline const std::string correct_header = R"({"__metadata__":{"format":"pt"},)"
                                          R"("second":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},)"
                                          R"("first":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";

inline std::string correct_data() {
  ByteWriter data;
  for (int i = 0; i < 6; ++i) data.number(static_cast<float>(i) + 0.5F);
  for (int i = 0; i < 4; ++i) data.number<std::uint16_t>(0x3F80);
  return data.bytes();
}

// One F32 tensor of one axis: a whole file.
inline std::string one_tensor(const std::string& name, const std::vector<float>& values) {
  ByteWriter data;
  for (const float value : values) data.number(value);
  const std::string length = std::to_string(values.size());
  return safetensors_bytes("{\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[" + length +
                               "],\"data_offsets\":[0," + std::to_string(4 * values.size()) + "]}}",
                           data.bytes());
}

// Reads a copy in a heap block of exactly this size, so that AddressSanitizer sees every read past its end.
struct SafetensorsCopy {
  explicit SafetensorsCopy(std::string_view text) : bytes(new std::byte[text.size()]) {
    if (!text.empty()) std::memcpy(bytes.get(), text.data(), text.size());
    tensors = read_safetensors("test.safetensors", {bytes.get(), text.size()});
  }
  std::unique_ptr<std::byte[]> bytes;
  std::vector<StoredTensor> tensors;
};

// A directory that is removed with its object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "headlight_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    return file.string();
  }
  std::string path() const { return path_.string(); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace headlight

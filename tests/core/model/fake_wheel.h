// A small wheel made on the spot, and the catalog entry that describes it.
#pragma once

#include <gtest/gtest.h>
#include <zip.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/base/sha256.h"
#include "core/model/catalog.h"

namespace headlight {

// A new empty folder, removed at the end of the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "headlight-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline void write_all(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string sha256_of(const std::string& bytes) {
  Sha256 hash;
  hash.add(std::as_bytes(std::span(bytes)));
  return hash.hex();
}

// A zip file with these members, compressed as wheels are.
inline void write_zip(const std::filesystem::path& path,
                      const std::vector<std::pair<std::string, std::string>>& members) {
  int error = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  ASSERT_NE(archive, nullptr) << error;
  for (const auto& [name, bytes] : members) {
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    ASSERT_GE(zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_RAW), 0) << zip_strerror(archive);
  }
  ASSERT_EQ(zip_close(archive), 0) << zip_strerror(archive);
}

// 300 kB that do not compress away: more than one buffer of anything on the way.
inline std::string model_bytes() {
  std::string bytes;
  unsigned int state = 12345;
  while (bytes.size() < 300000) {
    state = state * 1664525U + 1013904223U;
    bytes += static_cast<char>(state >> 24U);
  }
  return bytes;
}

inline CatalogFile describe_file(const std::string& path, const std::string& member,
                                 const std::string& bytes) {
  return {path, static_cast<std::int64_t>(bytes.size()), sha256_of(bytes), member};
}

inline CatalogEntry describe(const std::filesystem::path& wheel, std::vector<CatalogFile> files) {
  CatalogEntry entry;
  entry.name = "tiny";
  entry.title = "Tiny";
  entry.source = WheelSource{"tiny-model", "1.0", "tiny_model-1.0-py3-none-any.whl",
                             static_cast<std::int64_t>(std::filesystem::file_size(wheel)),
                             sha256_of_file(wheel.string())};
  entry.files = std::move(files);
  return entry;
}

}  // namespace headlight

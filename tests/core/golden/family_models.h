// The random small models of every family, and the texts of their golden values: tests/golden/families.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "core/model/model.h"
#include "core/model_files/model_file.h"
#include "tests/core/golden/golden_values.h"
#include "tests/core/source_dir.h"

namespace headlight {

inline std::filesystem::path families_folder() {
  return std::filesystem::path(source_dir()) / "tests/golden/families";
}

// "gpt2_tied" is a directory, "gpt2_tied.gguf" the same model in the other form.
inline std::vector<std::string> family_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(families_folder())) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline GoldenFile golden_of_family(const std::string& name) {
  return read_golden_at((families_folder() / std::filesystem::path(name).stem() / "golden").string());
}

inline std::shared_ptr<Model> load_family(const std::string& name) {
  return load_weights(open_model_file((families_folder() / name).string()), name);
}

}  // namespace headlight

// tests/golden/lens.json, made by make_lens_golden.py, and the passes that it is about.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/user_folders.h"
#include "core/forward/forward_pass.h"
#include "tests/core/golden/family_models.h"
#include "tests/core/source_dir.h"

namespace headlight {

inline nlohmann::json lens_golden() {
  std::ifstream file(source_dir() + "/tests/golden/lens.json");
  return nlohmann::json::parse(file).at("cases");
}

// Null, after a line that says so, when SmolLM2 is not on this machine.
inline std::shared_ptr<const Trace> trace_of_golden(const nlohmann::json& golden) {
  const std::string name = golden.at("model");
  std::shared_ptr<const Model> model;
  if (name == "smollm2") {
    const char* given = std::getenv("HEADLIGHT_SMOLLM2");
    const std::string path = given ? std::string(given)
                                   : std::string(std::filesystem::path(cache_folder()) / "models" /
                                                 "smollm2-135m" / "SmolLM2-135M-Instruct.Q4_1.gguf");
    if (!std::filesystem::exists(path)) {
      std::printf("SmolLM2 is not there (%s): its part is skipped\n", path.c_str());
      return nullptr;
    }
    model = load_model(path, "smollm2");
  } else {
    model = load_family(name);
  }
  ForwardRequest request;
  request.tokens = golden.at("ids").get<std::vector<TokenId>>();
  request.source_tokens = golden.at("source_ids").get<std::vector<TokenId>>();
  return run_forward(model, *make_cpu_backend(2), request);
}

}  // namespace headlight

// The small random models that tests run: made by tests/golden/make_tiny_gguf.py.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/forward/forward_pass.h"
#include "core/model/model.h"
#include "tests/core/source_dir.h"

namespace headlight {

inline std::string golden_path(const std::string& name) { return source_dir() + "/tests/golden/" + name; }

inline std::shared_ptr<const Model> tiny_model() {
  static const std::shared_ptr<const Model> model = load_model(golden_path("tiny_llama_q.gguf"), "tiny");
  return model;
}

// Keeps every value, scores too.
inline ForwardRequest request_for(std::vector<TokenId> tokens, std::vector<Intervention> interventions = {}) {
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.tokens = std::move(tokens);
  request.interventions = std::move(interventions);
  return request;
}

}  // namespace headlight

// How a document names the model of a trace that was made elsewhere: by the path of the trace, and behind a
// bar the model, where it is known: "/a/F.npz", "/a/F.npz|gpt2".
#pragma once

#include <optional>
#include <string>

#include "core/model/model.h"

namespace headlight {

struct TracedModelName {
  std::string path, model;
};

// `model` may be empty.
std::string traced_model_name(const std::string& path, const std::string& model);
// Nothing for names of other models.
std::optional<TracedModelName> parse_traced_model_name(const std::string& name);

// The text of a trace's tokens; empty for other models.
std::string traced_text(const Model& model);

}  // namespace headlight

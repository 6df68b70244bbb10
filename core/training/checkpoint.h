// A model in training as files: a folder as Hugging Face's libraries write it, and beside the weights, in the
// folder "training", what is needed to go on.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "core/training/optimizer.h"
#include "core/training/parameters.h"

namespace headlight {

// model.safetensors alone, as float32 or float16. The folder is made where it is missing.
void write_weights(const Parameters& parameters, const std::string& folder, bool half);
// Writes config.json, the companions and model.safetensors; each file is there whole or not at all.
// Throws UserError: a full disk, a folder that may not be written to.
void write_model(const Parameters& parameters, const std::string& folder, bool half);

// What the optimizer moves, its running means and `notes`, in one file: all of them or none. How many steps
// are done belongs into the notes.
void write_state(std::span<const float> moving, const Optimizer& optimizer, const nlohmann::json& notes,
                 const std::string& folder);

bool has_state(const std::string& folder);

// Takes up what write_state left and returns its notes; nothing when there is no such file. Throws FileError,
// and takes nothing: a damaged file, or one of a model of another shape.
std::optional<nlohmann::json> read_state(std::span<float> moving, Optimizer& optimizer,
                                         const std::string& folder);

}  // namespace headlight

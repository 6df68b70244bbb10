// What several sub-commands share: opening a model by name or path, printing JSON, the catch at the end.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/backends/backend.h"
#include "core/model/model.h"

namespace headlight {

// A catalog name (fetched first if it is not there, with progress on standard error) or a path.
// Throws UserError.
std::shared_ptr<const Model> open_model(const std::string& name_or_path);
std::string resolve_model_path(const std::string& name_or_path);

// Options that every computing sub-command has.
struct ComputeOptions {
  std::string model = "smollm2-135m";
  std::string device = "auto";
  int threads = 0;
};

// The value as one line of JSON on standard output: invalid UTF-8 must have been made readable before.
void print_json(const nlohmann::json& value);

// {"token": readable text, "id": …, "bytes": […]}
nlohmann::json token_json(const Tokenizer& tokenizer, TokenId id);

// -inf, inf and nan as strings, other numbers as they are: JSON has no spelling for them.
nlohmann::json number_json(double number);

// Throws UserError naming the byte offset when the text is not UTF-8.
void require_utf8(const std::string& text);

// Runs a sub-command: prints errors as one sentence on standard error. Returns 0, 1 (failed) or 2 (wrong usage).
int run_guarded(const std::function<void()>& command);

}  // namespace headlight

// What several sub-commands share: opening a model, running a text, printing JSON, the catch at the end.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/analysis/distribution.h"
#include "core/backends/backend.h"
#include "core/forward/forward_pass.h"
#include "core/model/model.h"
#include "core/training/gru.h"

namespace CLI {
class App;
}

namespace headlight {

// Options that every computing sub-command has.
struct ComputeOptions {
  std::string model = "smollm2-135m";
  std::string device = "auto";
  int threads = 0;  // 0: one a physical core
};
void add_compute_options(CLI::App& command, ComputeOptions& options);

// What the encoder of an encoder-decoder reads.
struct SourceOptions {
  std::string text;
  std::vector<TokenId> ids;  // taken as they are, in place of the text
};
void add_source_options(CLI::App& command, SourceOptions& options);

// A catalog name (fetched first if it is not there, with progress on standard error) or a path.
// Throws UserError.
std::shared_ptr<const Model> open_model(const std::string& name_or_path);
std::unique_ptr<Backend> open_backend(const ComputeOptions& options);

// What goes on with a text: one of the two is there, the other is null.
struct LanguageModel {
  std::shared_ptr<const Model> transformer;
  std::shared_ptr<const GruModel> recurrent;
};
// As open_model. Throws UserError.
LanguageModel open_language_model(const std::string& name_or_path);

// Which values a sub-command needs.
enum class Wanted { everything, next_token };

// The request that runs ids as they are. Throws UserError: too long to keep everything, or an encoder-decoder
// without a source text.
ForwardRequest tokens_request(const Model& model, std::vector<TokenId> tokens,
                              const SourceOptions& source = {}, Wanted wanted = Wanted::everything);
// The same for a text. Throws UserError: not UTF-8.
ForwardRequest text_request(const Model& model, const std::string& text, const SourceOptions& source = {},
                            Wanted wanted = Wanted::everything);
// The text as a recurrent network reads it. Throws UserError: not UTF-8, a source text or a conversation,
// which it has no place for; nothing to read at all.
std::vector<TokenId> recurrent_tokens(const GruModel& model, const std::string& text,
                                      const SourceOptions& source, bool chat);
// The text as the user's turn of a conversation, up to where the model answers. Throws UserError when the
// model has no chat template that is known.
std::string as_chat(const Model& model, const std::string& text);
// At one position. Throws UserError when the model has no distribution over tokens.
Distribution distribution_at(const Trace& trace, std::int64_t position, const SamplingSettings& settings);
// After the last position.
Distribution last_distribution(const Trace& trace, const SamplingSettings& settings);

// Throws UserError naming the byte offset when the text is not UTF-8.
void require_utf8(const std::string& text);

// The value as one line of JSON on standard output; strings must be UTF-8.
void print_json(const nlohmann::json& value);
// {"token": readable text, "id": …, "bytes": […]}
nlohmann::json token_json(const Tokenizer& tokenizer, TokenId id);
// -inf, inf and nan as strings, other numbers as they are: JSON has no spelling for them.
nlohmann::json number_json(double number);

// Runs a sub-command: prints errors as one sentence on standard error. Returns 0, 1 (failed) or 2 (wrong
// usage).
int run_guarded(const std::function<void()>& command);

}  // namespace headlight

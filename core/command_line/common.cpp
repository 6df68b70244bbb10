// Shared steps of the sub-commands.
#include "core/command_line/common.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <new>

#include "core/backends/backend_list.h"
#include "core/base/errors.h"
#include "core/command_line/fetch_on_terminal.h"
#include "core/model_files/model_file.h"
#include "core/session/text_tokens.h"
#include "core/text/token_ids.h"
#include "core/training/parameters.h"

namespace headlight {

void add_compute_options(CLI::App& command, ComputeOptions& options) {
  command.add_option("--model", options.model, "A catalog name or a model file");
  command.add_option("--device", options.device, "auto, cpu, cuda, cuda-tf32, cuda-bf16 or reference");
  command.add_option("--threads", options.threads, "0: one a physical core")->check(CLI::Range(0, 1024));
}

std::shared_ptr<const Model> open_model(const std::string& name_or_path) {
  return load_model(model_path(name_or_path), name_or_path);
}

LanguageModel open_language_model(const std::string& name_or_path) {
  const std::shared_ptr<const ModelFile> file = open_model_file(model_path(name_or_path));
  if (std::shared_ptr<const GruModel> recurrent = load_gru(*file)) {
    if (!recurrent->tokenizer) {
      throw UserError(
          fmt::format("{} has no tokenizer.json, so that no text can be read with it.", file->path()));
    }
    return {nullptr, std::move(recurrent)};
  }
  return {load_model(file, name_or_path), nullptr};
}

std::unique_ptr<Backend> open_backend(const ComputeOptions& options) {
  return make_backend(options.device, options.threads);
}

void add_source_options(CLI::App& command, SourceOptions& options) {
  CLI::Option* text =
      command.add_option("--source-text", options.text, "What the encoder of an encoder-decoder reads");
  command.add_option("--source-ids", options.ids, "The same as token ids: 1,2,3")
      ->delimiter(',')
      ->excludes(text);
}

ForwardRequest tokens_request(const Model& model, std::vector<TokenId> tokens, const SourceOptions& source,
                              Wanted wanted) {
  ForwardRequest request;
  request.tokens = std::move(tokens);
  request.source_tokens = source.ids;
  if (source.ids.empty() && !source.text.empty()) {
    require_utf8(source.text);
    request.source_tokens = token_ids(source_tokens(model, source.text));
  }
  if (model.encoder && request.source_tokens.empty()) {
    throw UserError("this model has an encoder: say with --source-text what it reads.");
  }
  const auto positions = static_cast<std::int64_t>(request.tokens.size());
  if (wanted == Wanted::next_token) {
    request.capture.next_token_only = true;
  } else if (positions <= model.architecture.context) {  // else run_forward says so
    request.capture = plan_capture(model.architecture, positions);
  }
  return request;
}

ForwardRequest text_request(const Model& model, const std::string& text, const SourceOptions& source,
                            Wanted wanted) {
  require_utf8(text);
  return tokens_request(model, token_ids(text_tokens(model, text)), source, wanted);
}

std::vector<TokenId> recurrent_tokens(const GruModel& model, const std::string& text,
                                      const SourceOptions& source, bool chat) {
  require_utf8(text);
  if (chat || !source.text.empty() || !source.ids.empty()) {
    throw UserError(
        "a recurrent network goes on with one text: it has neither a chat template nor an encoder; leave "
        "--chat and --source-text out.");
  }
  std::vector<TokenId> tokens = token_ids(model.tokenizer->encode(text));
  if (tokens.empty()) throw UserError("there is nothing to go on from: write something after --text.");
  return tokens;
}

std::string as_chat(const Model& model, const std::string& text) {
  if (model.chat_template.format() == ChatFormat::none) {
    throw UserError(fmt::format("{} has no chat template; leave --chat out.", model.title));
  }
  if (model.chat_template.format() == ChatFormat::unknown) {
    throw UserError(
        fmt::format("{} writes conversations in a way that this program does not know; write the turns "
                    "out yourself, following its template:\n{}",
                    model.title, model.chat_template.text()));
  }
  ChatRendering how;
  const std::vector<Token> probe = model.tokenizer->encode("a");
  how.leaves_out_beginning = !probe.empty() && probe.front().begin == probe.front().end &&
                             probe.front().id == model.tokenizer->beginning_of_text();
  return model.chat_template.render({{"user", text}}, how);
}

Distribution distribution_at(const Trace& trace, std::int64_t position, const SamplingSettings& settings) {
  if (!trace.has(Hook::logits)) {
    throw UserError(
        fmt::format("this {} model has no output over tokens; `headlight trace` and `headlight embed` "
                    "show what it computes.",
                    trace.model().architecture.family));
  }
  return distribution(trace.row(Hook::logits, 0, position), settings);
}

Distribution last_distribution(const Trace& trace, const SamplingSettings& settings) {
  return distribution_at(trace, trace.positions() - 1, settings);
}

void require_utf8(const std::string& text) {
  if (const auto offset = invalid_utf8_offset(text)) {
    throw UserError(
        fmt::format("the text is not UTF-8: byte {} (0x{:02X}) does not belong to a character. "
                    "Convert it to UTF-8 first.",
                    *offset, static_cast<unsigned>(static_cast<unsigned char>(text[*offset]))));
  }
}

void print_json(const nlohmann::json& value) { fmt::print("{}\n", value.dump()); }

nlohmann::json token_json(const Tokenizer& tokenizer, TokenId id) {
  nlohmann::json bytes = nlohmann::json::array();
  for (const char byte : tokenizer.bytes(id))
    bytes.push_back(static_cast<unsigned>(static_cast<unsigned char>(byte)));
  return {{"token", readable_bytes(tokenizer.bytes(id))}, {"id", id}, {"bytes", std::move(bytes)}};
}

nlohmann::json number_json(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  return number;
}

int run_guarded(const std::function<void()>& command) {
  try {
    command();
    return 0;
  } catch (const UsageError& error) {
    fmt::print(stderr, "headlight: {}\n", error.what());
    return 2;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "headlight: not enough memory; use a shorter text or a smaller model.\n");
    return 1;
  } catch (const UserError& error) {
    fmt::print(stderr, "headlight: {}\n", error.what());
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "headlight: a bug in the program, please report it: {}\n", error.what());
    return 1;
  }
}

}  // namespace headlight

// `headlight generate`: streams the continuation of a text.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "core/analysis/distribution.h"
#include "core/base/errors.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"

namespace headlight {
namespace {

struct Options {
  ComputeOptions compute;
  std::string text;
  std::int64_t tokens = 32;
  SamplingSettings sampling;
  std::uint64_t seed = 1;
  bool json = false;
  bool chat = false;
  SourceOptions source;
};

void generate(const Options& options) {
  const auto model = open_model(options.compute.model);
  const auto backend = open_backend(options.compute);
  ForwardRequest request = text_request(*model, options.chat ? as_chat(*model, options.text) : options.text,
                                        options.source, Wanted::next_token);
  if (model->architecture.head == OutputHead::masked_lm) {
    throw UserError("this model fills in masked tokens and does not continue a text; try `headlight next`.");
  }
  const std::size_t prompt_size = request.tokens.size();
  if (static_cast<std::int64_t>(prompt_size) + options.tokens > model->architecture.context) {
    throw UserError(
        fmt::format("{} tokens of text and {} more do not fit into the context of {}; ask for fewer.",
                    prompt_size, options.tokens, model->architecture.context));
  }
  for (std::int64_t i = 0; i < options.tokens; ++i) {
    request.previous = run_forward(model, *backend, request);
    const TokenId id = sample(last_distribution(*request.previous, options.sampling), options.seed,
                              request.previous->positions());
    if (id == model->tokenizer->end_of_text()) break;
    request.tokens.push_back(id);
    if (!options.json) {
      fmt::print("{}", model->tokenizer->bytes(id));
      std::fflush(stdout);
    }
  }
  if (!options.json) {
    fmt::print("\n");
    return;
  }
  const std::vector<TokenId> made(request.tokens.begin() + static_cast<std::ptrdiff_t>(prompt_size),
                                  request.tokens.end());
  print_json({{"text", readable_bytes(model->tokenizer->decode(made))}, {"ids", made}});
}

}  // namespace

void add_generate(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("generate", "Continue a text");
  add_compute_options(*command, options->compute);
  add_source_options(*command, options->source);
  command->add_option("--text", options->text, "The text to continue")->required();
  command->add_option("--tokens", options->tokens, "How many tokens at most")->check(CLI::Range(1, 1 << 20));
  command->add_option("--temperature", options->sampling.temperature, "0 takes the likeliest token each time")
      ->check(CLI::Range(0.0, 1000.0));
  command->add_option("--top-k", options->sampling.top_k, "Keep the k likeliest; 0 keeps all")
      ->check(CLI::Range(0, 1 << 24));
  command->add_option("--top-p", options->sampling.top_p, "Keep the likeliest that reach this sum")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--min-p", options->sampling.min_p, "Keep those with at least this share of the likeliest")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--seed", options->seed, "The same seed gives the same text");
  command->add_flag("--chat", options->chat, "The text is the user's turn of a conversation");
  command->add_flag("--json", options->json, "One JSON object and nothing else");
  command->callback([options, &exit_code] { exit_code = run_guarded([&] { generate(*options); }); });
}

}  // namespace headlight

// `headlight generate`: streams the continuation of a text.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "core/analysis/distribution.h"
#include "core/base/errors.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"
#include "core/training/next_logits.h"

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

// A text that goes on.
struct Growing {
  std::vector<TokenId> tokens;
  std::shared_ptr<const Tokenizer> tokenizer;
  NextLogits next;
};

Growing growing_text(const Options& options, Backend& backend) {
  const auto [model, recurrent] = open_language_model(options.compute.model);
  if (recurrent) {
    return {recurrent_tokens(*recurrent, options.text, options.source, options.chat), recurrent->tokenizer,
            next_logits(recurrent, backend)};
  }
  ForwardRequest request = text_request(*model, options.chat ? as_chat(*model, options.text) : options.text,
                                        options.source, Wanted::next_token);
  if (model->architecture.head == OutputHead::masked_lm) {
    throw UserError("this model fills in masked tokens and does not continue a text; try `headlight next`.");
  }
  if (model->architecture.head != OutputHead::language_model) {
    throw UserError("this model has no output over tokens, so it cannot continue a text.");
  }
  const auto given = static_cast<std::int64_t>(request.tokens.size());
  if (given + options.tokens > model->architecture.context) {
    throw UserError(
        fmt::format("{} tokens of text and {} more do not fit into the context of {}; ask for fewer.", given,
                    options.tokens, model->architecture.context));
  }
  return {std::move(request.tokens), model->tokenizer,
          next_logits(model, backend, std::move(request.source_tokens))};
}

void generate(const Options& options) {
  const auto backend = open_backend(options.compute);
  auto [tokens, tokenizer, next] = growing_text(options, *backend);
  const auto given = static_cast<std::ptrdiff_t>(tokens.size());
  for (std::int64_t i = 0; i < options.tokens; ++i) {
    const Tensor logits = next(tokens);
    const TokenId id = sample(distribution(logits.values(), options.sampling), options.seed,
                              static_cast<std::int64_t>(tokens.size()));
    if (id == tokenizer->end_of_text()) break;
    tokens.push_back(id);
    if (!options.json) {
      fmt::print("{}", tokenizer->bytes(id));
      std::fflush(stdout);
    }
  }
  if (!options.json) {
    fmt::print("\n");
    return;
  }
  const std::vector<TokenId> made(tokens.begin() + given, tokens.end());
  print_json({{"text", readable_bytes(tokenizer->decode(made))}, {"ids", made}});
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

// `headlight next`: the most likely next tokens over the whole vocabulary; of a masked model those for each
// mask, of a classifier its classes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/analysis/distribution.h"
#include "core/analysis/markdown_table.h"
#include "core/base/errors.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"
#include "core/training/next_logits.h"

namespace headlight {
namespace {

struct Options {
  ComputeOptions compute;
  SourceOptions source;
  std::string text;
  std::int64_t top = 10;
  double temperature = 1.0;
  bool json = false;
  bool markdown = false;
  bool chat = false;
};

// With a temperature other than 1 the probabilities are those after it, over the whole vocabulary.
double shown_probability(const Candidate& candidate, const Options& options) {
  return options.temperature == 1.0 ? candidate.probability : candidate.tempered;
}

SamplingSettings shown_settings(const Options& options) { return {options.temperature, 0, 1.0, 0.0}; }

// The best tokens; printed unless JSON is wanted.
nlohmann::json best_tokens(const Distribution& result, const Tokenizer& tokenizer, const Options& options) {
  const auto count = std::min<std::size_t>(static_cast<std::size_t>(options.top), result.ranked.size());
  nlohmann::json list = nlohmann::json::array();
  for (std::size_t rank = 0; rank < count; ++rank) {
    const Candidate& candidate = result.ranked[rank];
    nlohmann::json entry = token_json(tokenizer, candidate.id);
    entry["probability"] = number_json(shown_probability(candidate, options));
    entry["logit"] = number_json(candidate.logit);
    if (!options.json && !options.markdown) {
      fmt::print("{:3}  {:<20} {:>7}  {:8.4f}%  {:9.4f}\n", rank + 1,
                 "|" + visible_bytes(tokenizer.bytes(candidate.id)) + "|", candidate.id,
                 100.0 * shown_probability(candidate, options), candidate.logit);
    }
    list.push_back(std::move(entry));
  }
  if (options.markdown) fmt::print("{}", markdown_table(result, tokenizer, count));
  return list;
}

nlohmann::json best_tokens_at(const Trace& trace, std::int64_t position, const Options& options) {
  return best_tokens(distribution_at(trace, position, shown_settings(options)), *trace.model().tokenizer,
                     options);
}

void print_next(nlohmann::json list, const Options& options) {
  if (options.json) print_json({{"next", std::move(list)}});
}

void fill_masks(const Trace& trace, const Options& options) {
  const Tokenizer& tokenizer = *trace.model().tokenizer;
  const std::optional<TokenId> mask = tokenizer.mask_token();
  nlohmann::json masks = nlohmann::json::array();
  for (std::int64_t position = 0; position < trace.positions(); ++position) {
    if (trace.tokens()[static_cast<std::size_t>(position)] != mask) continue;
    if (!options.json) fmt::print("at position {}\n", position);
    masks.push_back({{"position", position}, {"next", best_tokens_at(trace, position, options)}});
  }
  if (masks.empty()) {
    throw UserError(fmt::format("this model fills in masked tokens: write {} where one is to be found.",
                                mask ? tokenizer.bytes(*mask) : "its mask token"));
  }
  if (options.json) print_json({{"masks", std::move(masks)}});
}

void print_classes(const Trace& trace, const Options& options) {
  const Distribution classes = distribution(trace.row(Hook::class_logits, 0, 0), shown_settings(options));
  nlohmann::json list = nlohmann::json::array();
  for (const Candidate& candidate : classes.ranked) {
    const std::string& name = trace.model().label_names[static_cast<std::size_t>(candidate.id)];
    const double probability = shown_probability(candidate, options);
    if (!options.json) fmt::print("{:<20} {:8.4f}%  {:9.4f}\n", name, 100.0 * probability, candidate.logit);
    list.push_back({{"class", name},
                    {"id", candidate.id},
                    {"probability", number_json(probability)},
                    {"logit", number_json(candidate.logit)}});
  }
  if (options.json) print_json({{"classes", std::move(list)}});
}

void next(const Options& options) {
  const auto [model, recurrent] = open_language_model(options.compute.model);
  const auto backend = open_backend(options.compute);
  if (recurrent) {
    const Tensor logits = next_logits(
        recurrent, *backend)(recurrent_tokens(*recurrent, options.text, options.source, options.chat));
    const Distribution result = distribution(logits.values(), shown_settings(options));
    return print_next(best_tokens(result, *recurrent->tokenizer, options), options);
  }
  const auto trace =
      run_forward(model, *backend,
                  text_request(*model, options.chat ? as_chat(*model, options.text) : options.text,
                               options.source, Wanted::next_token));
  switch (model->architecture.head) {
    case OutputHead::masked_lm:
      return fill_masks(*trace, options);
    case OutputHead::classifier:
      return print_classes(*trace, options);
    case OutputHead::language_model:
    case OutputHead::none:  // says why not
      break;
  }
  print_next(best_tokens_at(*trace, trace->positions() - 1, options), options);
}

}  // namespace

void add_next(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("next", "The most likely next tokens, over the whole vocabulary");
  add_compute_options(*command, options->compute);
  add_source_options(*command, options->source);
  command->add_option("--text", options->text, "The text to continue")->required();
  command->add_option("--top", options->top, "How many tokens")->check(CLI::Range(1, 1 << 24));
  command->add_option("--temperature", options->temperature, "Divides the logits; 0 takes the likeliest")
      ->check(CLI::Range(0.0, 1000.0));
  command->add_flag("--chat", options->chat, "The text is the user's turn of a conversation");
  CLI::Option* json = command->add_flag("--json", options->json, "One JSON object and nothing else");
  command->add_flag("--markdown", options->markdown, "A table in Markdown")->excludes(json);
  command->callback([options, &exit_code] { exit_code = run_guarded([&] { next(*options); }); });
}

}  // namespace headlight

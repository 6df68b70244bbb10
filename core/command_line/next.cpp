// `headlight next`: the most likely next tokens over the whole vocabulary.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/analysis/distribution.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"

namespace headlight {
namespace {

struct Options {
  ComputeOptions compute;
  std::string text;
  std::int64_t top = 10;
  double temperature = 1.0;
  bool json = false;
};

// With a temperature other than 1 the probabilities are those after it, over the whole vocabulary.
double shown_probability(const Candidate& candidate, const Options& options) {
  return options.temperature == 1.0 ? candidate.probability : candidate.tempered;
}

void next(const Options& options) {
  const auto model = open_model(options.compute.model);
  const auto trace = run_text(model, options.compute, options.text, Wanted::next_token);
  const SamplingSettings settings{options.temperature, 0, 1.0, 0.0};
  const Distribution result = last_distribution(*trace, settings);
  const auto count = std::min<std::size_t>(static_cast<std::size_t>(options.top), result.ranked.size());
  nlohmann::json list = nlohmann::json::array();
  for (std::size_t rank = 0; rank < count; ++rank) {
    const Candidate& candidate = result.ranked[rank];
    nlohmann::json entry = token_json(*model->tokenizer, candidate.id);
    entry["probability"] = number_json(shown_probability(candidate, options));
    entry["logit"] = number_json(candidate.logit);
    if (!options.json) {
      fmt::print("{:3}  {:<20} {:>7}  {:8.4f} %  {:9.4f}\n", rank + 1,
                 "|" + visible_bytes(model->tokenizer->bytes(candidate.id)) + "|", candidate.id,
                 100.0 * shown_probability(candidate, options), candidate.logit);
    }
    list.push_back(std::move(entry));
  }
  if (options.json) print_json({{"next", std::move(list)}});
}

}  // namespace

void add_next(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("next", "The most likely next tokens, over the whole vocabulary");
  add_compute_options(*command, options->compute);
  command->add_option("--text", options->text, "The text to continue")->required();
  command->add_option("--top", options->top, "How many tokens")->check(CLI::Range(1, 1 << 24));
  command->add_option("--temperature", options->temperature, "Divides the logits; 0 takes the likeliest")
      ->check(CLI::Range(0.0, 1000.0));
  command->add_flag("--json", options->json, "One JSON object and nothing else");
  command->callback([options, &exit_code] { exit_code = run_guarded([&] { next(*options); }); });
}

}  // namespace headlight

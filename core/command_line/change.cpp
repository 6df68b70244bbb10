// `headlight ablate` and `headlight patch`: one change to the running model, and what it does to the next
// token.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "core/analysis/distribution.h"
#include "core/base/errors.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"

namespace headlight {
namespace {

struct Options {
  ComputeOptions compute;
  std::string text;
  std::string source_text;  // patch only
  SourceOptions source;     // ablate only
  std::string hook;
  std::optional<std::int64_t> head;
  std::vector<std::int64_t> positions;
  float scale = 0.0F;  // ablate only
  std::int64_t top = 10;
  bool json = false;
};

Intervention intervention(const Options& options, const Model& model, Operation operation) {
  const ArchitectureDescription& architecture = model.architecture;
  const auto place =
      find_hook(options.hook, architecture.layers, model.encoder ? model.encoder->architecture.layers : 0);
  if (!place) {
    throw UserError(
        fmt::format("the hook '{}' does not exist in this model; names are like {} with layers 0 to {}.",
                    options.hook, hook_name(Hook::z, 0), architecture.layers - 1));
  }
  return {place->hook,       place->layer,         options.head,
          options.positions, std::move(operation), place->in_encoder};
}

// The tokens that are likely before or after the change, with both probabilities and the difference.
void report(const Model& model, const Options& options, const Intervention& change, const Trace& before,
            const Trace& after) {
  const Distribution baseline = last_distribution(before, {});
  const Distribution changed = last_distribution(after, {});
  std::vector<double> changed_probability(baseline.ranked.size());
  std::vector<double> changed_logit(baseline.ranked.size());
  for (const Candidate& candidate : changed.ranked) {
    changed_probability[static_cast<std::size_t>(candidate.id)] = candidate.probability;
    changed_logit[static_cast<std::size_t>(candidate.id)] = candidate.logit;
  }
  double divergence = 0.0;  // KL(baseline || changed), in nats
  for (const Candidate& candidate : baseline.ranked) {
    const double p = candidate.probability;
    const double log_q = changed_logit[static_cast<std::size_t>(candidate.id)] - changed.log_sum_exp;
    if (p > 0.0) divergence += p * (candidate.logit - baseline.log_sum_exp - log_q);
  }
  nlohmann::json list = nlohmann::json::array();
  const auto count = std::min<std::size_t>(static_cast<std::size_t>(options.top), baseline.ranked.size());
  if (!options.json) {
    fmt::print("{}\nKL(baseline || changed) = {:.6g} nats\n{:<20} {:>10} {:>10} {:>10}\n",
               intervention_text(change), divergence, "token", "baseline", "changed", "difference");
  }
  for (std::size_t rank = 0; rank < count; ++rank) {
    const Candidate& candidate = baseline.ranked[rank];
    const double now = changed_probability[static_cast<std::size_t>(candidate.id)];
    if (!options.json) {
      fmt::print("{:<20} {:9.4f}% {:9.4f}% {:+9.4f}%\n",
                 "|" + visible_bytes(model.tokenizer->bytes(candidate.id)) + "|", 100 * candidate.probability,
                 100 * now, 100 * (now - candidate.probability));
    }
    nlohmann::json entry = token_json(*model.tokenizer, candidate.id);
    entry["baseline"] = number_json(candidate.probability);
    entry["changed"] = number_json(now);
    entry["difference"] = number_json(now - candidate.probability);
    entry["baseline_logit"] = number_json(candidate.logit);
    entry["changed_logit"] = number_json(changed_logit[static_cast<std::size_t>(candidate.id)]);
    list.push_back(std::move(entry));
  }
  if (options.json) {
    print_json(
        {{"change", intervention_text(change)}, {"kl", number_json(divergence)}, {"next", std::move(list)}});
  }
}

void run_change(const Options& options, bool patch) {
  const auto model = open_model(options.compute.model);
  const auto backend = open_backend(options.compute);
  ForwardRequest request = text_request(*model, options.text, options.source);
  const auto before = run_forward(model, *backend, request);
  Operation operation = Scale{options.scale};
  if (patch) {
    ForwardRequest source = text_request(*model, options.source_text);
    source.capture.attention_scores = true;  // they may be what is copied
    operation = CopyFrom{run_forward(model, *backend, source)};
  }
  request.interventions = {intervention(options, *model, std::move(operation))};
  const auto after = run_forward(model, *backend, request);
  report(*model, options, request.interventions.front(), *before, *after);
}

void add_common(CLI::App& command, Options& options) {
  add_compute_options(command, options.compute);
  command.add_option("--text", options.text, "The text")->required();
  command.add_option("--hook", options.hook, "Where, for example blocks.5.attn.hook_z")->required();
  command.add_option("--head", options.head, "Only this head");
  command.add_option("--positions", options.positions, "Only these positions: 1,2,3")->delimiter(',');
  command.add_option("--top", options.top, "How many tokens to list")->check(CLI::Range(1, 1 << 24));
  command.add_flag("--json", options.json, "One JSON object and nothing else");
}

}  // namespace

void add_ablate(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("ablate", "Scale a value down, to 0 unless told, and see what changes");
  add_common(*command, *options);
  add_source_options(*command, options->source);
  command->add_option("--scale", options->scale, "0 knocks out, 1 changes nothing");
  command->callback([options, &exit_code] { exit_code = run_guarded([&] { run_change(*options, false); }); });
}

void add_patch(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("patch", "Put a value of a second text in place and see what changes");
  add_common(*command, *options);
  command->add_option("--source-text", options->source_text, "The text to copy from")->required();
  command->callback([options, &exit_code] { exit_code = run_guarded([&] { run_change(*options, true); }); });
}

}  // namespace headlight

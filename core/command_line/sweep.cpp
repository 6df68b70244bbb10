// `headlight sweep`: every head knocked out by itself, and what the prediction loses without it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "core/analysis/head_sweep.h"
#include "core/base/errors.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"
#include "core/session/text_tokens.h"

namespace headlight {
namespace {

struct Options {
  ComputeOptions compute;
  std::string text;
  std::optional<std::string> target, distractor;
  std::optional<std::int64_t> position;
  std::int64_t top = 20;
  bool json = false;
};

std::string piece(const Model& model, TokenId id) {
  return "|" + visible_bytes(model.tokenizer->bytes(id)) + "|";
}

TokenId one_token(const Model& model, const std::string& text, const char* option) {
  require_utf8(text);
  std::vector<Token> tokens = model.tokenizer->encode(text);
  std::erase_if(tokens, [](const Token& token) { return token.begin == token.end; });  // a template's own
  if (tokens.size() == 1) return tokens.front().id;
  throw UserError(fmt::format(
      "{} must be one token of this model, but '{}' is {}; a space in front belongs to the token.", option,
      text, tokens.size()));
}

// As told, or where the mask stands, or the last one.
std::int64_t swept_position(const Options& options, const Trace& trace) {
  const std::int64_t last = trace.positions() - 1;
  const std::int64_t position =
      options.position.value_or(masked_position(trace.model(), trace.tokens()).value_or(last));
  if (position >= 0 && position <= last) return position;
  throw UserError(fmt::format("position {} does not exist; the text has positions 0 to {}.", position, last));
}

void print_table(const Model& model, const HeadSweep& sweep, const Options& options) {
  const SweepAim& aim = sweep.aim;
  fmt::print("{} position {}: ", model.architecture.causal ? "behind" : "at", aim.position);
  if (aim.distractor) {
    fmt::print("{} against {}, {:+.5f} nats\n", piece(model, aim.target), piece(model, *aim.distractor),
               sweep.measure);
  } else {
    fmt::print("{}, ln p = {:.5f}, p = {:.4f}%\n", piece(model, aim.target), sweep.measure,
               100.0 * std::exp(sweep.measure));
  }
  fmt::print("{:<10} {:>12} {:>12} {:>12}\n", "without", "left (nats)", "lost (nats)", "KL (nats)");
  std::vector<std::size_t> order(sweep.effects.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t head) {
    const double lost = std::abs(sweep.effects[head].lost);
    return std::isnan(lost) ? -1.0 : lost;  // last
  });
  order.resize(std::min(order.size(), static_cast<std::size_t>(options.top)));
  for (const std::size_t head : order) {
    const HeadEffect& effect = sweep.effects[head];
    const auto heads = static_cast<std::size_t>(sweep.heads);
    fmt::print("{:<10} {:>12.5f} {:>+12.5f} {:>12.5f}\n", fmt::format("L{} H{}", head / heads, head % heads),
               sweep.measure - effect.lost, effect.lost, effect.divergence);
  }
}

void print_report(const Model& model, const HeadSweep& sweep) {
  nlohmann::json lost = nlohmann::json::array(), divergence = nlohmann::json::array();
  for (std::int64_t layer = 0; layer < sweep.layers; ++layer) {
    nlohmann::json lost_here = nlohmann::json::array(), divergence_here = nlohmann::json::array();
    for (std::int64_t head = 0; head < sweep.heads; ++head) {
      lost_here.push_back(number_json(sweep.of(layer, head).lost));
      divergence_here.push_back(number_json(sweep.of(layer, head).divergence));
    }
    lost.push_back(std::move(lost_here));
    divergence.push_back(std::move(divergence_here));
  }
  nlohmann::json report = {{"position", sweep.aim.position},
                           {"target", token_json(*model.tokenizer, sweep.aim.target)},
                           {"nats", number_json(sweep.measure)},
                           {"lost", std::move(lost)},
                           {"kl", std::move(divergence)}};
  if (sweep.aim.distractor) report["distractor"] = token_json(*model.tokenizer, *sweep.aim.distractor);
  print_json(report);
}

void sweep(const Options& options) {
  const auto model = open_model(options.compute.model);
  const auto backend = open_backend(options.compute);
  const auto trace = run_forward(model, *backend, text_request(*model, options.text));
  if (!has_edited_runs(*trace)) {
    throw UserError(
        "only models that give probabilities to tokens and have no encoder beside them are swept.");
  }
  SweepAim aim;
  aim.position = swept_position(options, *trace);
  aim.target =
      options.target ? one_token(*model, *options.target, "--target") : likeliest_token(*trace, aim.position);
  if (options.distractor) aim.distractor = one_token(*model, *options.distractor, "--distractor");
  const HeadSweep result = head_sweep(*trace, *backend, aim);
  if (options.json) {
    print_report(*model, result);
  } else {
    print_table(*model, result, options);
  }
}

}  // namespace

void add_sweep(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("sweep", "Knock out every head by itself and see what the prediction loses");
  add_compute_options(*command, options->compute);
  command->add_option("--text", options->text, "The text")->required();
  command->add_option("--target", options->target, "The token that is predicted; the likeliest if not given");
  command->add_option("--distractor", options->distractor,
                      "A token to compare with: measures how far the target leads it");
  command->add_option(
      "--position", options->position,
      "Which prediction: behind this token, or at this mask; the last, or the mask, if not given");
  command->add_option("--top", options->top, "How many heads to list, those that matter most")
      ->check(CLI::Range(1, 1 << 24));
  command->add_flag("--json", options->json, "One JSON object with all heads and nothing else");
  command->callback([options, &exit_code] { exit_code = run_guarded([&] { sweep(*options); }); });
}

}  // namespace headlight

// `headlight embed`: the one vector that a sentence encoder makes of a text.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "core/base/errors.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"

namespace headlight {
namespace {

struct Options {
  ComputeOptions compute;
  std::string text;
  bool json = false;
};

void embed(const Options& options) {
  const auto model = open_model(options.compute.model);
  if (model->architecture.pooling == Pooling::none) {
    throw UserError(
        fmt::format("{} does not say how its tokens become one sentence embedding; models that do have a "
                    "modules.json, such as all-minilm-l6-v2.",
                    model->title));
  }
  const auto trace = run_forward(model, *open_backend(options.compute),
                                 text_request(*model, options.text, {}, Wanted::next_token));
  const auto values = trace->row(Hook::sentence_embedding, 0, 0);
  if (options.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const float value : values) list.push_back(number_json(static_cast<double>(value)));
    print_json({{"embedding", std::move(list)}});
    return;
  }
  for (const float value : values) fmt::print("{}\n", value);
}

}  // namespace

void add_embed(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("embed", "The sentence embedding, of encoders that define one");
  add_compute_options(*command, options->compute);
  command->add_option("--text", options->text, "The sentence")->required();
  command->add_flag("--json", options->json, "One JSON object and nothing else");
  command->callback([options, &exit_code] { exit_code = run_guarded([&] { embed(*options); }); });
}

}  // namespace headlight

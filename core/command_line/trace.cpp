// `headlight trace`: every captured value under its hook name, into a file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "core/base/errors.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"
#include "core/forward/trace_file.h"

namespace headlight {
namespace {

struct Options {
  ComputeOptions compute;
  SourceOptions source;
  std::string text;
  std::vector<TokenId> ids;
  std::string out;
  std::string hooks = "*";
  bool chat = false;
};

void trace(const Options& options, bool from_ids) {
  const auto model = open_model(options.compute.model);
  const auto result =
      run_forward(model, *open_backend(options.compute),
                  from_ids ? tokens_request(*model, options.ids, options.source)
                           : text_request(*model, options.chat ? as_chat(*model, options.text) : options.text,
                                          options.source));
  write_trace(*result, options.out, options.hooks);
  fmt::print(stderr, "{}: {} tokens, {:.1f} MB of values, {:.0f} ms\n", options.out, result->positions(),
             static_cast<double>(result->byte_size()) / 1e6, 1e3 * result->seconds);
}

}  // namespace

void add_trace(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("trace", "Every captured value under its hook name, into a file");
  add_compute_options(*command, options->compute);
  add_source_options(*command, options->source);
  CLI::Option* text = command->add_option("--text", options->text, "The text");
  CLI::Option* ids =
      command->add_option("--ids", options->ids, "Token ids, taken as they are: 1,2,3")->delimiter(',');
  text->excludes(ids);
  command->add_flag("--chat", options->chat, "The text is the user's turn of a conversation");
  command->add_option("--out", options->out, "F.npz, F.safetensors, F.csv or F.json")->required();
  command->add_option("--hooks", options->hooks,
                      "Only these: a glob such as 'blocks.5.*', several with commas");
  command->callback([options, text, ids, &exit_code] {
    exit_code = run_guarded([&] {
      if (text->empty() && ids->empty()) throw UsageError("trace needs --text or --ids.");
      trace(*options, !ids->empty());
    });
  });
}

}  // namespace headlight

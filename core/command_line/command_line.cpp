// The parser: every sub-command adds itself; the rest are the window's options.
#include "core/command_line/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>

#include "core/command_line/commands.h"
#include "core/session/document_names.h"

namespace headlight {
namespace {

// "1440x900", each side from 320 to 16,384 pixels.
bool parse_size(const std::string& text, int& width, int& height) {
  const char* end = text.data() + text.size();
  const auto [x, width_error] = std::from_chars(text.data(), end, width);
  if (width_error != std::errc() || x == end || *x != 'x') return false;
  const auto [rest, height_error] = std::from_chars(x + 1, end, height);
  return height_error == std::errc() && rest == end && width >= 320 && width <= 16384 && height >= 240 &&
         height <= 16384;
}

// The tabs, the pictures of attention and of embeddings, and the parts of the lens.
std::vector<std::string> view_names() {
  std::vector<std::string> names;
  for (const auto& [name, view] : center_views) names.emplace_back(name);
  for (const auto& [name, mode] : attention_modes) names.emplace_back(name);
  for (const auto& [name, picture] : embedding_pictures) names.emplace_back(name);
  for (const auto& [name, part] : lens_parts) names.emplace_back(name);
  return names;
}

void add_window_options(CLI::App& app, StartOptions& options) {
  add_compute_options(app, options.compute);
  app.add_option("--text", options.text, "Start with this text");
  app.add_option("--source-text", options.source_text, "What an encoder-decoder's encoder reads");
  app.add_option("--lang", options.language, "Language of the window")->check(CLI::IsMember({"en", "ko"}));
  app.add_option("--view", options.view, "Start in this view")->check(CLI::IsMember(view_names()));
  app.add_option("--theme", options.theme, "Colours")->check(CLI::IsMember({"dark", "light"}));
  app.add_option("--lesson", options.lesson, "Start this lesson (headlight lessons list)");
  app.add_option("--step", options.lesson_step, "Its step, from 0")->check(CLI::Range(0, 1000));
  app.add_option("--train-steps", options.train_steps,
                 "Learn so many steps in the view `learning`, then pause")
      ->check(CLI::Range(std::int64_t{0}, most_learning_steps));
  app.add_option("--dialog", options.dialog, "Open this dialog")
      ->check(CLI::IsMember({"model", "catalog", "help"}))
      ->group("");  // for pictures; not listed
  app.add_option("--part", options.part, "Open this part of the flow, or this page about the model")
      ->check(CLI::IsMember({"attention", "mlp", "picture", "tensors", "others", "check"}))
      ->group("");
  app.add_option("--layer", options.layer, "Look at this layer, from 0")->check(CLI::Range(0, 100000));
  app.add_option("--head", options.head, "Look at this head, from 0")->check(CLI::Range(0, 100000));
  app.add_option_function<std::string>(
         "--size",
         [&options](const std::string& text) {
           if (!parse_size(text, options.width, options.height)) {
             throw CLI::ValidationError("--size", "'" + text + "' is not WIDTHxHEIGHT, such as 1440x900");
           }
         },
         "Size in points, WIDTHxHEIGHT")
      ->option_text("WxH");
  app.add_option("--scale", options.scale, "Pixels a point")->check(CLI::Range(0.5, 4.0));
  app.add_option("--zoom", options.zoom, "Size of all type, 1 is normal")->check(CLI::Range(0.75, 2.5));
  app.add_flag("--presenter", options.presenter, "Start in presenter mode: large type, no bars");
  app.add_option("file,--session", options.file, "Open this session, model or text")
      ->check(CLI::ExistingPath)
      ->option_text("FILE");
  app.add_option("--screenshot", options.screenshot,
                 "Draw the window off screen into this .png or .svg and exit");
  app.add_option("--panel", options.panel, "What the screenshot shows")
      ->check(CLI::IsMember({"window", "center", "next", "inspector", "prompt", "lesson"}));
}

// Its other words are the window's own: --model, --theme, --screenshot …
const CLI::App* add_view(CLI::App& app, StartOptions& options) {
  CLI::App* command = app.add_subcommand(
      "view", "Open a trace made elsewhere: with TransformerLens or transformers, or by `headlight trace`");
  command->fallthrough();
  command->add_option("trace", options.file, "F.npz or F.safetensors")->required()->check(CLI::ExistingFile);
  return command;
}

}  // namespace

CommandLine run_command_line(int argc, char** argv, const FrameBench& frames) {
  CommandLine result;
  CLI::App app("Watch a transformer think while you type. Without a sub-command: open the window.",
               "headlight");
  app.set_version_flag("--version", std::string("headlight ") + HEADLIGHT_VERSION);
  app.require_subcommand(0, 1);
  add_window_options(app, result.options);
  add_tokenize(app, result.exit_code);
  add_next(app, result.exit_code);
  add_trace(app, result.exit_code);
  add_embed(app, result.exit_code);
  add_generate(app, result.exit_code);
  add_ablate(app, result.exit_code);
  add_patch(app, result.exit_code);
  add_sweep(app, result.exit_code);
  add_models(app, result.exit_code);
  add_train(app, result.exit_code);
  add_lessons(app, result.exit_code);
  add_bench(app, result.exit_code, frames);
  const CLI::App* view = add_view(app, result.options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    app.exit(wanted);
    return result;
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "headlight: {}\nRun `headlight --help` to see what there is.\n", error.what());
    result.exit_code = 2;
    return result;
  }
  result.window = app.get_subcommands().empty() || view->parsed();
  result.options.model_given = app.count("--model") > 0;
  return result;
}

}  // namespace headlight

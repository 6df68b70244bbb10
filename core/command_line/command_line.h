// The words after `headlight`: a sub-command that runs at once, or the options of the window.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/command_line/common.h"
#include "core/command_line/frame_figures.h"

namespace headlight {

struct StartOptions {
  ComputeOptions compute;
  bool model_given = false;
  std::optional<std::string> text;
  std::optional<std::string> source_text;  // what an encoder-decoder's encoder reads
  std::optional<std::string> language;     // "en", "ko"
  std::optional<std::string> view;         // a name of document_names.h
  std::optional<std::string> theme;        // "dark", "light"
  std::optional<std::string> lesson;
  std::int64_t lesson_step = 0;
  std::int64_t train_steps = 0;  // of the learning view, before the picture is drawn
  std::string dialog;            // "model", "catalog", "help": open at the start
  std::string part;              // of the flow or of what is said about the model: open at the start
  std::optional<std::int64_t> layer;
  std::optional<std::int64_t> head;
  int width = 1440;
  int height = 900;
  float scale = 1.0F;
  std::optional<float> zoom;  // of all type, 0.75 to 2.5; the settings' own if empty
  bool presenter = false;
  std::string screenshot;        // .png or .svg; empty: a real window
  std::string panel = "window";  // what the screenshot shows
  std::string file;  // a session, model, text or trace to open; empty: what was open the last time
};

struct CommandLine {
  bool window = false;  // no sub-command was named
  int exit_code = 0;    // of the sub-command, of --help, or 2 for words that make no sense
  StartOptions options;
};

// Parses the words and runs the sub-command, if one is named. `frames`: what `bench` measures the window
// with.
CommandLine run_command_line(int argc, char** argv, const FrameBench& frames = {});

// For a terminal without a display: tokens, top next tokens and the strongest attention of a text.
void print_tour(const std::shared_ptr<const Model>& model, const ComputeOptions& options,
                const std::string& text);

}  // namespace headlight

// Every sub-command: each adds itself to the parser and sets the exit code when it has run.
#pragma once

#include "core/command_line/frame_figures.h"

namespace CLI {
class App;
}

namespace headlight {

void add_tokenize(CLI::App& app, int& exit_code);
void add_next(CLI::App& app, int& exit_code);
void add_trace(CLI::App& app, int& exit_code);
void add_embed(CLI::App& app, int& exit_code);
void add_generate(CLI::App& app, int& exit_code);
void add_ablate(CLI::App& app, int& exit_code);
void add_patch(CLI::App& app, int& exit_code);
void add_sweep(CLI::App& app, int& exit_code);
void add_models(CLI::App& app, int& exit_code);
void add_train(CLI::App& app, int& exit_code);
void add_lessons(CLI::App& app, int& exit_code);
// `frames` measures the window; empty: this program has none.
void add_bench(CLI::App& app, int& exit_code, const FrameBench& frames = {});

}  // namespace headlight

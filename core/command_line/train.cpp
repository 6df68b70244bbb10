// `headlight train`: one run from a config, with progress; interrupted, it goes on where it stopped.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>

#include "core/backends/backend_list.h"
#include "core/backends/cpu/thread_pool.h"
#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"
#include "core/training/training_run.h"

namespace headlight {
namespace {

struct Options {
  std::string config;
  std::string corpora;
  std::string out;
  std::string device = "auto";
  int threads = 0;
  std::int64_t steps = 0;  // 0: to the end
};

using Clock = std::chrono::steady_clock;
constexpr auto between_states = std::chrono::minutes(2);
constexpr std::int64_t sample_tokens = 60;

volatile std::sig_atomic_t interrupted = 0;

// Ctrl+C ends after the step that runs; a second one at once.
void stop_softly(int) {
  if (interrupted != 0) _exit(130);
  interrupted = 1;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

// One line that is written over on a terminal; elsewhere a line for every fifty steps.
class Progress {
 public:
  void preparation(const char* what, float share) {
    if (interrupted != 0) throw UserError("stopped before the first step; nothing was written.");
    const int percent = static_cast<int>(share * 100.0F);
    if (what == what_ && percent / 5 == percent_ / 5) return;
    if (!terminal_ && what == what_) return;
    what_ = what;
    percent_ = percent;
    line(fmt::format("{} … {}%", what, percent));
  }

  void step(const TrainingRun& run, const StepReport& report, double tokens_a_second, double left) {
    const std::int64_t done = run.steps_done();
    if (!terminal_ && done % 50 != 0 && !run.finished()) return;
    line(fmt::format(
        "step {} of {}   loss {:.3f}   gradient {:.2f}   {:.1f} M tokens   {:.0f} tokens/s   {} left", done,
        run.config().training.optimizer.steps, report.loss, report.gradient_length,
        static_cast<double>(run.tokens_done()) / 1e6, tokens_a_second, duration_text(left)));
  }

  // What became of the GPU, when there is something new.
  void device(const Bilingual& note) {
    if (note == device_) return;
    device_ = note;
    end_line();
    fmt::print(stderr, "{}\n", note.en);
  }

  // For what is printed between.
  void end_line() {
    if (open_) fmt::print(stderr, "\r\033[K");
    open_ = false;
  }

 private:
  void line(const std::string& text) {
    if (terminal_) {
      fmt::print(stderr, "\r{}\033[K", text);
      open_ = true;
    } else {
      fmt::print(stderr, "{}\n", text);
    }
    std::fflush(stderr);
  }

  bool terminal_ = isatty(STDERR_FILENO) != 0;
  bool open_ = false;
  std::string what_;
  int percent_ = -1;
  Bilingual device_;
};

ComputeDevice training_device(const std::string& name) {
  if (name == "reference") {
    throw told<UserError>("The device 'reference' does not train. Choose 'auto', 'cpu' or a GPU.",
                          "'reference' 장치로는 학습할 수 없습니다. 'auto'나 'cpu', GPU를 골라 주세요.");
  }
  return gpu_behind(name);
}

void print_measurement(TrainingRun& run) {
  const Measurement& measurement = run.measure();
  const Method method = run.config().training.method;
  const char* scored = method == Method::labels ? "token" : "pair";
  for (const HeldOutLoss& loss : measurement.losses) {
    if (method == Method::policy_gradient) {
      fmt::print("step {}, held-out {}: reward {:.3f}, {:.4f} nats a token from where it began\n",
                 measurement.step, loss.source, loss.reward, loss.per_token);
      continue;
    }
    fmt::print("step {}, held-out {}: {:.4f} nats a {}{}, {:.1f}% right\n", measurement.step, loss.source,
               loss.per_token, scored,
               loss.per_byte > 0.0 ? fmt::format(", {:.4f} a byte", loss.per_byte) : "",
               100.0 * loss.accuracy);
  }
  for (const std::string& text : run.config().training.samples) {
    fmt::print("  {} |{}\n", text, run.sample(text, sample_tokens, 1));
  }
  std::fflush(stdout);
}

void train(const Options& options) {
  ComputeDevice device = training_device(options.device);
  TrainingConfig config = read_training_config(options.config);
  const std::string out = options.out.empty() ? config.name : options.out;
  Progress progress;
  interrupted = 0;
  std::signal(SIGINT, stop_softly);
  std::signal(SIGTERM, stop_softly);
  TrainingRun run(
      std::move(config), options.corpora, out, options.threads > 0 ? options.threads : physical_cores(),
      [&](const char* what, float share) { progress.preparation(what, share); }, std::move(device));
  progress.end_line();
  fmt::print("{}: {} parameters, {} of {} steps done, in {}\n", run.config().name, run.parameter_count(),
             run.steps_done(), run.config().training.optimizer.steps, out);
  std::fflush(stdout);
  if (run.steps_done() == 0) run.write_state_file();  // what a run that goes astray leaves
  run.write_model_files();

  const std::int64_t last =
      options.steps > 0 ? std::min(run.steps_done() + options.steps, run.config().training.optimizer.steps)
                        : run.config().training.optimizer.steps;
  const auto start = Clock::now();
  auto stated = start;
  const std::int64_t tokens_before = run.tokens_done(), steps_before = run.steps_done();
  while (run.steps_done() < last && interrupted == 0) {
    const StepReport report = run.step();
    progress.device(run.device_note());
    const double passed = seconds_since(start);
    const auto steps = static_cast<double>(run.steps_done() - steps_before);
    progress.step(run, report, static_cast<double>(run.tokens_done() - tokens_before) / passed,
                  static_cast<double>(last - run.steps_done()) * passed / steps);
    if (run.steps_done() % run.config().training.evaluate_every == 0 || run.steps_done() == last) {
      progress.end_line();
      print_measurement(run);
      progress.device(run.device_note());
    }
    if (run.is_checked() && Clock::now() - stated > between_states) {
      run.write_state_file();
      run.write_model_files();
      stated = Clock::now();
    }
  }
  progress.end_line();
  run.write_state_file();
  run.write_model_files();
  fmt::print("{} steps done, {} s; the model is in {}{}\n", run.steps_done(),
             static_cast<std::int64_t>(seconds_since(start)), out,
             run.finished() ? "" : "; the same command goes on from here");
}

}  // namespace

void add_train(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("train", "Train a small model, or go on with one");
  command->add_option("--config", options->config, "What to train and from what: assets/training has some")
      ->required();
  command->add_option("--corpora", options->corpora, "The folder with the texts that the config names")
      ->required();
  command->add_option("--out", options->out, "The folder of the model; its name if left out");
  command->add_option("--device", options->device, "auto, cpu, cuda, cuda-tf32 or cuda-bf16");
  command->add_option("--threads", options->threads, "0: one a physical core")->check(CLI::Range(0, 1024));
  command->add_option("--steps", options->steps, "Stop after so many steps, to go on later")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 31));
  command->callback([options, &exit_code] { exit_code = run_guarded([&] { train(*options); }); });
}

}  // namespace headlight

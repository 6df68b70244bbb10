// `headlight bench`: how fast this machine opens and runs a model, where the time goes, and what it takes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <set>

#include "core/backends/cpu/instruction_sets.h"
#include "core/backends/cpu/machine_limits.h"
#include "core/base/errors.h"
#include "core/base/memory.h"
#include "core/command_line/bench_report.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"
#include "core/session/text_tokens.h"

namespace headlight {
namespace {

struct Options {
  ComputeOptions compute;
  std::vector<std::int64_t> tokens = {16, 64, 128, 256, 512, 2048};
  std::vector<std::string> only;
  int repeats = 7;
  bool json = false;
  bool scenes = false;  // frames of every view, and nothing else

  bool wants(const std::string& part) const {
    return only.empty() || std::ranges::find(only, part) != only.end();
  }
};

const std::vector<std::string> parts = {"memory", "load",  "machine", "cold",    "append",
                                        "edit",   "sweep", "capture", "profile", "frames"};

constexpr const char* first_text = "The capital of France is";

void say(const std::string& what) { fmt::print(stderr, "bench: {}\n", what); }

// "model name : AMD EPYC ...", as Linux spells it on x86.
std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

// From the file to the values of a first text.
void load_once(const Options& options, LoadFigures& figures) {
  const double start = wall_seconds();
  const auto model = open_model(options.compute.model);
  figures.opened.seconds.push_back(wall_seconds() - start);
  SourceOptions source;
  if (model->encoder) source.text = first_text;
  const ForwardRequest request = text_request(*model, first_text, source);
  figures.first_tokens.seconds.push_back(wall_seconds() - start);
  run_forward(model, *open_backend(options.compute), request);
  figures.first_values.seconds.push_back(wall_seconds() - start);
}

std::int64_t peak() {
  const auto bytes = peak_memory();
  if (!bytes) throw UserError("the system does not say how much memory was used (/proc/self/status: VmHWM).");
  return *bytes;
}

// Must come first: the peak is the process's own, whatever it did before.
MemoryFigures measure_memory(const Options& options) {
  const auto model = open_model(options.compute.model);
  const auto backend = open_backend(options.compute);
  PassBench bench(model, *backend, 1);
  MemoryFigures figures;
  figures.tokens = bench.append_base();
  figures.trace_bytes = bench.run_edits(0);
  figures.peak_cold = peak();
  bench.run_edits(20);
  figures.peak_edits = peak();
  return figures;
}

MachineFigures measure_machine(const BenchReport& report) {
  ThreadPool pool(report.threads);
  return {.flops = peak_flops(report.kernels, pool),
          .memory_bandwidth = read_bandwidth(std::int64_t{1} << 28, pool),
          .cache_bandwidth = read_bandwidth(std::int64_t{1} << 23, pool)};
}

// Adds what `measure` finds; a text that is too long to be kept is left out with the reason.
template <class Measure>
void collect(BenchReport& report, const std::string& what, const Measure& measure) {
  say(what);
  try {
    measure();
  } catch (const UserError& error) {
    report.left_out.push_back(fmt::format("{}: {}", what, error.what()));
    say(report.left_out.back());
  }
}

void measure_passes(const Options& options, BenchReport& report, Backend& backend) {
  PassBench bench(report.model, backend, options.repeats,
                  report.processor_time ? processor_seconds : wall_seconds);
  const std::int64_t context = report.model->architecture.context;
  std::vector<Capture> captures = {Capture::everything};
  if (options.wants("capture")) captures = {Capture::everything, Capture::rows, Capture::next_token};
  const auto keep = [&](const std::vector<PassFigures>& found) {
    report.passes.insert(report.passes.end(), found.begin(), found.end());
  };
  if (options.wants("cold")) {
    std::set<std::int64_t> lengths;
    for (const std::int64_t tokens : options.tokens) lengths.insert(std::min(tokens, context));
    for (const std::int64_t tokens : lengths) {
      collect(report, fmt::format("cold pass, {} tokens", tokens),
              [&] { keep(bench.cold(tokens, captures)); });
    }
  }
  const std::int64_t base = bench.append_base();
  if (options.wants("append") && base < context) {
    collect(report, fmt::format("one token more than {}", base), [&] { keep(bench.append(captures)); });
  }
  if (options.wants("edit")) {
    collect(report, fmt::format("another token in the middle of {}", base),
            [&] { keep(bench.edit(captures)); });
  }
  if (options.wants("sweep")) collect(report, "heads knocked out side by side", [&] { keep(bench.sweep()); });
  if (!options.wants("profile")) return;
  const std::int64_t tokens = std::min<std::int64_t>(256, context);
  for (const PassKind kind : {PassKind::cold, PassKind::append, PassKind::edit}) {
    if (kind == PassKind::append && base >= context) continue;
    collect(report, fmt::format("where the time goes: {}", pass_kind_name(kind)),
            [&] { report.profiles.push_back(bench.profile(kind, tokens)); });
  }
}

void bench(const Options& options, const FrameBench& frames) {
  BenchReport report;
  if (options.wants("memory")) {
    say("memory");
    report.memory = measure_memory(options);
  }
  if (options.wants("load")) {
    say("opening the model");
    report.load.emplace();
    for (int i = 0; i < options.repeats; ++i) load_once(options, *report.load);
  }
  if (options.wants("frames")) {
    collect(report, "frames of the window", [&] {
      if (!frames) throw UserError("this program was built without the window.");
      report.frames = frames(options.compute, options.scenes);
    });
  }
  report.model = open_model(options.compute.model);
  const auto backend = open_backend(options.compute);
  report.processor = processor_name();
  report.device = backend->name();
  const bool is_cpu = report.device == "cpu";
  report.threads = options.compute.threads > 0 ? options.compute.threads : physical_cores();
  if (is_cpu) report.kernels = chosen_kernels().name;
  if (report.device == "reference") report.threads = 1;
  report.processor_time = report.threads == 1 && (is_cpu || report.device == "reference");
  if (options.wants("machine") && is_cpu) {
    say("what the machine can do");
    report.machine = measure_machine(report);
  }
  measure_passes(options, report, *backend);
  if (options.json) {
    print_json(report_json(report));
  } else {
    print_report(report);
  }
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code, const FrameBench& frames) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("bench", "How fast a model opens and runs here, and where the time goes");
  add_compute_options(*command, options->compute);
  command
      ->add_option("--tokens", options->tokens,
                   "Lengths of the cold passes, cut at the context: 16,64,128,256,512,2048")
      ->delimiter(',')
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 24));
  command
      ->add_option(
          "--only", options->only,
          "Measure only these: memory, load, machine, frames, cold, append, edit; capture (these three again "
          "with less kept), sweep (64 heads knocked out side by side), profile")
      ->delimiter(',')
      ->check(CLI::IsMember(parts));
  command->add_option("--repeats", options->repeats, "Runs of each pass, at least")
      ->check(CLI::Range(1, 10000));
  command->add_flag(
      "--frames", options->scenes,
      "Only frames of the window: every view, with texts of several lengths, beside what they may cost");
  command->add_flag("--json", options->json, "One JSON object and nothing else; times in seconds");
  command->footer(
      "Times are medians over passes on made-up token ids, the same every time; of the processor with one "
      "thread, on the wall with more and on a GPU.");
  command->callback([options, frames, &exit_code] {
    exit_code = run_guarded([&] {
      if (options->scenes) options->only = {"frames"};
      bench(*options, frames);
    });
  });
}

}  // namespace headlight

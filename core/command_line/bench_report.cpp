// Rates are derived here: two operations a multiply-add, and bytes of weights as they lie in memory.
#include "core/command_line/bench_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace headlight {
namespace {

nlohmann::json samples_json(const Samples& samples) {
  return {{"median", samples.median()}, {"best", samples.best()}, {"seconds", samples.seconds}};
}

nlohmann::json pass_json(const PassFigures& pass) {
  const double seconds = pass.samples.median();
  nlohmann::json result = samples_json(pass.samples);
  result.update({{"kind", pass_kind_name(pass.kind)},
                 {"capture", capture_name(pass.capture)},
                 {"attention_maps", pass.attention_maps},
                 {"tokens", pass.tokens},
                 {"computed", pass.computed},
                 {"trace_bytes", pass.trace_bytes},
                 {"multiply_adds", pass.multiply_adds},
                 {"weight_bytes", pass.weight_bytes},
                 {"flops_a_second", 2.0 * pass.multiply_adds / seconds},
                 {"weight_bytes_a_second", pass.weight_bytes / seconds}});
  return result;
}

nlohmann::json scenes_json(const std::vector<SceneFigures>& scenes) {
  nlohmann::json found = nlohmann::json::array();
  for (const SceneFigures& scene : scenes) {
    nlohmann::json one = samples_json(scene.frames);
    one.update({{"scene", scene.name},
                {"tokens", scene.tokens},
                {"budget", scene.budget},
                {"usual_most", scene.usual_most()},
                {"within_budget", scene.usual_most() <= scene.budget}});
    found.push_back(std::move(one));
  }
  return found;
}

nlohmann::json frames_json(const FrameFigures& frames) {
  return {{"width", frames.width},
          {"height", frames.height},
          {"first_frame", frames.first_frame},
          {"first_picture", frames.first_picture},
          {"still", samples_json(frames.still)},
          {"typing", samples_json(frames.typing)},
          {"drawn", samples_json(frames.drawn)},
          {"scenes", scenes_json(frames.scenes)}};
}

nlohmann::json profile_json(const PassProfile& profile) {
  nlohmann::json operations = nlohmann::json::array();
  for (const OperationCost& cost : profile.operations) {
    operations.push_back({{"operation", cost.operation},
                          {"calls", cost.calls},
                          {"seconds", cost.seconds},
                          {"multiply_adds", cost.multiply_adds},
                          {"weight_bytes", cost.weight_bytes},
                          {"value_bytes", cost.value_bytes}});
  }
  return {{"kind", pass_kind_name(profile.kind)},
          {"tokens", profile.tokens},
          {"seconds", profile.seconds},
          {"operations", std::move(operations)},
          {"layers", profile.layers},
          {"after_layers", profile.after_layers}};
}

}  // namespace

double SceneFigures::usual_most() const {
  if (frames.seconds.empty()) return 0.0;
  std::vector<double> sorted = frames.seconds;
  std::ranges::sort(sorted);
  return sorted[(sorted.size() - 1) * 19 / 20];
}

namespace {

double megabytes(std::int64_t bytes) { return static_cast<double>(bytes) * 1e-6; }

// "(31 %)" of a rate that the machine reaches; nothing when that was not measured.
std::string share(double rate, double limit) {
  return limit > 0.0 ? fmt::format("({:.0f}%)", 100.0 * rate / limit) : std::string();
}

void print_head(const BenchReport& report) {
  const Model& model = *report.model;
  fmt::print("{} · {} · {:.1f} M parameters · {:.1f} MB\n", model.title, model.number_format,
             static_cast<double>(model.parameters) * 1e-6, megabytes(model.file_bytes));
  fmt::print("{} · {}{}{} · {} thread{}\n", report.processor, report.device,
             report.kernels.empty() ? "" : ", ", report.kernels, report.threads,
             report.threads == 1 ? "" : "s");
  if (report.machine) {
    fmt::print("machine   {:.1f} GFLOP/s in registers; reading {:.1f} GB/s (256 MiB), {:.1f} GB/s (8 MiB)\n",
               report.machine->flops * 1e-9, report.machine->memory_bandwidth * 1e-9,
               report.machine->cache_bandwidth * 1e-9);
  }
  if (report.load) {
    const auto print = [](const char* what, const Samples& samples) {
      fmt::print(" {} {:.1f} ms (best {:.1f}){}", what, 1e3 * samples.median(), 1e3 * samples.best(),
                 what[0] == 'o' ? ";" : "");
    };
    fmt::print("load     ");
    print("opened", report.load->opened);
    print("first tokens", report.load->first_tokens);
    fmt::print(";");
    print("first values", report.load->first_values);
    fmt::print("\n");
  }
  if (report.memory) {
    const MemoryFigures& memory = *report.memory;
    const double accounted = megabytes(model.file_bytes + memory.trace_bytes);
    fmt::print(
        "memory    {} tokens: peak {:.0f} MB = file {:.0f} + trace {:.0f} + {:.0f}; after twenty edits "
        "{:.0f} "
        "MB\n",
        memory.tokens, megabytes(memory.peak_cold), megabytes(model.file_bytes),
        megabytes(memory.trace_bytes), megabytes(memory.peak_cold) - accounted, megabytes(memory.peak_edits));
  }
}

void print_frames(const FrameFigures& frames) {
  fmt::print("window    first frame {:.0f} ms, first picture {:.0f} ms ({} x {})\n", 1e3 * frames.first_frame,
             1e3 * frames.first_picture, frames.width, frames.height);
  const auto largest = [](const Samples& samples) { return std::ranges::max(samples.seconds); };
  const auto print = [&](const char* what, const Samples& samples) {
    fmt::print("{} {:.2f} (largest {:.2f})", what, 1e3 * samples.median(), 1e3 * largest(samples));
  };
  print("frames    ms of the interface's thread: still", frames.still);
  print(", typing", frames.typing);
  print("; on the wall, with drawing", frames.drawn);
  fmt::print("\n");
  if (frames.scenes.empty()) return;
  fmt::print("\n{:<26}{:>7}{:>11}{:>9}{:>10}{:>9}\n", "scene, ms a frame", "tokens", "median", "19 of 20",
             "largest", "may be");
  for (const SceneFigures& scene : frames.scenes) {
    fmt::print("{:<26}{:>7}{:>11.2f}{:>9.2f}{:>10.2f}{:>9.1f}{}\n", scene.name, scene.tokens,
               1e3 * scene.frames.median(), 1e3 * scene.usual_most(), 1e3 * largest(scene.frames),
               1e3 * scene.budget, scene.usual_most() <= scene.budget ? "" : "  over");
  }
}

void print_passes(const BenchReport& report) {
  const MachineFigures limits = report.machine.value_or(MachineFigures{});
  fmt::print("\n{:<7}{:>7}{:>9}  {:<20}{:>10}{:>9}{:>6}{:>16}{:>15}{:>10}\n", "pass", "tokens", "computed",
             "kept", "median ms", "best ms", "runs", "GFLOP/s", "weights GB/s", "trace MB");
  for (const PassFigures& pass : report.passes) {
    const double seconds = pass.samples.median();
    const double flops = 2.0 * pass.multiply_adds / seconds, reading = pass.weight_bytes / seconds;
    const bool without_maps = pass.capture == Capture::everything && !pass.attention_maps;
    fmt::print("{:<7}{:>7}{:>9}  {:<20}{:>10.2f}{:>9.2f}{:>6}{:>7.1f} {:<8}{:>7.2f} {:<7}{:>10.1f}\n",
               pass_kind_name(pass.kind), pass.tokens, pass.computed,
               without_maps ? "everything but maps" : capture_name(pass.capture), 1e3 * seconds,
               1e3 * pass.samples.best(), pass.samples.seconds.size(), flops * 1e-9,
               share(flops, limits.flops), reading * 1e-9, share(reading, limits.memory_bandwidth),
               megabytes(pass.trace_bytes));
  }
}

void print_profile(const PassProfile& profile, const MachineFigures& limits) {
  fmt::print("\nwhere the time goes: {} {}, {:.2f} ms (fastest run)\n", pass_kind_name(profile.kind),
             profile.tokens, 1e3 * profile.seconds);
  fmt::print("{:<30}{:>7}{:>11}{:>7}{:>16}{:>15}{:>14}\n", "operation", "calls", "ms", "%", "GFLOP/s",
             "weights GB/s", "values GB/s");
  std::vector<OperationCost> sorted = profile.operations;
  std::ranges::stable_sort(sorted, std::greater{}, &OperationCost::seconds);
  double inside = 0.0;
  for (const OperationCost& cost : sorted) {
    inside += cost.seconds;
    const auto rate = [&](double amount, double limit) {
      if (amount == 0.0) return std::string();
      return fmt::format("{:.1f} {:<7}", amount * 1e-9 / cost.seconds, share(amount / cost.seconds, limit));
    };
    fmt::print("{:<30}{:>7}{:>11.3f}{:>7.1f}{:>16}{:>15}{:>14.1f}\n", cost.operation, cost.calls,
               1e3 * cost.seconds, 100.0 * cost.seconds / profile.seconds,
               rate(2.0 * cost.multiply_adds, limits.flops), rate(cost.weight_bytes, limits.memory_bandwidth),
               cost.value_bytes * 1e-9 / cost.seconds);
  }
  fmt::print("{:<30}{:>7}{:>11.3f}{:>7.1f}\n", "between operations", "", 1e3 * (profile.seconds - inside),
             100.0 * (1.0 - inside / profile.seconds));
  fmt::print("layers, ms:");
  for (const double layer : profile.layers) fmt::print(" {:.2f}", 1e3 * layer);
  fmt::print("; after them {:.2f}\n", 1e3 * profile.after_layers);
}

}  // namespace

nlohmann::json report_json(const BenchReport& report) {
  const Model& model = *report.model;
  nlohmann::json result = {{"version", HEADLIGHT_VERSION},
                           {"model",
                            {{"name", model.name},
                             {"title", model.title},
                             {"number_format", model.number_format},
                             {"parameters", model.parameters},
                             {"file_bytes", model.file_bytes}}},
                           {"processor", report.processor},
                           {"device", report.device},
                           {"kernels", report.kernels},
                           {"threads", report.threads},
                           {"clock", report.processor_time ? "processor" : "wall"},
                           {"passes", nlohmann::json::array()},
                           {"profiles", nlohmann::json::array()},
                           {"left_out", report.left_out}};
  if (report.machine) {
    result["machine"] = {{"flops_a_second", report.machine->flops},
                         {"memory_bytes_a_second", report.machine->memory_bandwidth},
                         {"cache_bytes_a_second", report.machine->cache_bandwidth}};
  }
  if (report.load) {
    result["load"] = {{"opened", samples_json(report.load->opened)},
                      {"first_tokens", samples_json(report.load->first_tokens)},
                      {"first_values", samples_json(report.load->first_values)}};
  }
  if (report.memory) {
    result["memory"] = {{"tokens", report.memory->tokens},
                        {"file_bytes", model.file_bytes},
                        {"trace_bytes", report.memory->trace_bytes},
                        {"peak_cold_bytes", report.memory->peak_cold},
                        {"peak_edits_bytes", report.memory->peak_edits}};
  }
  if (report.frames) result["frames"] = frames_json(*report.frames);
  for (const PassFigures& pass : report.passes) result["passes"].push_back(pass_json(pass));
  for (const PassProfile& profile : report.profiles) result["profiles"].push_back(profile_json(profile));
  return result;
}

void print_report(const BenchReport& report) {
  print_head(report);
  if (report.frames) print_frames(*report.frames);
  if (!report.passes.empty()) print_passes(report);
  for (const PassProfile& profile : report.profiles) {
    print_profile(profile, report.machine.value_or(MachineFigures{}));
  }
  for (const std::string& reason : report.left_out) fmt::print("\nleft out: {}\n", reason);
}

}  // namespace headlight

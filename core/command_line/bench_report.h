// What `headlight bench` found, as a table for people and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/command_line/bench_passes.h"
#include "core/command_line/frame_figures.h"

namespace headlight {

// From the beginning of opening the model, whose file the system has in memory already.
struct LoadFigures {
  Samples opened;        // description, weights and tokenizer are there
  Samples first_tokens;  // the first text is split
  Samples first_values;  // and has gone through the model, everything kept
};

// The most that the process had in memory, measured before anything else is.
struct MemoryFigures {
  std::int64_t tokens = 0;
  std::int64_t trace_bytes = 0;
  std::int64_t peak_cold = 0;   // with one pass over the text
  std::int64_t peak_edits = 0;  // with twenty more, of which each takes what it can from the one before
};

// Rates a second; of all threads together.
struct MachineFigures {
  double flops = 0.0;             // multiplications and additions in vector registers alone
  double memory_bandwidth = 0.0;  // bytes read from 256 MiB
  double cache_bandwidth = 0.0;   // bytes read from 8 MiB
};

struct BenchReport {
  std::shared_ptr<const Model> model;
  std::string processor;
  std::string device;   // of the backend: "cpu"
  std::string kernels;  // the instruction set that the CPU backend uses
  int threads = 0;
  // Of the passes: the processor's time, which other work hardly touches. Several threads, and a GPU, are
  // timed on the wall.
  bool processor_time = false;
  std::optional<LoadFigures> load;
  std::optional<MemoryFigures> memory;
  std::optional<MachineFigures> machine;
  std::optional<FrameFigures> frames;
  std::vector<PassFigures> passes;
  std::vector<PassProfile> profiles;
  std::vector<std::string> left_out;  // what could not be measured, and why
};

nlohmann::json report_json(const BenchReport& report);
void print_report(const BenchReport& report);

}  // namespace headlight

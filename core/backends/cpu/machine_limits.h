// What this machine can do at best, measured: the yardsticks beside the backend's own figures.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/backends/cpu/thread_pool.h"

namespace headlight {

// The best of several runs, in seconds: the machine's other work only ever makes a run slower. With one
// thread it is processor time, which other work hardly touches; with more it is time on the wall.
double best_seconds(const ThreadPool& pool, const std::function<void()>& run);

// Multiplications and additions a second that vector registers alone reach, all threads together.
double peak_flops(const std::string& instruction_set, ThreadPool& pool);

// Bytes a second that all threads together can read from a buffer of this size.
double read_bandwidth(std::int64_t bytes, ThreadPool& pool);

}  // namespace headlight

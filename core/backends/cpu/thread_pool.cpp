// Idle threads watch for the next job for some ten microseconds, longer than the gap between two operations
// of a forward pass, and then sleep: waking a sleeping thread costs more than many operations do.
#include "core/backends/cpu/thread_pool.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <string>

#if defined(__linux__)
#include <sched.h>
#endif

namespace headlight {
namespace {

constexpr int spins = 2000;

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { serve(thread); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_.store(true);
    generation_.fetch_add(1);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::work(const Job& job, int thread) {
  try {
    for (;;) {
      const std::int64_t chunk = next_.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= job.chunks) return;
      job.call(job.context, chunk, thread);
    }
  } catch (...) {
    next_.store(job.chunks, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::current_exception();
  }
}

void ThreadPool::run(const Job& job) {
  const std::lock_guard turn(callers_);
  if (workers_.empty() || job.chunks <= 1) {
    for (std::int64_t chunk = 0; chunk < job.chunks; ++chunk) job.call(job.context, chunk, 0);
    return;
  }
  job_ = job;
  next_.store(0, std::memory_order_relaxed);
  inside_.fetch_and(~closed);  // from here on workers may join
  generation_.fetch_add(1);
  if (asleep_.load() > 0) {
    const std::lock_guard lock(mutex_);  // whoever is about to fall asleep has looked at generation_ before
    wake_.notify_all();
  }
  work(job, 0);
  inside_.fetch_or(closed);
  for (int i = 0; inside_.load() != closed; ++i) {  // each of them is in its last chunk
    if (i < spins) {
      pause_briefly();
    } else {
      std::this_thread::yield();
    }
  }
  std::exception_ptr error;
  {
    const std::lock_guard lock(mutex_);
    std::swap(error, error_);
  }
  if (error) std::rethrow_exception(error);
}

void ThreadPool::wait_for_next(std::uint64_t seen) {
  for (int i = 0; i < spins; ++i) {
    if (generation_.load() != seen) return;
    pause_briefly();
  }
  std::unique_lock lock(mutex_);
  asleep_.fetch_add(1);
  wake_.wait(lock, [&] { return generation_.load() != seen; });
  asleep_.fetch_sub(1);
}

void ThreadPool::serve(int thread) {
  for (std::uint64_t seen = 0; !stop_.load();) {
    wait_for_next(seen);
    seen = generation_.load();
    if ((inside_.fetch_add(1) & closed) == 0) work(job_, thread);
    inside_.fetch_sub(1);
  }
}

int physical_cores() {
  const int logical = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return logical;
  std::set<std::string> cores;  // "0,4": the hardware threads that share one
  int count = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    ++count;
    std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                       "/topology/thread_siblings_list");
    std::string siblings;
    if (!std::getline(file, siblings)) siblings = "only " + std::to_string(cpu);
    cores.insert(siblings);
  }
  return count > 0 ? static_cast<int>(cores.size()) : logical;
#else
  return logical;
#endif
}

}  // namespace headlight

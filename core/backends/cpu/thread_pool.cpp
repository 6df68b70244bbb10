// Idle threads watch for the next job for some ten microseconds, about the gap between two operations of a
// forward pass, and then sleep: waking a sleeping thread costs more than many operations do.
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
    stop_ = true;
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
  {
    const std::lock_guard lock(mutex_);
    job_ = job;
    open_ = true;
    next_.store(0, std::memory_order_relaxed);
    generation_.fetch_add(1);
  }
  wake_.notify_all();
  work(job, 0);
  std::exception_ptr error;
  {
    std::unique_lock lock(mutex_);
    open_ = false;
    for (int i = 0; i < spins && active_ > 0; ++i) {
      lock.unlock();
      pause_briefly();
      lock.lock();
    }
    done_.wait(lock, [this] { return active_ == 0; });
    std::swap(error, error_);
  }
  if (error) std::rethrow_exception(error);
}

void ThreadPool::serve(int thread) {
  std::uint64_t seen = 0;
  for (;;) {
    for (int i = 0; i < spins && generation_.load() == seen; ++i) pause_briefly();
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || generation_.load() != seen; });
      if (stop_) return;
      seen = generation_.load();
      if (!open_) continue;
      job = job_;
      ++active_;
    }
    work(job, thread);
    {
      const std::lock_guard lock(mutex_);
      if (--active_ == 0) done_.notify_one();
    }
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

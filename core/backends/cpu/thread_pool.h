// A fixed number of threads that share the chunks of one loop at a time. The caller works too, and never
// waits for a thread that is still asleep: who comes late finds the job closed. Between two loops nothing is
// locked while the threads are awake: a pass over one token has hundreds of loops of a few microseconds.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace headlight {

class ThreadPool {
 public:
  explicit ThreadPool(int threads);  // with the caller's own; at least 1
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(chunk, thread) once for every chunk in [0, chunks), thread in [0, threads()), in any order,
  // and returns when all are done. Callers on several threads take turns; a body must not call this again.
  // The first exception of a body is thrown here; chunks that have not begun are then left out.
  template <class Body>
  void parallel_for(std::int64_t chunks, const Body& body) {
    run({chunks,
         [](const void* context, std::int64_t chunk, int thread) {
           (*static_cast<const Body*>(context))(chunk, thread);
         },
         &body});
  }

 private:
  struct Job {
    std::int64_t chunks = 0;
    void (*call)(const void* context, std::int64_t chunk, int thread) = nullptr;
    const void* context = nullptr;
  };

  void run(const Job& job);
  void work(const Job& job, int thread);
  void serve(int thread);
  void wait_for_next(std::uint64_t seen);

  static constexpr std::uint32_t closed = 1U << 31;

  std::mutex callers_;                         // one job at a time
  Job job_;                                    // does not change while a worker is inside
  std::atomic<std::uint64_t> generation_{0};   // counts jobs
  std::atomic<std::uint32_t> inside_{closed};  // workers that look at the job, and whether it may be joined
  std::atomic<std::int64_t> next_{0};          // the chunk that nobody has taken yet
  std::mutex mutex_;                           // guards what follows, and falling asleep
  std::condition_variable wake_;
  std::atomic<int> asleep_{0};
  std::atomic<bool> stop_{false};
  std::exception_ptr error_;
  std::vector<std::thread> workers_;
};

// Physical cores that this process may use.
int physical_cores();

}  // namespace headlight

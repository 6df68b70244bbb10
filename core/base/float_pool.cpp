// Blocks in classes of size, eight to each doubling: at most an eighth of a block is not used.
#include "core/base/float_pool.h"

#include <bit>
#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace headlight {
namespace {

constexpr std::size_t smallest_kept = std::size_t{1} << 15;  // smaller ones are the C library's business
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t most_kept = 0;  // so that it sees who uses a block too late
#else
constexpr std::size_t most_kept = std::size_t{1} << 30;
#endif
constexpr std::align_val_t alignment{64};

std::size_t block_size(std::size_t bytes) {
  const std::size_t step = std::bit_floor(bytes) / 8;
  return (bytes + step - 1) / step * step;
}

class Pool {
 public:
  void* take(std::size_t size) {
    std::vector<void*> stale;
    {
      const std::lock_guard lock(mutex_);
      const auto fitting = free_.find(size);
      if (fitting != free_.end()) return take_from(fitting);
      // Other sizes are wanted now: as much as is taken anew goes back to the system.
      for (std::size_t returned = 0; returned < size && !free_.empty();) {
        const auto largest = std::prev(free_.end());
        returned += largest->first;
        stale.push_back(take_from(largest));
      }
    }
    for (void* block : stale) ::operator delete(block, alignment);
    return ::operator new(size, alignment);
  }

  void give_back(void* block, std::size_t size) {
    {
      const std::lock_guard lock(mutex_);
      if (kept_ + size <= most_kept) {
        free_[size].push_back(block);
        kept_ += size;
        return;
      }
    }
    ::operator delete(block, alignment);
  }

  std::size_t kept() {
    const std::lock_guard lock(mutex_);
    return kept_;
  }

 private:
  using Blocks = std::map<std::size_t, std::vector<void*>>;  // by size; no list is empty

  void* take_from(Blocks::iterator list) {
    void* block = list->second.back();
    list->second.pop_back();
    kept_ -= list->first;
    if (list->second.empty()) free_.erase(list);
    return block;
  }

  std::mutex mutex_;
  Blocks free_;
  std::size_t kept_ = 0;
};

// Never destroyed: tensors of other static objects may outlive it.
Pool& pool() {
  static Pool& only = *new Pool;
  return only;
}

}  // namespace

std::shared_ptr<float[]> pooled_floats(std::size_t count) {
  const std::size_t bytes = count * sizeof(float);
  if (bytes < smallest_kept)
    return std::shared_ptr<float[]>(new (alignment) float[count],
                                    [](float* block) { ::operator delete[](block, alignment); });
  const std::size_t size = block_size(bytes);
  return std::shared_ptr<float[]>(static_cast<float*>(pool().take(size)),
                                  [size](float* block) { pool().give_back(block, size); });
}

std::size_t kept_pool_bytes() { return pool().kept(); }

}  // namespace headlight

// Blocks in classes of size, eight to each doubling: at most an eighth of a block is not used.
#include "core/base/float_pool.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace headlight {
namespace {

constexpr std::size_t smallest_kept = std::size_t{1} << 15;  // smaller ones are the C library's business
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t most_kept = 0;  // so that it sees who uses a block too late
#else
constexpr std::size_t most_kept = std::size_t{1} << 30;
#endif
// Beyond an eighth more than was ever in use at once.
constexpr std::size_t slack = std::size_t{1} << 24;
constexpr std::align_val_t alignment{64};

std::size_t block_size(std::size_t bytes) {
  const std::size_t step = std::bit_floor(bytes) / 8;
  return (bytes + step - 1) / step * step;
}

// What one pass frees, the next one takes again; what has not been wanted for longest goes back to the system
// first.
class Pool {
 public:
  void* take(std::size_t size) {
    std::vector<void*> stale;
    {
      const std::lock_guard lock(mutex_);
      in_use_ += size;
      most_in_use_ = std::max(most_in_use_, in_use_);
      SizeClass& fitting = classes_[size];
      fitting.last_wanted = ++clock_;
      if (!fitting.blocks.empty()) return take_from(fitting, size);
      while (kept_ > 0 && in_use_ + kept_ > most_in_use_ + most_in_use_ / 8 + slack) {
        const auto oldest = std::min_element(classes_.begin(), classes_.end(), wanted_earlier);
        stale.push_back(take_from(oldest->second, oldest->first));
      }
    }
    for (void* block : stale) ::operator delete(block, alignment);
    return ::operator new(size, alignment);
  }

  void give_back(void* block, std::size_t size) {
    {
      const std::lock_guard lock(mutex_);
      in_use_ -= size;
      if (kept_ + size <= most_kept) {
        SizeClass& fitting = classes_[size];
        fitting.blocks.push_back(block);
        fitting.last_wanted = ++clock_;
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
  struct SizeClass {
    std::vector<void*> blocks;
    std::uint64_t last_wanted = 0;
  };

  // Of the classes that have blocks.
  static bool wanted_earlier(const std::pair<const std::size_t, SizeClass>& a,
                             const std::pair<const std::size_t, SizeClass>& b) {
    if (a.second.blocks.empty() != b.second.blocks.empty()) return b.second.blocks.empty();
    return a.second.last_wanted < b.second.last_wanted;
  }

  void* take_from(SizeClass& from, std::size_t size) {
    void* block = from.blocks.back();
    from.blocks.pop_back();
    kept_ -= size;
    return block;
  }

  std::mutex mutex_;
  std::map<std::size_t, SizeClass> classes_;
  std::size_t kept_ = 0, in_use_ = 0, most_in_use_ = 0;
  std::uint64_t clock_ = 0;
};

// Never destroyed: tensors of other static objects may outlive it.
Pool& pool() {
  static Pool& only = *new Pool;
  return only;
}

}  // namespace

std::shared_ptr<float[]> pooled_floats(std::size_t count) {
  const std::size_t bytes = count * sizeof(float);
  if (bytes < smallest_kept) return std::make_shared_for_overwrite<float[]>(count);
  const std::size_t size = block_size(bytes);
  return std::shared_ptr<float[]>(static_cast<float*>(pool().take(size)),
                                  [size](float* block) { pool().give_back(block, size); });
}

std::size_t kept_pool_bytes() { return pool().kept(); }

}  // namespace headlight

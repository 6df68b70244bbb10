// A text that is edited again and again: what is re-used and what is computed together are what a fresh run
// computes, to the last bit, and traces that share rows leave each other alone.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <random>

#include "core/backends/cpu/cpu_backend.h"
#include "core/backends/cpu/instruction_sets.h"
#include "core/forward/forward_pass.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr int edits = 500;  // what memory errors there are show in a few; each costs twenty times as much
#else
constexpr int edits = 10000;
#endif

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

// The first value that differs; empty when all agree.
std::string difference(const Trace& trace, const Trace& fresh) {
  for (const HookInfo& info : all_hooks()) {
    const std::int64_t layers = info.in_block ? trace.model().architecture.layers : 1;
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      if (trace.has(info.hook, layer) != fresh.has(info.hook, layer)) return hook_name(info.hook, layer);
      if (!fresh.has(info.hook, layer)) continue;
      const Tensor ours = trace.at(info.hook, layer), theirs = fresh.at(info.hook, layer);
      if (ours.shape() != theirs.shape() || !same_bits(ours.values(), theirs.values())) {
        return hook_name(info.hook, layer);
      }
    }
  }
  return "";
}

class Writer {
 public:
  explicit Writer(unsigned seed) : random_(seed) {}

  // As people write: mostly at the end, now and then in the middle, sometimes all over again.
  void edit(std::vector<TokenId>& text) {
    const auto place = [&] { return text.begin() + upto(static_cast<int>(text.size()) - 1); };
    const int choice = upto(99);
    if (text.empty() || choice < 35) {
      text.push_back(token());
    } else if (choice < 60) {
      text.back() = token();
    } else if (choice < 70) {
      for (int i = upto(12); i >= 0; --i) text.push_back(token());
    } else if (choice < 78) {
      *place() = token();
    } else if (choice < 84) {
      text.insert(place(), token());
    } else if (choice < 92) {
      text.erase(place(), text.end());
    } else if (choice < 98) {
      text.erase(place());
    } else {
      text.clear();
    }
    if (text.empty()) text.push_back(token());
    if (text.size() > 70) text.resize(5);
  }
  int upto(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }

 private:
  TokenId token() { return upto(255); }
  std::mt19937 random_;
};

class PrefixReuseOn : public testing::TestWithParam<std::string> {};

TEST_P(PrefixReuseOn, RandomEditsGiveTheBitsOfFreshRuns) {
  for (const InstructionSet& set : instruction_sets()) {
    if (set.name == GetParam() && !set.available) GTEST_SKIP() << set.reason;
  }
  const auto backend = make_cpu_backend(1, kernels_named(GetParam()));
  Writer writer(7);
  std::vector<TokenId> text = {5, 9, 3};
  struct Kept {
    std::shared_ptr<const Trace> trace, fresh;
  };
  std::vector<Kept> kept;
  std::int64_t reused = 0, positions = 0;
  for (int edit = 0; edit < edits; ++edit) {
    writer.edit(text);
    ForwardRequest request = request_for(text);
    request.capture.attention_scores = edit % 16 == 0;  // now and then with more values than before
    const auto fresh = run_forward(tiny_model(), *backend, request);
    // Mostly the text before; sometimes an older one, as undoing does, from which two texts then grow.
    const std::size_t back = writer.upto(3) == 0 ? static_cast<std::size_t>(writer.upto(5)) : 0;
    if (back < kept.size()) request.previous = kept[kept.size() - 1 - back].trace;
    const auto trace = run_forward(tiny_model(), *backend, request);
    reused += trace->reused_positions;
    positions += trace->positions();
    ASSERT_EQ(difference(*trace, *fresh), "") << "edit " << edit << ", " << text.size() << " tokens";
    kept.push_back({trace, fresh});
    if (kept.size() <= 6) continue;
    ASSERT_EQ(difference(*kept.front().trace, *kept.front().fresh), "") << "6 edits after edit " << edit - 6;
    kept.erase(kept.begin());
  }
  EXPECT_GT(reused, positions / 2);  // else this tested little
}

// Memory that is in use now, in bytes.
std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

TEST(PrefixReuse, EditingDoesNotGrow) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer keeps what was freed";
#endif
  const auto backend = make_cpu_backend(1);
  Writer writer(11);
  std::vector<TokenId> text = {5, 9, 3};
  std::shared_ptr<const Trace> previous;
  std::int64_t early = 0;
  for (int edit = 0; edit < edits; ++edit) {
    writer.edit(text);
    ForwardRequest request = request_for(text);
    request.previous = previous;
    previous = run_forward(tiny_model(), *backend, request);
    if (edit == edits / 10) early = resident_bytes();
  }
  ASSERT_GT(early, 0);
  // A trace of the longest text here takes 1 MB; a leak of a hundredth of each would come to 90.
  EXPECT_LE(resident_bytes() - early, std::int64_t{8} << 20);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const InstructionSet& set : instruction_sets()) all.push_back(set.name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Kernels, PrefixReuseOn, testing::ValuesIn(names()),
                         [](const testing::TestParamInfo<std::string>& one) { return one.param; });

}  // namespace
}  // namespace headlight

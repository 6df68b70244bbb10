// The worker behind the window, on the small random model. Also run under ThreadSanitizer.
#include "core/session/computation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

#include "core/forward/forward_pass.h"
#include "tests/core/said_in_both.h"
#include "tests/core/session/document_with.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

// A computation whose model is open.
struct Opened {
  std::atomic<int> changes{0};
  Computation computation{"cpu", 2, [this] { ++changes; }};
  Opened() {
    computation.open_model(golden_path("tiny_llama_q.gguf"));
    computation.wait_idle();
  }
};

TEST(ComputationWorker, TheLastPictureEqualsAFreshFullRun) {
  Opened opened;
  Computation& computation = opened.computation;
  ASSERT_EQ(computation.load_state().phase, LoadPhase::ready);
  // Typing, deleting and pasting, faster than any pass.
  std::string text;
  for (const char* part : {"hello", " ", "w", "o", "r", "l", "d", ",", " ", "한", "국", "어", " again"}) {
    text += part;
    computation.request(document_with(text));
    if (text.size() % 3 == 0) computation.request(document_with(text.substr(0, text.size() / 2)));
  }
  computation.request(document_with(text));
  computation.wait_idle();
  const Result result = computation.result();
  ASSERT_TRUE(result.trace && result.trace->complete() && result.wall && result.next);

  ForwardRequest request;
  request.tokens = runnable_tokens(*computation.model(), computation.model()->tokenizer->encode(text));
  const auto backend = make_cpu_backend(2);
  const auto fresh = run_forward(computation.model(), *backend, request);
  EXPECT_EQ(result.trace->tokens(), fresh->tokens());
  // The same kernels compute each row alike, however many rows are computed with it: equal to the last bit.
  for (const HookInfo& info : all_hooks()) {
    if (!fresh->has(info.hook)) continue;
    const Tensor shown = result.trace->at(info.hook, info.in_block ? 1 : 0);
    const Tensor expected = fresh->at(info.hook, info.in_block ? 1 : 0);
    ASSERT_EQ(shown.shape(), expected.shape()) << info.name;
    EXPECT_EQ(
        std::memcmp(shown.data(), expected.data(), static_cast<std::size_t>(shown.size()) * sizeof(float)), 0)
        << info.name;
  }
  EXPECT_EQ(result.next_position, fresh->positions() - 1);
  EXPECT_EQ(result.wall->layers_done, computation.model()->architecture.layers);
  EXPECT_GT(opened.changes, 0);
}

TEST(ComputationWorker, AChoiceOfAViewNeedsNoNewPass) {
  Opened opened;
  opened.computation.request(document_with("hello world"));
  opened.computation.wait_idle();
  const Result before = opened.computation.result();
  Document other = document_with("hello world");
  other.query = 1;
  other.sampling.top_k = 3;
  opened.computation.request(other);
  opened.computation.wait_idle();
  const Result after = opened.computation.result();
  EXPECT_EQ(after.trace, before.trace);
  EXPECT_EQ(after.next_position, 1);
  EXPECT_EQ(after.next->kept, 3);
}

TEST(ComputationWorker, InterventionsAreRunAndTakenBack) {
  Opened opened;
  opened.computation.request(document_with("hello world"));
  opened.computation.wait_idle();
  const Result clean = opened.computation.result();
  Document changed = document_with("hello world");
  changed.interventions = {{Hook::z, 1, 2, {}, Scale{0.0F}}};
  opened.computation.request(changed);
  opened.computation.wait_idle();
  EXPECT_TRUE(opened.computation.result().trace->modified);
  opened.computation.request(document_with("hello world"));
  opened.computation.wait_idle();
  const Result again = opened.computation.result();
  EXPECT_FALSE(again.trace->modified);
  EXPECT_EQ(again.trace, clean.trace);
}

TEST(ComputationWorker, EarlierTextsComeBackAndLendTheirBeginnings) {
  Opened opened;
  const auto run = [&](const std::string& words) {
    opened.computation.request(document_with(words));
    opened.computation.wait_idle();
    return opened.computation.result();
  };
  const Result first = run("The cat sat on the mat"), second = run("A token is a piece of text");
  EXPECT_EQ(run("The cat sat on the mat").trace, first.trace);
  EXPECT_EQ(run("A token is a piece of text").trace, second.trace);
  // What begins like the text before the last one re-uses that, not the last one.
  const Result longer = run("The cat sat on the mat and");
  EXPECT_EQ(longer.trace->reused_positions, first.trace->positions());
  EXPECT_EQ(longer.next_position, longer.trace->positions() - 1);
  // Long after, a text is forgotten: it is run again, and gives the same.
  for (int i = 0; i < 10; ++i) run("text number " + std::to_string(i));
  const Result again = run("The cat sat on the mat");
  EXPECT_NE(again.trace, first.trace);
  EXPECT_EQ(again.trace->tokens(), first.trace->tokens());
}

TEST(ComputationWorker, BadInputIsASentenceAndTheLastModelStays) {
  Opened opened;
  opened.computation.request(document_with("hello"));
  opened.computation.wait_idle();
  opened.computation.open_model("/no/such/file.gguf");
  opened.computation.wait_idle();
  EXPECT_EQ(opened.computation.load_state().phase, LoadPhase::failed);
  EXPECT_NE(opened.computation.load_state().error.en.find("/no/such/file.gguf"), std::string::npos);
  expect_said_in_both(opened.computation.load_state().error);
  EXPECT_TRUE(opened.computation.model());
  EXPECT_TRUE(opened.computation.result().trace);

  opened.computation.request(document_with(""));
  opened.computation.wait_idle();
  EXPECT_FALSE(opened.computation.result().trace);
  EXPECT_EQ(opened.computation.error().en, "");

  // Over the context: the first 256 tokens are run, nothing is shifted.
  opened.computation.request(document_with(std::string(2000, 'q')));
  opened.computation.wait_idle();
  ASSERT_TRUE(opened.computation.result().trace);
  EXPECT_EQ(opened.computation.result().trace->positions(), 256);

  Document impossible = document_with("hello");
  impossible.interventions = {{Hook::z, 99, 0, {}, Scale{0.0F}}};
  opened.computation.request(impossible);
  opened.computation.wait_idle();
  EXPECT_NE(opened.computation.error().en.find("layer 99"), std::string::npos);
  expect_said_in_both(opened.computation.error());
  opened.computation.request(document_with("hello"));
  opened.computation.wait_idle();
  EXPECT_EQ(opened.computation.error().en, "");
}

// Needs a pass that takes longer than publishing waits: some 200 tokens of a real model on one thread.
class ComputationOfSmolLM2 : public testing::Test {
 protected:
  void SetUp() override {
    const char* path = std::getenv("HEADLIGHT_SMOLLM2");
    if (path == nullptr) GTEST_SKIP() << "HEADLIGHT_SMOLLM2 does not name the model file";
    computation_.open_model(path);
    computation_.wait_idle();
    for (int i = 0; i < 24; ++i) text_ += "On day " + std::to_string(i) + " the cat slept. ";
  }
  void look() {
    const Result result = computation_.result();
    const std::lock_guard lock(mutex_);
    if (result.trace && result.wall) seen_.push_back(result);
  }
  std::vector<Result> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

  std::string text_;
  std::mutex mutex_;  // guards seen_
  std::vector<Result> seen_;
  Computation computation_{"cpu", 1, [this] { look(); }};  // last: it ends first
};

TEST_F(ComputationOfSmolLM2, TheWallGoesOnLayerByLayerWhileTheTraceGrows) {
  computation_.request(document_with(text_));
  computation_.wait_idle();
  const std::vector<Result> seen = this->seen();
  const HeadWall& whole = *seen.back().wall;
  ASSERT_EQ(whole.layers_done, 30);
  std::int64_t before = -1;
  int partial = 0;
  for (const Result& one : seen) {
    const HeadWall& wall = *one.wall;
    EXPECT_GE(wall.layers_done, before);
    before = wall.layers_done;
    EXPECT_EQ(wall.layers_done, one.trace->layers_done());
    EXPECT_EQ(wall.queries, one.trace->positions());
    if (one.trace->complete()) continue;
    ++partial;
    // The layers that are done are what they will be in the end, and the others are empty.
    const auto cells = static_cast<std::ptrdiff_t>(wall.layers_done * wall.heads * wall.side * wall.side);
    EXPECT_TRUE(std::equal(wall.cells.begin(), wall.cells.begin() + cells, whole.cells.begin()));
    EXPECT_TRUE(
        std::all_of(wall.cells.begin() + cells, wall.cells.end(), [](float cell) { return cell == 0; }));
  }
  EXPECT_GT(partial, 3);
}

TEST_F(ComputationOfSmolLM2, ANewerTextStopsAPass) {
  computation_.request(document_with(text_));
  while (seen().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  computation_.request(document_with("A short text"));
  computation_.wait_idle();
  const std::vector<Result> seen = this->seen();
  for (const Result& one : seen) {
    if (one.trace->positions() > 100) {
      EXPECT_FALSE(one.trace->complete());  // it was not run to its end
    }
  }
  EXPECT_LT(seen.back().trace->positions(), 10);
  EXPECT_TRUE(seen.back().trace->complete());
  EXPECT_EQ(seen.back().wall->layers_done, 30);
  EXPECT_EQ(seen.back().wall->queries, seen.back().trace->positions());
}

TEST(ComputationWorker, CanBeDestroyedAtAnyMoment) {
  for (int i = 0; i < 20; ++i) {
    Computation computation("cpu", 1, [] {});
    computation.open_model(golden_path("tiny_llama_q.gguf"));
    computation.request(document_with("hello world"));
    if (i % 2 == 0) computation.wait_idle();
    computation.request(document_with("hello world and more"));
  }
  SUCCEED();
}

}  // namespace
}  // namespace headlight

// The worker behind the window, on the small random model. Also run under ThreadSanitizer.
#include "core/session/computation.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstring>

#include "core/forward/forward_pass.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

Document document_with(const std::string& text) {
  Document document;
  document.text = text;
  return document;
}

// A computation whose model is open.
struct Opened {
  std::atomic<int> changes{0};
  Computation computation{"cpu", 2, [this] { ++changes; }};
  Opened() {
    computation.open_model(golden_path("tiny_llama_q.gguf"));
    computation.wait_idle();
  }
};

TEST(ProjectStream, WithoutTheFirstTokenTheOthersStandAsIfAlone) {
  // The first row is far away and would take the first axis.
  const Tensor stream({4, 3}, std::vector<float>{1000, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 2});
  const Projection all = project_stream(stream, false);
  EXPECT_GT(all.explained[0], 0.99);
  EXPECT_GT(std::abs(all.points[0][0]), 500.0);
  const Projection others = project_stream(stream, true);
  ASSERT_EQ(others.points.size(), 4U);
  EXPECT_TRUE(std::isnan(others.points[0][0]) && std::isnan(others.points[0][1]));
  const Projection alone = principal_components(stream.rows(1, 4));
  EXPECT_EQ(others.explained, alone.explained);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(others.points[i + 1], alone.points[i]);
  const Tensor one({1, 2}, std::vector<float>{1, 2});
  EXPECT_EQ(project_stream(one, true).points.size(), 1U);
}

TEST(ComputationWorker, ProjectsAgainWhenOnlyTheLayerOrTheFirstTokenChanges) {
  Opened opened;
  Document document = document_with("hello world again");
  opened.computation.request(document);
  opened.computation.wait_idle();
  const Result first = opened.computation.result();
  ASSERT_TRUE(first.projection && first.similarity);
  document.sampling.temperature = 2.0;  // has nothing to do with it: the same picture stays
  opened.computation.request(document);
  opened.computation.wait_idle();
  EXPECT_EQ(opened.computation.result().projection, first.projection);
  document.embedding_without_first = true;
  opened.computation.request(document);
  opened.computation.wait_idle();
  const Result without = opened.computation.result();
  EXPECT_EQ(without.trace, first.trace);
  EXPECT_TRUE(without.projection_without_first);
  EXPECT_TRUE(std::isnan(without.projection->points[0][0]));
  EXPECT_EQ(without.similarity, first.similarity);
  document.embedding_layer = 2;
  opened.computation.request(document);
  opened.computation.wait_idle();
  EXPECT_EQ(opened.computation.result().projection_layer, 2);
  EXPECT_NE(opened.computation.result().similarity, first.similarity);
}

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
  ASSERT_TRUE(result.trace && result.trace->complete() && result.wall && result.next && result.projection);

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
  other.embedding_layer = 2;
  opened.computation.request(other);
  opened.computation.wait_idle();
  const Result after = opened.computation.result();
  EXPECT_EQ(after.trace, before.trace);
  EXPECT_EQ(after.next_position, 1);
  EXPECT_EQ(after.next->kept, 3);
  EXPECT_EQ(after.projection_layer, 2);
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
  EXPECT_NE(opened.computation.load_state().error.find("/no/such/file.gguf"), std::string::npos);
  EXPECT_TRUE(opened.computation.model());
  EXPECT_TRUE(opened.computation.result().trace);

  opened.computation.request(document_with(""));
  opened.computation.wait_idle();
  EXPECT_FALSE(opened.computation.result().trace);
  EXPECT_EQ(opened.computation.error(), "");

  // Over the context: the first 256 tokens are run, nothing is shifted.
  opened.computation.request(document_with(std::string(2000, 'q')));
  opened.computation.wait_idle();
  ASSERT_TRUE(opened.computation.result().trace);
  EXPECT_EQ(opened.computation.result().trace->positions(), 256);

  Document impossible = document_with("hello");
  impossible.interventions = {{Hook::z, 99, 0, {}, Scale{0.0F}}};
  opened.computation.request(impossible);
  opened.computation.wait_idle();
  EXPECT_NE(opened.computation.error().find("layer 99"), std::string::npos);
  opened.computation.request(document_with("hello"));
  opened.computation.wait_idle();
  EXPECT_EQ(opened.computation.error(), "");
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

// The tree of continuations: what is clicked becomes a branch or the text, and every shape of it is drawn.
#include "gui/views/tree_view.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/core/tiny_model.h"
#include "tests/gui/scripted_gui.h"
#include "tests/gui/synthetic_trace.h"

namespace headlight {
namespace {

// A world around a pass of the small random model.
SyntheticWorld world_of(const std::string& text) {
  SyntheticWorld world(SyntheticShape{.positions = 1});
  world.model = tiny_model();
  world.document.text = text;
  world.document.next.tree = true;
  world.document.next.root = text;
  world.tokens = world.model->tokenizer->encode(text);
  std::vector<TokenId> ids;
  for (const Token& token : world.tokens) ids.push_back(token.id);
  const auto backend = make_cpu_backend(1);
  world.result = Result();
  world.result.trace = run_forward(world.model, *backend, request_for(ids));
  return world;
}

// Until the view's worker is done.
template <class Done>
void wait(ImGuiTestContext& ctx, const Done& done) {
  for (int i = 0; i < 3000 && !done(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ctx.Yield();
  }
}

TEST(TreeView, OffersBecomeBranchesAndNodesTheText) {
  ScriptedGui gui;
  SyntheticWorld world = world_of("hello world");
  TreeView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    const auto best = [&](const std::vector<TokenId>& behind) {
      std::vector<TokenId> ids = world.result.trace->tokens();
      ids.insert(ids.end(), behind.begin(), behind.end());
      const auto trace = run_forward(world.model, *make_cpu_backend(1), request_for(ids));
      return distribution(trace->row(Hook::logits, 0, trace->positions() - 1), {}).ranked[0].id;
    };
    const TokenId first = best({});
    const std::string offer = "$$0/$$" + std::to_string(first) + "/##offer";
    wait(ctx, [&] { return ctx.WindowInfo("//view/##tree", ImGuiTestOpFlags_NoError).Window != nullptr; });
    ctx.SetRef(ctx.WindowInfo("//view/##tree").ID);
    ctx.Yield(3);
    ctx.ItemClick(offer.c_str());
    ctx.Yield(2);
    IM_CHECK(world.document.next.branches == (std::vector<std::vector<TokenId>>{{first}}));
    wait(ctx, [&] { return ctx.ItemExists("$$1/##node"); });
    ctx.ItemClick("$$1/##node");
    ctx.Yield();
    IM_CHECK(world.document.text == "hello world" + world.model->tokenizer->bytes(first));
    ctx.ItemClick("$$1/##node");  // once more: back
    ctx.Yield();
    IM_CHECK(world.document.text == "hello world");
    ctx.ItemClick("$$1/###more");  // grows by five tokens
    wait(ctx, [&] { return world.document.next.branches[0].size() == 6; });
    std::vector<TokenId> expected = {first};
    for (int i = 0; i < 5; ++i) expected.push_back(best(expected));
    IM_CHECK(world.document.next.branches == (std::vector<std::vector<TokenId>>{expected}));
    wait(ctx, [&] { return ctx.ItemExists("$$6/###remove"); });
    ctx.ItemClick("$$6/###remove");
    ctx.Yield();
    IM_CHECK(world.document.next.branches.empty());
  }));
}

TEST(TreeView, ABeamGrowsBranchesAndCanBeCleared) {
  ScriptedGui gui;
  SyntheticWorld world = world_of("hello");
  TreeView view;
  EXPECT_TRUE(gui.run(world.drawn_by(view), [&](ImGuiTestContext& ctx) {
    ctx.Yield(3);
    ctx.SetRef("view");
    ctx.ItemClick("###beam");
    wait(ctx, [&] { return !world.document.next.branches.empty(); });
    IM_CHECK_GE(world.document.next.branches.size(), 1U);
    IM_CHECK_LE(world.document.next.branches.size(), 3U);
    ctx.Yield(2);
    ctx.ItemClick("###clear");
    ctx.Yield();
    IM_CHECK(world.document.next.branches.empty());
    ctx.ItemClick("###close");
    ctx.Yield();
    IM_CHECK(!world.document.next.tree);
  }));
}

TEST(TreeView, DrawsEveryModelAndShape) {
  for (const auto& [width, height] : {std::pair(1280, 800), std::pair(300, 160)}) {
    ScriptedGui gui(ScriptedGui::Renderer::none, width, height);
    std::vector<SyntheticWorld> worlds(1);  // without a trace
    for (const SyntheticShape& shape :
         {SyntheticShape{.positions = 1}, SyntheticShape{.positions = 300, .layers = 1},
          SyntheticShape{.positions = 2, .layers = 200, .heads = 1, .kv_heads = 1},
          SyntheticShape{.not_a_number = true}, SyntheticShape{.layers_done = 0}}) {
      worlds.emplace_back(shape);
    }
    for (const SyntheticKind kind :
         {SyntheticKind::bert, SyntheticKind::classifier, SyntheticKind::sentence}) {
      worlds.emplace_back(SyntheticShape{.kind = kind});
    }
    for (SyntheticWorld& world : worlds) {
      TreeView view;
      world.document.next.tree = true;
      gui.draw_frames(world.drawn_by(view), 3);
      EXPECT_TRUE(world.edits.empty());
    }
  }
}

TEST(TreeLayout, LeavesHaveRowsOfTheirOwn) {
  ContinuationTree tree;
  const std::vector<std::pair<TokenPath, std::int64_t>> nodes = {
      {{}, -1}, {{5}, 0}, {{5, 6}, 1}, {{9}, 0}, {{5, 7}, 1}};
  for (const auto& [path, parent] : nodes) {
    ContinuationNode node;
    node.path = path;
    node.parent = parent;
    tree.nodes.push_back(node);
  }
  const TreeLayout layout = tree_layout(tree);
  EXPECT_EQ(layout.rows, 3);
  EXPECT_EQ(layout.columns, 3);
  const std::vector<std::pair<std::int64_t, std::int64_t>> expected = {
      {0, 0}, {1, 0}, {2, 0}, {1, 2}, {2, 1}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(std::pair(layout.places[i].column, layout.places[i].row), expected[i]) << i;
  }
  EXPECT_TRUE(tree_layout({}).places.empty());
}

TEST(TreeLayout, PartsOfACharacterAreBytesUntilItIsWhole) {
  ScriptedGui gui;
  std::string first, middle, last, whole, late;
  gui.draw_frames(
      [&] {
        first = step_label("is ", "\xEC");
        middle = step_label("is \xEC", "\x95");
        last = step_label("is \xEC\x95", "\x88");
        late = step_label("\xEC\x95", "\x88\xED");
        whole = step_label("is", " \xEC\x95\x88");
      },
      1);
  EXPECT_EQ(first, "EC");
  EXPECT_EQ(middle, "95");
  EXPECT_EQ(last, "88 안");
  EXPECT_EQ(late, "88 ED 안");
  EXPECT_EQ(whole, "·안");
}

}  // namespace
}  // namespace headlight

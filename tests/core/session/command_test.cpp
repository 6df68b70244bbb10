#include "core/session/command.h"

#include <gtest/gtest.h>

namespace headlight {
namespace {

TEST(Commands, ApplyIsPure) {
  const Document before;
  const Document after = apply(before, SetText{"a"});
  EXPECT_EQ(before.text, "");
  EXPECT_EQ(after.text, "a");
  EXPECT_EQ(apply(after, AppendText{" b"}).text, "a b");
  EXPECT_EQ(apply(after, ShowAttention{AttentionMode::matrix}).view, CenterView::attention);
  Document locked = after;
  locked.query = 3;
  locked.candidate = 7;
  EXPECT_EQ(apply(locked, ReleaseSelection{}), after);
}

TEST(Commands, AnotherModelDropsWhatBelongsToTheOldOne) {
  Document document;
  document.interventions = {{Hook::z, 0, {}, {}, Scale{}}};
  document.query = 1;
  const Document next = apply(document, OpenModel{"other"});
  EXPECT_TRUE(next.interventions.empty());
  EXPECT_FALSE(next.query);
}

TEST(Commands, TheSourceTextHasItsOwnTextAndSelection) {
  History history{Document{}};
  history.run(SetSourceText{"a"}, 0);
  history.run(SetSourceText{"ab"}, 0.1);
  history.run(SetText{"x"}, 0.2);
  EXPECT_EQ(history.current().source_text, "ab");
  history.undo();
  EXPECT_EQ(history.current().text, "");
  EXPECT_EQ(history.current().source_text, "ab");
  history.undo();  // typing into a word was one step
  EXPECT_EQ(history.current().source_text, "");
  Document locked = apply(apply(Document{}, SelectSourceQuery{2}), SelectSourceKey{3});
  EXPECT_EQ(locked.source_query, 2);
  EXPECT_EQ(locked.source_key, 3);
  EXPECT_EQ(apply(locked, ReleaseSelection{}), Document{});
  EXPECT_EQ(apply(Document{}, ShowAttentionPart{AttentionPart::cross}).attention_part, AttentionPart::cross);
}

TEST(Commands, TheFirstTokenCanBeLeftOutOfTheEmbeddings) {
  const Document before;
  EXPECT_FALSE(before.embedding_without_first);
  const Document without = apply(before, SetEmbeddingWithoutFirst{true});
  EXPECT_TRUE(without.embedding_without_first);
  EXPECT_EQ(apply(without, SetEmbeddingWithoutFirst{false}), before);
}

TEST(History, AnAmendedStepIsUndoneWithTheStepItCompletes) {
  History history{Document{}};
  history.run(SetText{"a"}, 0);
  Document locked = history.current();
  locked.query = 2;
  history.amend(locked);
  EXPECT_EQ(history.current().query, 2);
  history.undo();
  EXPECT_EQ(history.current(), Document{});
  EXPECT_FALSE(history.can_undo());
}

TEST(History, TypingJoinsUntilAWordEndsOrAPause) {
  History history{Document{}};
  double now = 0.0;
  for (const char* text : {"h", "hi", "hi ", "hi t", "hi th"}) history.run(SetText{text}, now += 0.1);
  history.run(SetText{"hi the"}, now += 5.0);
  history.undo();
  EXPECT_EQ(history.current().text, "hi th");
  history.undo();
  EXPECT_EQ(history.current().text, "hi");
  history.redo();
  EXPECT_EQ(history.current().text, "hi th");
  history.undo();
  history.undo();
  EXPECT_EQ(history.current().text, "");
  EXPECT_FALSE(history.can_undo());
}

TEST(History, WhatOneClickDoesIsUndoneTogether) {
  History history{Document{}};
  history.run({SelectQuery{3}, SelectKey{1}, ShowView{CenterView::attention}}, 0);
  EXPECT_EQ(history.current().key, 1);
  history.undo();
  EXPECT_EQ(history.current(), Document{});
}

TEST(History, ANewStepForgetsWhatWasUndone) {
  History history{Document{}};
  history.run(ShowView{CenterView::attention}, 0);
  history.undo();
  EXPECT_TRUE(history.can_redo());
  history.run(ShowView{CenterView::embeddings}, 10);
  EXPECT_FALSE(history.can_redo());
  history.run(ShowView{CenterView::embeddings}, 20);  // changes nothing: no step
  history.undo();
  EXPECT_EQ(history.current().view, CenterView::flow);
  EXPECT_FALSE(history.can_undo());
}

}  // namespace
}  // namespace headlight

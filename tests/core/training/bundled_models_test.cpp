// The models that come with the program: whole, and able to do what their cards say.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/own_files.h"
#include "core/forward/forward_pass.h"
#include "core/model/catalog.h"

namespace headlight {
namespace {

std::string path_of(std::string_view name) {
  const auto entry = find_in_catalog(name);
  return entry ? installed_path(*entry).value_or("") : "";
}

TEST(BundledModels, AreWhole) {
  int own = 0;
  for (const CatalogEntry& entry : catalog()) {
    if (!entry.own()) continue;
    ++own;
    const auto path = installed_path(entry);
    ASSERT_TRUE(path) << entry.name;
    EXPECT_EQ(check_installed(entry, *path).size(), entry.files.size());
    EXPECT_NE(load_model(*path, entry.name)->tokenizer, nullptr);
    EXPECT_NO_THROW(own_path("assets/training/" + entry.own()->folder + ".json"));
  }
  EXPECT_GT(own, 0);
}

// Letters in an order that no training text can have had by chance, three times: from the second time on
// every next letter is the likeliest, and the head on the card looks at where it stood.
TEST(BundledModels, TinyInductionGoesOnWithWhatCameBefore) {
  const auto model = load_model(path_of("tiny-induction"), "tiny-induction");
  const auto backend = make_cpu_backend(1);
  for (const std::string group : {"kqzmtw", "xjvbpdh", "ay", "lfoegrnciu"}) {
    ForwardRequest request;
    for (const Token& token : model->tokenizer->encode(group + group + group))
      request.tokens.push_back(token.id);
    const auto trace = run_forward(model, *backend, request);
    const auto period = static_cast<std::int64_t>(group.size());
    double on_induction = 0.0;
    for (std::int64_t position = period + 1; position + 1 < trace->positions(); ++position) {
      const auto logits = trace->row(Hook::logits, 0, position);
      const auto likeliest = std::max_element(logits.begin(), logits.end()) - logits.begin();
      EXPECT_EQ(likeliest, request.tokens[static_cast<std::size_t>(position + 1)])
          << group << " " << position;
      const auto weights = trace->map_row(Hook::pattern, 1, 0, position);
      for (std::int64_t key = position - period + 1; key > 1; key -= period) {
        on_induction += static_cast<double>(weights[static_cast<std::size_t>(key)]);
      }
    }
    EXPECT_GT(on_induction / static_cast<double>(trace->positions() - period - 2), 0.8) << group;
  }
}

// A child's name comes again in the next sentence, in Korean with the particle that fits it; one head of the
// last layer brings it.
TEST(BundledModels, TinyStoriesKeepsAName) {
  struct Story {
    std::string text, name, next;
  };
  const std::vector<Story> stories = {
      {"Once upon a time, there was a little child named Tom. One day,", "Tom", " Tom"},
      {"Once upon a time, there was a little child named Mia. One day,", "Mia", " Mia"},
      {"Once upon a time, there was a little child named Sara. One day,", "Sara", " Sara"},
      {"옛날에 톰이라는 작은 소년이 살았어요. 어느 날,", "톰", " 톰은"},
      {"옛날에 미아라는 작은 소녀가 살았어요. 어느 날,", "미아", " 미아는"},
      {"옛날에 지나라는 작은 소녀가 살았어요. 어느 날,", "지나", " 지나는"},
  };
  const auto model = load_model(path_of("tiny-stories"), "tiny-stories");
  const auto backend = make_cpu_backend(1);
  for (const Story& story : stories) {
    ForwardRequest request;
    const std::vector<Token> tokens = model->tokenizer->encode(story.text);
    for (const Token& token : tokens) request.tokens.push_back(token.id);
    const auto trace = run_forward(model, *backend, request);
    const std::int64_t last = trace->positions() - 1;
    const auto logits = trace->row(Hook::logits, 0, last);
    const auto likeliest =
        static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    EXPECT_EQ(model->tokenizer->bytes(likeliest), story.next) << story.text;
    const std::size_t begin = story.text.find(story.name), end = begin + story.name.size();
    const auto weights = trace->map_row(Hook::pattern, 5, 4, last);
    double on_name = 0.0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i].begin < end && tokens[i].end > begin) on_name += static_cast<double>(weights[i]);
    }
    EXPECT_GT(on_name, 0.8) << story.text;
  }
}

}  // namespace
}  // namespace headlight

// Characters and words from tokens, and folded attention that still adds up to 1.
#include "core/analysis/fold_tokens.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/analysis/strong_weights.h"
#include "core/backends/backend_list.h"
#include "tests/core/tiny_model.h"

namespace headlight {
namespace {

const auto quiet = [](float) {};

// Cuts a text where a bar stands: "hel|lo" has two tokens. "^" alone is a special token, an empty span.
struct Cut {
  std::string text;
  std::vector<Token> tokens;
};
Cut cut(const std::string& barred) {
  Cut result;
  std::size_t begin = 0;
  for (const char c : barred + "|") {
    if (c == '|') {
      result.tokens.push_back({1, begin, result.text.size()});
      begin = result.text.size();
    } else if (c != '^') {
      result.text += c;
    }
  }
  return result;
}

std::vector<std::int64_t> words(const std::string& barred) {
  const Cut one = cut(barred);
  return word_units(one.text, one.tokens).first;
}

TEST(FoldTokens, PutsWordsTogether) {
  using List = std::vector<std::int64_t>;
  EXPECT_EQ(words("The| cap|ital| of"), (List{0, 1, 3, 4}));
  EXPECT_EQ(words("un|believ|able|!"), (List{0, 3, 4}));
  EXPECT_EQ(words("don|'|t| do"), (List{0, 3, 4}));
  EXPECT_EQ(words("say| \"|yes|\""), (List{0, 1, 2, 3, 4}));
  EXPECT_EQ(words("^|wor|king|^"), (List{0, 1, 3, 4}));  // [CLS] wor ##king [SEP]
  EXPECT_EQ(words("a|\n|\n|b"), (List{0, 1, 3, 4}));
  EXPECT_EQ(words("a| | b|c"), (List{0, 1, 4}));  // space belongs to the word behind it
  EXPECT_EQ(words("東|京|に"), (List{0, 1, 2, 3}));
  EXPECT_EQ(words("아버|지가| 방|에"), (List{0, 2, 4}));
  EXPECT_EQ(words(""), (List{0, 1}));
}

TEST(FoldTokens, PutsTheBytesOfACharacterTogether) {
  const std::string text = "가a나";  // three bytes, one, three
  const std::vector<Token> tokens = {{1, 0, 1}, {1, 1, 3}, {1, 3, 4}, {1, 4, 5}, {1, 5, 6}, {1, 6, 7}};
  EXPECT_EQ(grapheme_units(text, tokens).first, (std::vector<std::int64_t>{0, 2, 3, 6}));
  // A letter and the accent behind it are one character; a token of two characters is not cut.
  const std::vector<Token> accent = {{1, 0, 1}, {1, 1, 3}, {1, 3, 5}};
  EXPECT_EQ(grapheme_units("e\xCC\x81xy", accent).first, (std::vector<std::int64_t>{0, 2, 3}));
  EXPECT_EQ(single_units(3).first, (std::vector<std::int64_t>{0, 1, 2, 3}));
}

MapChoice folded_choice() {
  MapChoice choice;
  choice.heads = {0, 1};
  choice.queries.first = choice.keys.first = {0, 2, 3, 6, 7};
  choice.queries.unit_of = choice.keys.unit_of = {0, 0, 1, 2, 2, 2, 3};
  return choice;
}

std::shared_ptr<const Trace> seven_tokens(bool keep) {
  const auto backend = make_backend("reference", 1);
  ForwardRequest request = request_for({5, 9, 3, 3, 17, 2, 11});
  request.capture.attention_scores = request.capture.attention_maps = keep;
  return run_forward(tiny_model(), *backend, request);
}

TEST(StrongWeights, FoldedRowsAddUpToOne) {
  const auto backend = make_backend("reference", 1);
  for (const bool keep : {true, false}) {
    const auto trace = seven_tokens(keep);
    for (const bool without_sink : {false, true}) {
      MapChoice choice = folded_choice();
      choice.without_sink = without_sink;
      const StrongWeights all = strong_weights(*trace, *backend, choice, 0.0F, quiet);
      EXPECT_EQ(all.seen, 2 * (1 + 2 + 3 + 4));
      ASSERT_EQ(all.found.size(), 20U);
      std::vector<double> sums(8);
      for (const StrongWeight& weight : all.found) {
        sums[static_cast<std::size_t>(weight.head * 4 + weight.query)] += static_cast<double>(weight.weight);
      }
      for (std::size_t i = 0; i < sums.size(); ++i) {
        // Without the sink, token 0 has no key left: half of the first unit is gone.
        EXPECT_NEAR(sums[i], without_sink && i % 4 == 0 ? 0.5 : 1.0, 1e-6) << keep << i;  // float32 rows
      }
    }
  }
}

TEST(StrongWeights, AreTheWeightsOfTheTraceAboveTheThreshold) {
  const auto backend = make_backend("reference", 1);
  const auto trace = seven_tokens(true);
  MapChoice choice;
  choice.layer = 1;
  choice.heads = {1};
  choice.queries = choice.keys = single_units(7);
  const StrongWeights strong = strong_weights(*trace, *backend, choice, 0.2F, quiet);
  EXPECT_EQ(strong.seen, 28);
  std::vector<StrongWeight> expected;
  for (std::int32_t query = 0; query < 7; ++query) {
    const auto row = trace->map_row(Hook::pattern, 1, 1, query);
    for (std::int32_t key = 0; key <= query; ++key) {
      const float weight = row[static_cast<std::size_t>(key)];
      if (weight >= 0.2F) expected.push_back({query, key, 1, weight});
    }
  }
  EXPECT_GT(expected.size(), 5U);
  EXPECT_LT(expected.size(), 28U);
  EXPECT_EQ(strong.found, expected);
}

TEST(StrongWeights, AUnitLooksAndIsLookedAt) {
  const auto backend = make_backend("reference", 1);
  const auto trace = seven_tokens(true);
  MapChoice choice = folded_choice();
  const StrongWeights all = strong_weights(*trace, *backend, choice, 0.0F, quiet);
  const auto weight_of = [&](std::int32_t query, std::int32_t key) {
    double sum = 0;
    for (const StrongWeight& w : all.found) sum += w.query == query && w.key == key ? w.weight : 0.0F;
    return sum / 2;  // mean over two heads
  };
  const auto from = weights_of_unit(*trace, *backend, choice, Merge::mean, 2, false, quiet);
  const auto toward = weights_of_unit(*trace, *backend, choice, Merge::mean, 2, true, quiet);
  for (std::int32_t unit = 0; unit < 4; ++unit) {
    const auto at = static_cast<std::size_t>(unit);
    EXPECT_NEAR(static_cast<double>(from[at]), unit > 2 ? -1.0 : weight_of(2, unit), 1e-6)
        << unit;  // float32
    EXPECT_NEAR(static_cast<double>(toward[at]), unit < 2 ? -1.0 : weight_of(unit, 2), 1e-6) << unit;
  }
  MapChoice tokens;
  tokens.heads = {0, 1};
  tokens.queries = tokens.keys = single_units(7);
  const auto largest = weights_of_unit(*trace, *backend, tokens, Merge::largest, 5, false, quiet);
  for (std::size_t key = 0; key <= 5; ++key) {
    EXPECT_EQ(largest[key], std::max(trace->map_row(Hook::pattern, 0, 0, 5)[key],
                                     trace->map_row(Hook::pattern, 0, 1, 5)[key]));
  }
}

}  // namespace
}  // namespace headlight

// Every token of every document once, in sequences that fit, in an order that the seed alone decides.
#include "core/training/packing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

#include "core/base/errors.h"
#include "core/text/hugging_face_tokenizer.h"
#include "core/training/byte_pair_training.h"
#include "tests/core/text/tokenizer_fixture.h"

namespace headlight {
namespace {

constexpr std::int64_t context = 64;

// Documents of 2 to 150 tokens; the token says which document and which place.
TokenDocuments numbered_documents(std::size_t count) {
  TokenDocuments documents;
  RandomNumbers random(5);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t length = i % 20 == 0 ? 60 + random.below(91) : 2 + random.below(30);
    std::vector<TokenId> document;
    for (std::int64_t place = 0; place < length; ++place)
      document.push_back(static_cast<TokenId>(static_cast<std::int64_t>(i) * 1000 + place));
    documents.push_back(std::move(document));
  }
  return documents;
}

std::vector<std::size_t> each_once(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

std::vector<TokenId> all_tokens(const PackedPass& pass) {
  std::vector<TokenId> tokens;
  for (std::size_t i = 0; i < pass.size(); ++i) {
    const TrainingSequence sequence = pass.sequence(i);
    tokens.insert(tokens.end(), sequence.tokens.begin(), sequence.tokens.end());
  }
  return tokens;
}

TEST(RandomOrder, IsTheSameEverywhere) {
  // Worked out by hand from the definition, in Python's integers.
  std::vector<std::size_t> order = each_once(10);
  shuffle(order, 42, 3);
  EXPECT_EQ(order, (std::vector<std::size_t>{3, 1, 6, 0, 2, 4, 8, 5, 7, 9}));
  RandomNumbers random = random_numbers_of(42, 3, 7);
  EXPECT_EQ(random.whole(), 557877198860521237U);
}

TEST(RandomOrder, IsFair) {
  // 10,000 shuffles of 5: each of the 25 places of numbers has 2,000 ± 160 (four deviations).
  std::array<std::array<int, 5>, 5> seen{};
  for (std::int64_t pass = 0; pass < 10'000; ++pass) {
    std::vector<std::size_t> order = each_once(5);
    shuffle(order, 1, pass);
    for (std::size_t place = 0; place < 5; ++place) ++seen[place][order[place]];
  }
  for (const auto& row : seen) {
    for (const int count : row) EXPECT_NEAR(count, 2000, 160);
  }
}

TEST(PackedPass, HasEveryTokenOnceAndFits) {
  const TokenDocuments documents = numbered_documents(2000);
  const PackedPass pass(documents, each_once(2000), {context, 1}, 0);
  std::map<TokenId, int> seen;
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < pass.size(); ++i) {
    const TrainingSequence sequence = pass.sequence(i);
    ASSERT_FALSE(sequence.tokens.empty());
    ASSERT_LE(sequence.tokens.size(), static_cast<std::size_t>(context));
    ASSERT_EQ(sequence.labels.size(), sequence.tokens.size());
    tokens += static_cast<std::int64_t>(sequence.tokens.size());
    for (std::size_t place = 0; place < sequence.tokens.size(); ++place) {
      const TokenId token = sequence.tokens[place];
      ++seen[token];
      const auto& document = documents[static_cast<std::size_t>(token / 1000)];
      const auto inside = static_cast<std::size_t>(token % 1000);
      EXPECT_EQ(sequence.labels[place], inside + 1 < document.size() ? document[inside + 1] : not_scored);
    }
  }
  EXPECT_EQ(tokens, pass.tokens());
  for (const auto& document : documents) {
    for (std::size_t place = 0; place < document.size(); ++place) {
      // A last token that a cut leaves alone predicts nothing and is left out.
      const bool is_alone = place + 1 == document.size() && place % context == 0;
      EXPECT_EQ(seen[document[place]], is_alone ? 0 : 1);
    }
  }
  // Little room is wasted, and whole documents stay together.
  EXPECT_GT(static_cast<double>(tokens) / static_cast<double>(pass.size() * context), 0.97);
  std::map<TokenId, std::size_t> where;
  for (std::size_t i = 0; i < pass.size(); ++i) {
    for (const TokenId token : pass.sequence(i).tokens) {
      if (documents[static_cast<std::size_t>(token / 1000)].size() > context) continue;
      EXPECT_EQ(where.emplace(token / 1000, i).first->second, i);
    }
  }
}

TEST(PackedPass, OrderFollowsFromSeedAndPassAlone) {
  const TokenDocuments documents = numbered_documents(500);
  const auto tokens = [&](std::uint64_t seed, std::int64_t pass) {
    return all_tokens(PackedPass(documents, each_once(500), {context, seed}, pass));
  };
  const std::vector<TokenId> first = tokens(1, 0);
  EXPECT_EQ(tokens(1, 0), first);
  EXPECT_NE(tokens(1, 1), first);
  EXPECT_NE(tokens(2, 0), first);
  EXPECT_NE(tokens(2, 1), tokens(1, 2));
  std::vector<TokenId> sorted = tokens(1, 1), other = first;
  std::sort(sorted.begin(), sorted.end());
  std::sort(other.begin(), other.end());
  EXPECT_EQ(sorted, other);
}

TEST(PackedPass, RepeatsAndSeparates) {
  const TokenDocuments documents = {{1, 2, 3}, {}, {7}, {8, 9}};
  const PackedPass apart(documents, {0, 0, 1, 2, 3}, {context, 1, false}, 0);
  EXPECT_EQ(apart.size(), 3U);  // an empty document and one of a single token teach nothing
  EXPECT_EQ(apart.tokens(), 8);
  std::multiset<std::size_t> lengths;
  for (std::size_t i = 0; i < apart.size(); ++i) lengths.insert(apart.sequence(i).tokens.size());
  EXPECT_EQ(lengths, (std::multiset<std::size_t>{2, 3, 3}));
  const PackedPass together(documents, {0, 0, 1, 2, 3}, {context, 1, true}, 0);
  EXPECT_EQ(together.size(), 1U);
  EXPECT_EQ(PackedPass(documents, {}, {context, 1}, 0).size(), 0U);
  EXPECT_THROW(together.sequence(1), std::out_of_range);
  EXPECT_THROW(PackedPass(documents, {4}, {context, 1}, 0), std::out_of_range);
  EXPECT_THROW(PackedPass(documents, {0}, {1, 1}, 0), std::logic_error);
}

std::shared_ptr<const Tokenizer> small_vocabulary(std::vector<std::string> special) {
  WordCounts words;
  words.add("the banana and the bandana ran and ran and ran");
  const BytePairSettings settings{280, std::move(special), 2, TextFrame::none};
  HuggingFaceTokenizerFiles files;
  files.tokenizer_json = tokenizer_json(train_byte_pairs(words, settings), settings);
  files.tokenizer_config_json = tokenizer_config_json(settings);
  return tokenizer_from_hugging_face(files, "small");
}

TEST(TokenMasker, HidesWhatDevlinEtAlSay) {
  const auto tokenizer = small_vocabulary({"<cls>", "<sep>", "<mask>"});
  const TokenId mask = *tokenizer->mask_token();
  const TokenMasker masker(*tokenizer, 9);
  std::vector<TokenId> tokens = {0};
  for (TokenId id = 0; id < 200; ++id) tokens.push_back(3 + id);
  tokens.push_back(1);
  std::int64_t masked = 0, changed = 0, same = 0;
  std::set<std::size_t> places;
  for (std::int64_t index = 0; index < 1000; ++index) {
    const TrainingSequence sequence = masker.masked(tokens, 0, index);
    std::int64_t hidden = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (sequence.labels[i] == not_scored) {
        EXPECT_EQ(sequence.tokens[i], tokens[i]);
        continue;
      }
      ++hidden;
      places.insert(i);
      EXPECT_EQ(sequence.labels[i], tokens[i]);
      ASSERT_FALSE(i == 0 || i + 1 == tokens.size());
      if (sequence.tokens[i] == mask)
        ++masked;
      else if (sequence.tokens[i] == tokens[i])
        ++same;
      else
        ++changed;
      EXPECT_GE(sequence.tokens[i], 2);
    }
    EXPECT_EQ(hidden, 30);
  }
  EXPECT_EQ(places.size(), 200U);
  // Of 30,000: four deviations. A random token is now and then the same one.
  EXPECT_NEAR(static_cast<double>(masked), 24000, 280);
  EXPECT_NEAR(static_cast<double>(changed), 3000, 220);
  EXPECT_NEAR(static_cast<double>(same), 3000, 220);

  EXPECT_EQ(masker.masked(tokens, 3, 4).tokens, masker.masked(tokens, 3, 4).tokens);
  EXPECT_NE(masker.masked(tokens, 3, 4).labels, masker.masked(tokens, 3, 5).labels);
  EXPECT_NE(masker.masked(tokens, 3, 4).labels, masker.masked(tokens, 4, 4).labels);
}

TEST(TokenMasker, HidesAsManyAsAskedButOfWhatIsHeldOut) {
  const auto tokenizer = small_vocabulary({"<cls>", "<sep>", "<mask>"});
  const TokenMasker usual(*tokenizer, 9), many(*tokenizer, 9, 40);
  const std::vector<TokenId> tokens = {0, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 1};
  const auto hidden = [&](const TokenMasker& masker, std::int64_t pass) {
    const std::vector<TokenId> labels = masker.masked(tokens, pass, 7).labels;
    return tokens.size() - static_cast<std::size_t>(std::count(labels.begin(), labels.end(), not_scored));
  };
  EXPECT_EQ(hidden(usual, 0), 2U);
  EXPECT_EQ(hidden(many, 0), 4U);
  EXPECT_EQ(many.masked(tokens, -1, 7).labels, usual.masked(tokens, -1, 7).labels);
}

TEST(TokenMasker, HidesOneTokenOfAShortText) {
  const auto tokenizer = small_vocabulary({"<cls>", "<sep>", "<mask>"});
  const TokenMasker masker(*tokenizer, 9);
  const TrainingSequence one = masker.masked({0, 50, 1}, 0, 0);
  EXPECT_EQ(one.labels, (std::vector<TokenId>{not_scored, 50, not_scored}));
  const TrainingSequence none = masker.masked({0, 1}, 0, 0);
  EXPECT_EQ(none.labels, (std::vector<TokenId>{not_scored, not_scored}));
  EXPECT_TRUE(masker.masked({}, 0, 0).tokens.empty());
  EXPECT_THROW(TokenMasker(*small_vocabulary({"<cls>"}), 1), UserError);
}

TEST(Translations, AreShiftedByOne) {
  const TranslationPair pair = translation_pair({10, 11, 2}, {20, 21, 2}, 0);
  EXPECT_EQ(pair.source, (std::vector<TokenId>{10, 11, 2}));
  EXPECT_EQ(pair.target, (std::vector<TokenId>{0, 20, 21}));
  EXPECT_EQ(pair.labels, (std::vector<TokenId>{20, 21, 2}));
  EXPECT_EQ(shortened({1, 2, 3, 4, 9}, 3), (std::vector<TokenId>{1, 2, 9}));
  EXPECT_EQ(shortened({1, 2, 9}, 3), (std::vector<TokenId>{1, 2, 9}));
}

TEST(TokenDocuments, AreWhatTheTokenizerGives) {
  const auto tokenizer = small_vocabulary({"<pad>", "<eos>"});
  const std::vector<std::string_view> texts = {"the banana", "", "눈"};
  const TokenDocuments plain = token_documents(*tokenizer, texts, {});
  const TokenDocuments ended = token_documents(*tokenizer, texts, tokenizer->end_of_text());
  ASSERT_EQ(plain.size(), 3U);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(tokenizer->decode(plain[i]), texts[i]);
    EXPECT_EQ(ended[i].size(), plain[i].size() + 1);
    EXPECT_EQ(ended[i].back(), 1);
  }
}

}  // namespace
}  // namespace headlight

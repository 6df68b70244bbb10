// Merging: the order of the rules, against a slow implementation of the definition; speed on one long word.
#include "core/text/byte_pair.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace headlight {
namespace {

TEST(BytePair, the_alphabet_is_the_published_one) {
  EXPECT_EQ(byte_character(' '), U'Ġ');
  EXPECT_EQ(byte_character('\n'), U'Ċ');
  EXPECT_EQ(byte_character('\t'), U'ĉ');
  EXPECT_EQ(byte_character('A'), U'A');
  EXPECT_EQ(byte_character(0xAD), U'Ń');  // the soft hyphen, the last of the 68
  EXPECT_EQ(byte_character(0xFF), U'ÿ');
  std::set<char32_t> characters;
  for (unsigned byte = 0; byte < 256; ++byte)
    characters.insert(byte_character(static_cast<std::uint8_t>(byte)));
  EXPECT_EQ(characters.size(), 256U);
  EXPECT_EQ(*characters.rbegin(), char32_t{0x143});
  EXPECT_EQ(bytes_of_piece("ĠParis"), " Paris");
  EXPECT_EQ(bytes_of_piece("ìķĪ"), "안");
  EXPECT_EQ(bytes_of_piece("a b"), std::nullopt);  // a real space is not in the alphabet
  EXPECT_EQ(bytes_of_piece("한"), std::nullopt);
  EXPECT_EQ(bytes_of_piece("\xFF"), std::nullopt);
}

std::vector<Token> parts_of(const std::vector<TokenId>& ids) {
  std::vector<Token> parts;
  for (const TokenId id : ids) parts.push_back({id, parts.size(), parts.size() + 1});
  return parts;
}

TEST(BytePair, the_lowest_rank_wins_and_then_the_leftmost) {
  BytePairMerges merges;
  EXPECT_TRUE(merges.add(1, 2, 12));
  EXPECT_TRUE(merges.add(2, 3, 23));
  EXPECT_TRUE(merges.add(1, 1, 11));
  EXPECT_FALSE(merges.add(1, 2, 99));
  std::vector<Token> parts = parts_of({1, 2, 3, 1, 1, 1});
  std::vector<BytePairMerges::Merge> done;
  merges.apply(parts, &done);
  EXPECT_EQ(parts, (std::vector<Token>{{12, 0, 2}, {3, 2, 3}, {11, 3, 5}, {1, 5, 6}}));
  EXPECT_EQ(done, (std::vector<BytePairMerges::Merge>{{0, 0}, {3, 2}}));
  parts.clear();
  merges.apply(parts);
  EXPECT_TRUE(parts.empty());
}

TEST(BytePair, equals_the_definition_on_random_rules) {
  std::mt19937 random(3);
  std::size_t joined = 0;
  for (int round = 0; round < 300; ++round) {
    BytePairMerges merges;
    std::map<std::pair<TokenId, TokenId>, std::pair<int, TokenId>> rules;
    TokenId next_id = 3;
    for (int rule = 0; rule < 25; ++rule) {
      const auto left = static_cast<TokenId>(random() % static_cast<unsigned>(next_id));
      const auto right = static_cast<TokenId>(random() % static_cast<unsigned>(next_id));
      const bool is_new = rules.emplace(std::pair(left, right), std::pair(rule, next_id)).second;
      ASSERT_EQ(merges.add(left, right, next_id), is_new);
      ++next_id;
    }
    std::vector<TokenId> ids(random() % 40);
    for (TokenId& id : ids) id = static_cast<TokenId>(random() % 3);
    std::vector<Token> fast = parts_of(ids);
    std::vector<Token> slow = fast;
    merges.apply(fast);
    for (;;) {
      std::size_t best = slow.size();
      int best_rank = 1000;
      for (std::size_t left = 0; left + 1 < slow.size(); ++left) {
        const auto found = rules.find({slow[left].id, slow[left + 1].id});
        if (found == rules.end() || found->second.first >= best_rank) continue;
        best = left;
        best_rank = found->second.first;
      }
      if (best == slow.size()) break;
      slow[best] = {rules.at({slow[best].id, slow[best + 1].id}).second, slow[best].begin,
                    slow[best + 1].end};
      slow.erase(slow.begin() + static_cast<std::ptrdiff_t>(best) + 1);
      ++joined;
    }
    ASSERT_EQ(fast, slow) << "round " << round;
  }
  EXPECT_GT(joined, 1000U);  // the rounds did merge something
}

}  // namespace
}  // namespace headlight

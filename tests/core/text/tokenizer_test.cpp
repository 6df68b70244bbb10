// Properties that hold for every text, and the tokenizer's behaviour at its edges.
#include "core/text/tokenizer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "core/text/pre_tokenizers.h"
#include "tests/core/text/tokenizer_fixture.h"

namespace headlight::test {
namespace {

void expect_partition(const Tokenizer& tokenizer, const std::string& text) {
  std::size_t end = 0;
  for (const Token& token : tokenizer.encode(text)) {
    ASSERT_EQ(token.begin, end) << visible_bytes(text);
    ASSERT_EQ(tokenizer.bytes(token.id), text.substr(token.begin, token.end - token.begin))
        << visible_bytes(text);
    end = token.end;
  }
  ASSERT_EQ(end, text.size()) << visible_bytes(text);
}

TEST(Tokenizer, tokens_spell_the_text_and_spans_partition_it) {
  const auto tokenizer = small_tokenizer();
  for (unsigned byte = 0; byte < 256; ++byte)
    ASSERT_TRUE(tokenizer->has_byte(static_cast<std::uint8_t>(byte)));
  std::mt19937 random(1);
  for (int count = 0; count < 10000; ++count)
    ASSERT_NO_FATAL_FAILURE(expect_partition(*tokenizer, random_unicode(random)));
  for (int count = 0; count < 10000; ++count)
    ASSERT_NO_FATAL_FAILURE(expect_partition(*tokenizer, random_bytes(random)));
}

TEST(Tokenizer, decodes_what_it_encoded) {
  const auto tokenizer = small_tokenizer();
  std::mt19937 random(2);
  for (int count = 0; count < 1000; ++count) {
    const std::string text = random_bytes(random) + random_unicode(random);
    std::vector<TokenId> ids;
    for (const Token& token : tokenizer->encode(text)) ids.push_back(token.id);
    ASSERT_EQ(tokenizer->decode(ids), text);
  }
  EXPECT_THROW(tokenizer->decode({600}), std::out_of_range);
  EXPECT_THROW(tokenizer->piece(-1), std::out_of_range);
  EXPECT_THROW(tokenizer->is_special(600), std::out_of_range);
}

// Bytes that are not UTF-8 become their own tokens, and what is valid on either side is tokenised as if
// alone.
TEST(Tokenizer, invalid_bytes_leave_their_neighbours_alone) {
  const auto tokenizer = small_tokenizer();
  const std::string left = "The lamp ";
  const std::string right = "한글 token";
  const std::string text = left + "\xEC\x95\xFF" + right;
  std::vector<Token> expected = tokenizer->encode(left);
  for (const char* byte : {"\xEC", "\x95", "\xFF"}) {
    const std::size_t begin = expected.back().end;
    const auto alone = tokenizer->encode(byte);
    ASSERT_EQ(alone.size(), 1U);
    expected.push_back({alone[0].id, begin, begin + 1});
  }
  for (const Token& token : tokenizer->encode(right)) {
    expected.push_back({token.id, token.begin + left.size() + 3, token.end + left.size() + 3});
  }
  EXPECT_EQ(tokenizer->encode(text), expected);
}

TEST(Tokenizer, special_tokens_are_found_longest_first) {
  const auto tokenizer = small_tokenizer();
  const auto pieces = [&](const std::string& text) {
    std::vector<std::string> result;
    for (const Token& token : tokenizer->encode(text)) result.push_back(tokenizer->piece(token.id));
    return result;
  };
  EXPECT_EQ(pieces("<|im_start|><|im_end|>"), (std::vector<std::string>{"<|im_start|><|im_end|>"}));
  EXPECT_EQ(pieces("<|im_start|><|im_start|>"), (std::vector<std::string>{"<|im_start|>", "<|im_start|>"}));
  EXPECT_EQ(pieces("\xFF<|im_end|>\xFF")[1], "<|im_end|>");
  for (const auto& piece : pieces("<|im_start|")) EXPECT_NE(piece, "<|im_start|>");
}

TEST(Tokenizer, adds_the_special_tokens_that_the_file_asks_for) {
  nlohmann::json metadata = small_metadata();
  const std::vector<Token> plain = tokenizer_from_gguf(metadata, "x")->encode("a lamp");
  metadata["tokenizer.ggml.add_bos_token"] = true;
  metadata["tokenizer.ggml.add_eos_token"] = true;
  const auto tokenizer = tokenizer_from_gguf(metadata, "x");
  std::vector<Token> expected = plain;
  expected.insert(expected.begin(), Token{1, 0, 0});
  expected.push_back({2, 6, 6});
  EXPECT_EQ(tokenizer->encode("a lamp"), expected);
  EXPECT_EQ(tokenizer->encode(""), std::vector<Token>{});
  EXPECT_EQ(tokenizer->beginning_of_text(), 1);
  EXPECT_EQ(tokenizer->end_of_text(), 2);
}

// As in the tokenizer that trained the vocabulary: the byte is dropped, and its neighbours may merge across
// it.
TEST(Tokenizer, a_byte_without_a_token_leaves_a_gap) {
  nlohmann::json metadata = small_metadata();
  for (auto& piece : metadata["tokenizer.ggml.tokens"]) {
    if (piece == "Ą") piece = "unreachable";  // the byte 04, in no merge rule
  }
  const auto tokenizer = tokenizer_from_gguf(metadata, "x");
  EXPECT_FALSE(tokenizer->has_byte(4));
  EXPECT_TRUE(tokenizer->has_byte(5));
  const auto tokens = tokenizer->encode("a\x04 b");
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens[0], (Token{tokens[0].id, 0, 1}));
  EXPECT_EQ(tokens[1].begin, 2U);
  EXPECT_EQ(tokenizer->encode("\x04"), std::vector<Token>{});
}

TEST(Tokenizer, merge_history_leads_from_bytes_to_tokens) {
  const auto tokenizer = small_tokenizer();
  std::mt19937 random(5);
  std::vector<std::string> texts = {"The lamp lights <|im_end|>한글 token\xFF"};
  const nlohmann::json golden = golden_json("tokenizer_small.json");
  for (const auto& line : golden.at("lines")) texts.push_back(line.at(0).get<std::string>());
  for (int count = 0; count < 500; ++count) texts.push_back(random_bytes(random) + random_unicode(random));
  std::size_t merges = 0;
  for (const std::string& text : texts) {
    std::vector<std::string> last;
    std::size_t end = 0;
    for (const MergeHistory& history : tokenizer->merge_history(text)) {
      ASSERT_EQ(history.begin, end);
      end = history.end;
      ASSERT_FALSE(history.steps.empty());
      for (std::size_t step = 0; step < history.steps.size(); ++step) {
        std::string joined;
        for (const std::string& part : history.steps[step]) joined += part;
        ASSERT_EQ(joined, text.substr(history.begin, history.end - history.begin));
        ASSERT_EQ(history.steps[step].size() + step, history.steps[0].size());
      }
      merges += history.steps.size() - 1;
      last.insert(last.end(), history.steps.back().begin(), history.steps.back().end());
    }
    ASSERT_EQ(end, text.size());
    std::vector<std::string> tokens;
    for (const Token& token : tokenizer->encode(text)) tokens.push_back(tokenizer->bytes(token.id));
    ASSERT_EQ(last, tokens) << visible_bytes(text);
  }
  EXPECT_GT(merges, 1000U);
  const auto long_word = tokenizer->merge_history(std::string(513, 'a'));
  ASSERT_EQ(long_word.size(), 1U);
  EXPECT_LE(long_word[0].steps.size(), 2U);
}

TEST(Tokenizer, a_megabyte_is_quick_and_threads_share_one_tokenizer) {
  const auto tokenizer = small_tokenizer();
  const std::string text(1'000'000, 'e');
  const auto start = std::chrono::steady_clock::now();
  ASSERT_NO_FATAL_FAILURE(expect_partition(*tokenizer, text));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  // Planned: 1 s, and 0.2 s is usual; a quadratic merge takes hours. The rest is for sanitizers on a busy
  // machine.
  EXPECT_LT(taken.count(), 20.0);
  const std::string mixed = "The lamp lights 책상 위의 등불이 12 34 <|im_end|>\xFF";
  const auto expected = tokenizer->encode(mixed);
  std::vector<std::thread> threads;
  std::vector<int> same(4, 0);
  for (std::size_t index = 0; index < same.size(); ++index) {
    threads.emplace_back([&, index] {
      for (int count = 0; count < 200; ++count) same[index] += tokenizer->encode(mixed) == expected ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(same, (std::vector<int>{200, 200, 200, 200}));
}

TEST(PreTokenizer, cuts_digits_before_words) {
  const auto words = [](const char* name, const std::string& text) {
    std::vector<std::string> result;
    for (const TextSpan& span : PreTokenizer(name).split(text))
      result.push_back(text.substr(span.begin, span.end - span.begin));
    return result;
  };
  using Strings = std::vector<std::string>;
  EXPECT_EQ(words("gpt-2", "It's  12 lamps\n"), (Strings{"It", "'s", " ", " 12", " lamps", "\n"}));
  EXPECT_EQ(words("smollm", "It's  12 lamps\n"), (Strings{"It", "'s", "  ", "1", "2", " lamps", "\n"}));
  EXPECT_EQ(words("default", "a 1"), words("gpt-2", "a 1"));
  EXPECT_EQ(words("smollm", ""), Strings{});
  EXPECT_THROW(words("smollm", "\xFF"), std::logic_error);
}

}  // namespace
}  // namespace headlight::test

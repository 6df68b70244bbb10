// The way from text to tokens: it ends where encode() ends for every kind of tokenizer, and its merges are
// those of a plain implementation (tests/golden/make_tokenization_steps.py).
#include "core/analysis/tokenization.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "core/analysis/characters.h"
#include "core/base/errors.h"
#include "core/session/other_tokenizer.h"
#include "core/text/byte_pair.h"
#include "tests/core/text/tokenizer_kinds.h"

namespace headlight::test {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

std::map<std::string, std::shared_ptr<const Tokenizer>> every_kind() {
  std::map<std::string, std::shared_ptr<const Tokenizer>> kinds;
  for (const auto& [name, kind] : tokenizer_kinds().at("kinds").items())
    kinds[name] = tokenizer_of(kind_json(name));
  for (const char* name : {"spm_unigram", "spm_bytes", "spm_bpe", "spm_bpe_unknown"})
    kinds[name] = sentencepiece_tokenizer(name);
  kinds["gguf"] = small_tokenizer();
  return kinds;
}

// Every 13th of the lines on which the kinds are compared with other implementations, and odd bytes.
std::vector<std::string> some_lines() {
  std::vector<std::string> lines = {"", "a\xFF한", "\x80\x80", "각 \xEC", "<s>안녕</s> <|im_end|>"};
  const std::vector<std::string> stored = stored_lines();
  for (std::size_t at = 0; at < stored.size(); at += 13) lines.push_back(stored[at]);
  std::mt19937 random(11);
  for (int count = 0; count < 100; ++count) lines.push_back(random_unicode(random) + random_bytes(random));
  return lines;
}

void expect_words_make_the_tokens(const std::string& text, const Tokenization& found) {
  std::size_t next = found.words.empty() ? 0 : found.words.front().first_token;
  for (std::size_t at = 0; at < next; ++at) ASSERT_EQ(found.tokens[at].end, 0U);  // of the template
  for (std::size_t word = 0; word < found.words.size(); ++word) {
    const WordSteps& history = found.words[word].history;
    ASSERT_EQ(found.words[word].first_token, next);
    for (std::size_t at = 0; at < history.tokens.size(); ++at, ++next) {
      ASSERT_EQ(history.tokens[at], found.tokens.at(next)) << visible_bytes(text);
      ASSERT_EQ(found.word_of(next), word);
    }
  }
  for (; next < found.tokens.size(); ++next) {
    ASSERT_EQ(found.tokens[next].begin, found.tokens[next].end);
    ASSERT_FALSE(found.word_of(next));
  }
}

void expect_steps_end_in_the_tokens(const Tokenizer& tokenizer, const WordSteps& history) {
  ASSERT_FALSE(history.steps.empty());
  if (history.tokens.empty()) return;  // a byte or a character that gets none
  ASSERT_EQ(history.steps.back().size(), history.tokens.size());
  for (const auto& step : history.steps) {
    // Unknown parts of a word are still there, as text.
    ASSERT_EQ(joined(step), joined(history.steps.front()));
  }
  if (history.ranks.empty()) return;
  ASSERT_EQ(history.ranks.size() + 1, history.steps.size());
  for (std::size_t step = 1; step < history.steps.size(); ++step)
    ASSERT_EQ(history.steps[step].size() + 1, history.steps[step - 1].size());
  for (std::size_t at = 0; at < history.tokens.size(); ++at) {
    const std::string& bytes = tokenizer.bytes(history.tokens[at].id);
    const bool is_unknown = tokenizer.named_tokens().unknown == history.tokens[at].id;
    // An end mark ("</w>") or a prefix belongs to the piece and not to the text.
    ASSERT_TRUE(is_unknown || bytes.find(history.steps.back()[at]) != std::string::npos) << bytes;
  }
}

void expect_best_path(const Tokenization& found) {
  for (const TokenizedWord& word : found.words) {
    if (!word.lattice) continue;
    const WordLattice& lattice = found.lattices.at(*word.lattice);
    std::size_t at = 0;
    double sum = 0.0;
    for (const PlacedPiece& piece : lattice.pieces) {
      ASSERT_LT(piece.left, piece.right);
      ASSERT_LE(piece.right, lattice.word.size());
      if (!piece.is_on_best_path) continue;
      ASSERT_EQ(piece.left, at);
      at = piece.right;
      sum += piece.log_probability;
    }
    ASSERT_EQ(at, lattice.word.size());
    // The same terms added in another order than backwards along the path would be: 1e-12 of their size.
    ASSERT_NEAR(sum, lattice.best_log_probability, 1e-12 * (1.0 + std::abs(sum)));
    ASSERT_GE(count_paths(lattice), 1.0);
  }
}

TEST(Tokenization, ends_where_encode_ends_for_every_kind) {
  const std::vector<std::string> lines = some_lines();
  ASSERT_GT(lines.size(), 400U);
  std::map<TokenMethod, std::size_t> longest;
  for (const auto& [name, tokenizer] : every_kind()) {
    SCOPED_TRACE(name);
    for (const std::string& text : lines) {
      const Tokenization found = explain_tokens(*tokenizer, text);
      ASSERT_EQ(found.tokens, tokenizer->encode(text));
      ASSERT_NO_FATAL_FAILURE(expect_words_make_the_tokens(text, found)) << visible_bytes(text);
      for (const TokenizedWord& word : found.words) {
        ASSERT_NO_FATAL_FAILURE(expect_steps_end_in_the_tokens(*tokenizer, word.history))
            << visible_bytes(text);
        longest[found.method] = std::max(longest[found.method], word.history.steps.size());
      }
      ASSERT_NO_FATAL_FAILURE(expect_best_path(found)) << visible_bytes(text);
      if (found.method == TokenMethod::unigram) {
        const bool has_words =
            std::any_of(found.words.begin(), found.words.end(),
                        [](const TokenizedWord& word) { return word.lattice.has_value(); });
        ASSERT_EQ(has_words, !found.lattices.empty());
        ASSERT_EQ(static_cast<std::size_t>(
                      std::count_if(found.words.begin(), found.words.end(),
                                    [](const TokenizedWord& word) { return word.lattice.has_value(); })),
                  found.lattices.size());
      }
    }
  }
  EXPECT_GT(longest[TokenMethod::byte_pair], 8U);  // the lines do have steps
  EXPECT_GT(longest[TokenMethod::word_piece], 4U);
  EXPECT_EQ(longest[TokenMethod::unigram], 1U);
}

TEST(Tokenization, normalised_parts_cover_the_text_and_give_what_the_words_are_cut_from) {
  std::size_t changed = 0;
  for (const auto& [name, tokenizer] : every_kind()) {
    SCOPED_TRACE(name);
    for (const std::string& text : some_lines()) {
      std::size_t end = 0;
      bool was_changed = false;
      const std::vector<NormalizedPart> parts = explain_tokens(*tokenizer, text).normalized;
      for (std::size_t at = 0; at < parts.size(); ++at) {
        ASSERT_EQ(parts[at].begin, end) << visible_bytes(text);
        end = parts[at].end;
        const bool is_changed = text.substr(parts[at].begin, end - parts[at].begin) != parts[at].text;
        ASSERT_TRUE(at == 0 || is_changed != was_changed) << visible_bytes(text);
        was_changed = is_changed;
        changed += is_changed ? 1 : 0;
      }
      ASSERT_EQ(end, text.size()) << visible_bytes(text);
    }
  }
  EXPECT_GT(changed, 1000U);
  const auto bert = tokenizer_of(kind_json("bert_uncased"));
  const std::vector<NormalizedPart> parts = explain_tokens(*bert, "The Café").normalized;
  ASSERT_EQ(parts.size(), 5U);
  EXPECT_EQ(parts[0], (NormalizedPart{0, 1, "t"}));
  EXPECT_EQ(parts[1], (NormalizedPart{1, 4, "he "}));
  EXPECT_EQ(parts[2], (NormalizedPart{4, 5, "c"}));
  EXPECT_EQ(parts[4], (NormalizedPart{7, 9, "e"}));
  EXPECT_TRUE(explain_tokens(*bert, "The").is_changed("The"));
  EXPECT_FALSE(explain_tokens(*bert, "the").is_changed("the"));
}

void expect_merges(const Tokenizer& tokenizer, const nlohmann::json& golden) {
  std::size_t merges = 0;
  for (const auto& line : golden) {
    const auto text = line.at(0).get<std::string>();
    std::vector<WordSteps> histories = dynamic_cast<const StepwiseTokenizer&>(tokenizer).word_steps(text);
    std::erase_if(histories, [&](const WordSteps& history) {
      return history.tokens.size() == 1 && tokenizer.is_special(history.tokens.front().id);
    });
    ASSERT_EQ(histories.size(), line.at(1).size()) << text;
    for (std::size_t word = 0; word < histories.size(); ++word) {
      const nlohmann::json& steps = line.at(1).at(word);
      ASSERT_EQ(histories[word].steps.size(), steps.size()) << text;
      for (std::size_t step = 0; step < steps.size(); ++step) {
        std::vector<std::string> parts;
        for (const auto& piece : steps.at(step).at(1))
          parts.push_back(*bytes_of_piece(piece.get_ref<const std::string&>()));
        ASSERT_EQ(histories[word].steps[step], parts) << text;
        if (step > 0) {
          ASSERT_EQ(histories[word].ranks.at(step - 1), steps.at(step).at(0).get<std::uint32_t>());
          ++merges;
        }
      }
    }
  }
  EXPECT_GT(merges, 40U);
}

TEST(Tokenization, merges_and_ranks_are_those_of_a_plain_implementation) {
  const nlohmann::json golden = golden_json("tokenization_steps.json").at("merges");
  expect_merges(*small_tokenizer(), golden.at("small"));
  const char* path = std::getenv("HEADLIGHT_SMOLLM2");
  if (path == nullptr) GTEST_SKIP() << "HEADLIGHT_SMOLLM2 does not name the model";
  expect_merges(*open_tokenizer(path), golden.at("smollm2"));
}

TEST(Tokenization, the_normal_form_of_a_text_is_named) {
  EXPECT_EQ(text_form("plain"), TextForm::both);
  EXPECT_EQ(text_form(""), TextForm::both);
  EXPECT_EQ(text_form("한글 \xFF"), TextForm::composed);
  EXPECT_EQ(text_form("\u1112\u1161\u11AB"), TextForm::decomposed);
  EXPECT_EQ(text_form("한 \u1112\u1161\u11AB"), TextForm::neither);
  EXPECT_EQ(text_form("한\xFF\u1112\u1161\u11AB"), TextForm::neither);
}

TEST(Tokenization, paths_of_a_lattice_are_counted) {
  WordLattice lattice;
  lattice.word = "abc";
  const auto add = [&](std::size_t left, std::size_t right) {
    PlacedPiece piece;
    piece.left = left;
    piece.right = right;
    lattice.pieces.push_back(piece);
  };
  for (std::size_t at = 0; at < 3; ++at) add(at, at + 1);
  EXPECT_EQ(count_paths(lattice), 1.0);
  lattice.pieces.clear();
  add(0, 1), add(0, 2), add(0, 3), add(1, 2), add(1, 3), add(2, 3);
  EXPECT_EQ(count_paths(lattice), 4.0);  // a|b|c, a|bc, ab|c, abc
}

TEST(Characters, hangul_has_the_letters_of_its_unicode_names) {
  const nlohmann::json golden = golden_json("tokenization_steps.json").at("jamo");
  ASSERT_GT(golden.size(), 600U);
  for (const auto& pair : golden)
    EXPECT_EQ(jamo_of(pair.at(0).get<std::string>()), pair.at(1).get<std::vector<std::string>>());
  EXPECT_TRUE(jamo_of("a").empty());
  EXPECT_TRUE(jamo_of("\xEC\x95").empty());
}

// ANCHORS: of a GPT-2-like vocabulary a syllable is three bytes and up to three tokens.
TEST(Characters, tokens_of_one_character_are_found) {
  const std::string text = "안 a\xFF";
  const std::vector<Token> tokens = {{9, 0, 0}, {1, 0, 1}, {2, 1, 3}, {3, 3, 5}, {4, 5, 6}, {9, 6, 6}};
  const std::vector<SeenCharacter> found = seen_characters(text, tokens);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].first_token, 1U);
  EXPECT_EQ(found[0].token_count, 2U);
  EXPECT_EQ(found[0].jamo, (std::vector<std::string>{"ㅇ", "ㅏ", "ㄴ"}));
  EXPECT_EQ(found[0].script, Script::hangul);
  EXPECT_TRUE(found[1].is_space);
  EXPECT_EQ(found[1].first_token, 3U);
  EXPECT_EQ(found[2].first_token, 3U);
  EXPECT_EQ(found[2].script, Script::latin);
  EXPECT_EQ(found[3].token_count, 1U);
  const std::vector<ScriptCost> costs = script_costs(found, tokens);
  ASSERT_EQ(costs.size(), 3U);
  EXPECT_EQ(costs[0].script, Script::latin);
  EXPECT_DOUBLE_EQ(costs[0].tokens, 1.0);  // the space is no character
  EXPECT_DOUBLE_EQ(costs[1].per_character(), 2.0);
  EXPECT_EQ(costs[2].script, Script::signs);
}

TEST(Characters, what_the_scripts_cost_adds_up_to_the_tokens) {
  const auto tokenizer = small_tokenizer();
  for (const std::string& text : some_lines()) {
    const std::vector<Token> tokens = tokenizer->encode(text);
    const std::vector<SeenCharacter> characters = seen_characters(text, tokens);
    double sum = 0.0;
    for (const ScriptCost& cost : script_costs(characters, tokens)) sum += cost.tokens;
    std::set<std::size_t> inked;  // tokens that are not spaces alone
    for (const SeenCharacter& character : characters) {
      for (std::size_t at = 0; at < character.token_count && !character.is_space; ++at)
        inked.insert(character.first_token + at);
    }
    // Sums of at most some hundred shares below 1.
    EXPECT_NEAR(sum, static_cast<double>(inked.size()), 1e-9) << visible_bytes(text);
  }
}

TEST(OtherTokenizer, is_opened_without_its_model_or_refused_with_a_sentence) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "headlight_other_tokenizer";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "tokenizer.json") << kind_json("bert_cased").dump();
  for (const auto& path : {folder, folder / "tokenizer.json"}) {
    const auto tokenizer = open_tokenizer(path.string());
    EXPECT_EQ(tokenizer->encode("a b"), tokenizer_of(kind_json("bert_cased"))->encode("a b"));
  }
  std::ofstream(folder / "broken.json") << "{";
  EXPECT_THROW(open_tokenizer((folder / "broken.json").string()), FileError);
  EXPECT_THROW(open_tokenizer("no such model"), UserError);
  std::filesystem::remove_all(folder);
  for (const TokenizerSource& source : tokenizer_sources()) EXPECT_FALSE(source.title.empty());
}

}  // namespace
}  // namespace headlight::test

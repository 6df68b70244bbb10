// A queue of pairs by frequency; a merge changes only the words that hold the pair, and the counts of its
// neighbours there. What the queue says of a pair may be out of date: it is looked up again when its turn
// comes.
#include "core/training/byte_pair_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/base/errors.h"
#include "core/base/said_in_both.h"
#include "core/text/byte_pair.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

constexpr std::int64_t most_pieces = std::int64_t{1} << 20;

using Pair = std::uint64_t;  // the left id above, the right id below: ordered as the ids are

Pair pair_of(TokenId left, TokenId right) {
  return (static_cast<Pair>(static_cast<std::uint32_t>(left)) << 32U) | static_cast<std::uint32_t>(right);
}
TokenId left_of(Pair pair) { return static_cast<TokenId>(pair >> 32U); }
TokenId right_of(Pair pair) { return static_cast<TokenId>(pair & 0xFFFFFFFFU); }

// The finaliser of splitmix64: ids are small and dense.
struct PairHash {
  std::size_t operator()(Pair pair) const {
    pair = (pair ^ (pair >> 30U)) * 0xbf58476d1ce4e5b9U;
    pair = (pair ^ (pair >> 27U)) * 0x94d049bb133111ebU;
    return pair ^ (pair >> 31U);
  }
};

struct Candidate {
  std::int64_t count = 0;  // when it was put into the queue
  Pair pair = 0;
  std::vector<std::uint32_t> words;  // that had the pair then, each once
};

bool comes_later(const Candidate& a, const Candidate& b) {
  return a.count != b.count ? a.count < b.count : a.pair > b.pair;
}

void check(const BytePairSettings& settings) {
  std::set<std::string> seen;
  for (const std::string& token : settings.special_tokens) {
    if (token.empty() || invalid_utf8_offset(token) || !seen.insert(token).second) {
      throw UserError(fmt::format(
          "The special token '{}' is empty, no UTF-8 or named twice; each needs a text of its own.",
          visible_bytes(token)));
    }
  }
  const auto least = static_cast<std::int64_t>(settings.special_tokens.size()) + 256;
  if (settings.vocabulary_size < least || settings.vocabulary_size > most_pieces) {
    throw told<UserError>(
        "A vocabulary of {} pieces was asked for; with {} special tokens and a piece for each byte it needs "
        "{} to {}.",
        "어휘의 조각 수: {}. 특수 토큰 {}개와 바이트마다의 조각까지 {}개부터 {}개까지여야 합니다.",
        settings.vocabulary_size, settings.special_tokens.size(), least, most_pieces);
  }
}

}  // namespace

void WordCounts::add(std::string_view text, std::int64_t times) {
  if (const auto wrong = invalid_utf8_offset(text)) {
    throw told<UserError>("A text to learn from is not UTF-8 at its byte {}. Save it as UTF-8.",
                          "학습할 글이 UTF-8이 아닙니다(바이트 {} 위치). UTF-8로 저장해 주세요.", *wrong);
  }
  if (times <= 0) return;
  for (const TextSpan& span : pre_tokenizer_.split(text))
    counts_[std::string(text.substr(span.begin, span.end - span.begin))] += times;
}

class BytePairTrainer {
 public:
  explicit BytePairTrainer(const BytePairSettings& settings) : settings_(settings) {
    for (const std::string& token : settings.special_tokens) id_of(token);
    // The bytes in the order of the characters that spell them.
    std::array<std::pair<char32_t, unsigned>, 256> alphabet;
    for (unsigned byte = 0; byte < 256; ++byte)
      alphabet[byte] = {byte_character(static_cast<std::uint8_t>(byte)), byte};
    std::sort(alphabet.begin(), alphabet.end());
    for (const auto& [character, byte] : alphabet) {
      std::string piece;
      append_utf8(piece, character);
      byte_ids_[byte] = id_of(piece);
    }
  }

  TrainedBytePairs train(const WordCounts& words, const std::function<void(float)>& progress) {
    add_words(words);
    const auto begun = static_cast<float>(trained_.pieces.size());
    const float wanted = static_cast<float>(settings_.vocabulary_size) - begun;
    while (static_cast<std::int64_t>(trained_.pieces.size()) < settings_.vocabulary_size && merge_next()) {
      if (progress) progress((static_cast<float>(trained_.pieces.size()) - begun) / wanted);
    }
    keep_last_ranks();
    return std::move(trained_);
  }

 private:
  struct CountedWord {
    std::vector<TokenId> parts;
    std::int64_t count = 0;
  };

  TokenId id_of(const std::string& piece) {
    const auto [place, is_new] = ids_.emplace(piece, static_cast<TokenId>(trained_.pieces.size()));
    if (is_new) trained_.pieces.push_back(piece);
    return place->second;
  }

  void add_words(const WordCounts& words) {
    words_.reserve(words.size());
    for (const auto& [word, count] : words.counts_) {
      CountedWord counted{{}, count};
      counted.parts.reserve(word.size());
      for (const char byte : word) counted.parts.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
      const auto place = static_cast<std::uint32_t>(words_.size());
      for (std::size_t i = 0; i + 1 < counted.parts.size(); ++i)
        change(pair_of(counted.parts[i], counted.parts[i + 1]), count, place);
      words_.push_back(std::move(counted));
    }
    queue_what_appeared();
  }

  void change(Pair pair, std::int64_t by, std::uint32_t word) {
    counts_[pair] += by;
    if (by < 0) return;
    std::vector<std::uint32_t>& places = appeared_[pair];
    if (places.empty() || places.back() != word) places.push_back(word);
  }

  void queue_what_appeared() {
    for (auto& [pair, words] : appeared_) {
      const std::int64_t count = counts_[pair];
      if (count <= 0) continue;
      queue_.push_back({count, pair, std::move(words)});
      std::push_heap(queue_.begin(), queue_.end(), comes_later);
    }
    appeared_.clear();
  }

  // False when no pair is frequent enough.
  bool merge_next() {
    while (!queue_.empty()) {
      std::pop_heap(queue_.begin(), queue_.end(), comes_later);
      Candidate& top = queue_.back();
      const std::int64_t count = counts_[top.pair];
      if (top.count != count) {
        top.count = count;
        std::push_heap(queue_.begin(), queue_.end(), comes_later);
        continue;
      }
      if (count < 1 || count < settings_.least_count) return false;
      const Candidate best = std::move(top);
      queue_.pop_back();
      const std::string piece = trained_.pieces[static_cast<std::size_t>(left_of(best.pair))] +
                                trained_.pieces[static_cast<std::size_t>(right_of(best.pair))];
      const TokenId joined = id_of(piece);
      trained_.merges.emplace_back(left_of(best.pair), right_of(best.pair));
      for (const std::uint32_t word : best.words) merge_in(word, best.pair, joined);
      queue_what_appeared();
      return true;
    }
    return false;
  }

  // Joins the pair from left to right. The pair's own count stays as it is, as in Hugging Face's trainer.
  void merge_in(std::uint32_t place, Pair pair, TokenId joined) {
    CountedWord& word = words_[place];
    std::vector<TokenId>& parts = word.parts;
    std::size_t kept = 0;  // parts[0 .. kept) are finished
    for (std::size_t i = 0; i < parts.size(); ++i, ++kept) {
      if (i + 1 == parts.size() || pair_of(parts[i], parts[i + 1]) != pair) {
        parts[kept] = parts[i];
        continue;
      }
      if (kept > 0) {
        change(pair_of(parts[kept - 1], left_of(pair)), -word.count, place);
        change(pair_of(parts[kept - 1], joined), word.count, place);
      }
      if (i + 2 < parts.size()) {
        change(pair_of(right_of(pair), parts[i + 2]), -word.count, place);
        change(pair_of(joined, parts[i + 2]), word.count, place);
      }
      parts[kept] = joined;
      ++i;
    }
    parts.resize(kept);
  }

  // A pair can have its turn twice: when a piece that is there already is made in a second way, old pairs
  // appear in new places. Hugging Face's trainer keeps the later rank.
  void keep_last_ranks() {
    std::set<std::pair<TokenId, TokenId>> seen;
    std::vector<std::pair<TokenId, TokenId>> kept;
    for (auto merge = trained_.merges.rbegin(); merge != trained_.merges.rend(); ++merge) {
      if (seen.insert(*merge).second) kept.push_back(*merge);
    }
    trained_.merges.assign(kept.rbegin(), kept.rend());
  }

  const BytePairSettings& settings_;
  TrainedBytePairs trained_;
  std::unordered_map<std::string, TokenId> ids_;
  std::array<TokenId, 256> byte_ids_{};
  std::vector<CountedWord> words_;
  std::unordered_map<Pair, std::int64_t, PairHash> counts_;
  std::unordered_map<Pair, std::vector<std::uint32_t>, PairHash> appeared_;  // since the last merge
  std::vector<Candidate> queue_;                                             // a heap
};

TrainedBytePairs train_byte_pairs(const WordCounts& words, const BytePairSettings& settings,
                                  const std::function<void(float)>& progress) {
  check(settings);
  return BytePairTrainer(settings).train(words, progress);
}

}  // namespace headlight

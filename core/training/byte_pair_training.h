// Makes a vocabulary: which pairs of neighbours, most frequent first, become pieces of a byte-level tokenizer
// (Sennrich et al. 2016, over bytes as in Radford et al. 2019).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/text/pre_tokenizers.h"
#include "core/text/tokenizer.h"

namespace headlight {

// What the finished tokenizer puts around every text. The names of the tokens are fixed: <bos>, <eos>, <cls>,
// <sep>.
enum class TextFrame { none, beginning, classification, end };  // -, <bos> A, <cls> A <sep>, A <eos>

struct BytePairSettings {
  std::int64_t vocabulary_size = 0;         // special tokens and the 256 bytes count
  std::vector<std::string> special_tokens;  // their ids are 0, 1, 2 …
  std::int64_t least_count = 2;             // a rarer pair does not become a piece
  TextFrame frame = TextFrame::none;
};

// How often each word stands in a text, as the pattern of GPT-2 cuts it. Merges never cross words, so this is
// all that matters.
class WordCounts {
 public:
  // As if the text stood there `times` times. Throws UserError when it is not UTF-8.
  void add(std::string_view text, std::int64_t times = 1);
  std::size_t size() const { return counts_.size(); }

 private:
  friend class BytePairTrainer;
  PreTokenizer pre_tokenizer_{"gpt-2"};
  std::unordered_map<std::string, std::int64_t> counts_;
};

struct TrainedBytePairs {
  std::vector<std::string> pieces;  // by id, as byte-level vocabularies spell them; the special tokens first
  std::vector<std::pair<TokenId, TokenId>> merges;  // by rank
};

// The same pieces and merges in the same order as `BpeTrainer` of Hugging Face's tokenizers: of equally
// frequent pairs the one with the lower ids comes first. Fewer pieces than asked for when no pair is frequent
// enough any more. `progress` is told the share that is done and may throw to stop. Throws UserError for
// settings that make no sense.
TrainedBytePairs train_byte_pairs(const WordCounts& words, const BytePairSettings& settings,
                                  const std::function<void(float)>& progress = {});

// The text of tokenizer.json, and of tokenizer_config.json, which says what <bos>, <eos>, <pad>, <sep>,
// <mask> and <cls> mean. Throws UserError when the frame needs a token that is not among the special ones.
std::string tokenizer_json(const TrainedBytePairs& trained, const BytePairSettings& settings);
std::string tokenizer_config_json(const BytePairSettings& settings);

}  // namespace headlight

// One small class for each pre-tokenizer that tokenizer.json knows.
#include "core/text/word_splitters.h"

#include <utility>

#include "core/text/unicode_classes.h"

namespace headlight {
namespace {

template <typename Split>
class Simple final : public WordSplitter {
 public:
  explicit Simple(Split split) : split_(std::move(split)) {}
  std::vector<Word> split(Word word) const override {
    std::vector<Word> words;
    bool continues = word.continues;
    for (AlignedText& piece : split_(word)) {
      if (!piece.empty()) words.push_back({std::move(piece), continues});
      continues = false;
    }
    return words;
  }

 private:
  Split split_;  // Word& -> pieces
};

template <typename Split>
WordSplitterPointer simple(Split split) {
  return std::make_unique<const Simple<Split>>(std::move(split));
}

template <typename IsMatch>
std::vector<AlignedText> cut_at(const AlignedText& text, IsMatch is_match, CutBehavior behavior) {
  return text.cut(parts_by_character(text.text(), is_match), behavior);
}

class Sequence final : public WordSplitter {
 public:
  explicit Sequence(std::vector<WordSplitterPointer> steps) : steps_(std::move(steps)) {}
  std::vector<Word> split(Word word) const override {
    std::vector<Word> words;
    words.push_back(std::move(word));
    for (const WordSplitterPointer& step : steps_) {
      std::vector<Word> finer;
      for (Word& whole : words) {
        for (Word& part : step->split(std::move(whole))) finer.push_back(std::move(part));
      }
      words = std::move(finer);
    }
    return words;
  }

 private:
  std::vector<WordSplitterPointer> steps_;
};

constexpr const char* gpt2_words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// The `regex` crate's \w: without the fractions of Latin-1, with the two joiners.
constexpr const char* words_and_others =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}\x09-\x0d\x20\x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]+)";

}  // namespace

WordSplitterPointer splitter_sequence(std::vector<WordSplitterPointer> steps) {
  return std::make_unique<const Sequence>(std::move(steps));
}

WordSplitterPointer byte_level_splitter(bool add_prefix_space, bool use_regex) {
  const auto pattern = std::make_shared<const RegularExpression>(pattern_from_oniguruma(gpt2_words));
  return simple([add_prefix_space, use_regex, pattern](Word& word) {
    AlignedText& text = word.text;
    if (add_prefix_space && !word.continues && text.text().front() != ' ') text.prepend(" ");
    std::vector<AlignedText> pieces;
    if (use_regex) {
      pieces = text.cut(parts_around(text.text(), pattern->matches(text.text())), CutBehavior::isolated);
    } else {
      pieces.push_back(std::move(text));
    }
    for (AlignedText& piece : pieces) piece.spell_bytes();
    return pieces;
  });
}

WordSplitterPointer bert_splitter() {
  return simple([](Word& word) {
    std::vector<AlignedText> pieces;
    for (const AlignedText& part : cut_at(word.text, is_white_space, CutBehavior::removed)) {
      for (AlignedText& piece : cut_at(part, is_punctuation, CutBehavior::isolated))
        pieces.push_back(std::move(piece));
    }
    return pieces;
  });
}

WordSplitterPointer whitespace_splitter() {
  return pattern_splitter(RegularExpression(words_and_others), CutBehavior::removed, true);
}

WordSplitterPointer whitespace_only_splitter() {
  return simple([](Word& word) { return cut_at(word.text, is_white_space, CutBehavior::removed); });
}

WordSplitterPointer digits_splitter(bool individual) {
  const CutBehavior behavior = individual ? CutBehavior::isolated : CutBehavior::contiguous;
  return simple([behavior](Word& word) { return cut_at(word.text, is_numeric, behavior); });
}

WordSplitterPointer punctuation_splitter(CutBehavior behavior) {
  return simple([behavior](Word& word) { return cut_at(word.text, is_punctuation, behavior); });
}

WordSplitterPointer character_splitter(char32_t delimiter) {
  return simple([delimiter](Word& word) {
    return cut_at(
        word.text, [delimiter](char32_t c) { return c == delimiter; }, CutBehavior::removed);
  });
}

WordSplitterPointer pattern_splitter(RegularExpression pattern, CutBehavior behavior, bool invert) {
  const auto shared = std::make_shared<const RegularExpression>(std::move(pattern));
  return simple([shared, behavior, invert](Word& word) {
    std::vector<TextPart> parts = parts_around(word.text.text(), shared->matches(word.text.text()));
    if (invert) {
      for (TextPart& part : parts) part.is_match = !part.is_match;
    }
    return word.text.cut(parts, behavior);
  });
}

WordSplitterPointer fixed_length_splitter(std::size_t characters) {
  return simple([characters](Word& word) {
    std::vector<TextPart> parts;
    std::size_t count = 0;
    for_each_character(word.text.text(), [&](char32_t, std::size_t offset, std::size_t length) {
      if (count++ % characters == 0) parts.push_back({{offset, offset}, true});
      parts.back().span.end = offset + length;
    });
    return word.text.cut(parts, CutBehavior::isolated);
  });
}

WordSplitterPointer metaspace_splitter(std::string replacement, PrefixScheme prefix, bool splits) {
  return simple([replacement = std::move(replacement), prefix, splits](Word& word) {
    AlignedText& text = word.text;
    text.replace(parts_by_text(text.text(), " "), replacement);
    const bool has_prefix = text.text().compare(0, replacement.size(), replacement) == 0;
    const bool wants_prefix =
        prefix == PrefixScheme::always || (prefix == PrefixScheme::first && text.origin() == 0);
    if (wants_prefix && !has_prefix && !word.continues) text.prepend(replacement);
    std::vector<AlignedText> pieces;
    if (splits) {
      pieces = text.cut(parts_by_text(text.text(), replacement), CutBehavior::merged_with_next);
    } else {
      pieces.push_back(std::move(text));
    }
    return pieces;
  });
}

}  // namespace headlight

// The pre-tokenizers of tokenizer.json: cut a normalised text into the words that the model sees one by one,
// and mark what was white space.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/text/aligned_text.h"
#include "core/text/regular_expression.h"

namespace headlight {

// One stretch of a text between special tokens, or a part of it.
struct Word {
  AlignedText text;
  // Follows a byte that is not UTF-8: nothing is put in front of it, for it is no beginning.
  bool continues = false;
};

class WordSplitter {
 public:
  virtual ~WordSplitter() = default;
  // Empty words are dropped.
  virtual std::vector<Word> split(Word word) const = 0;
};
using WordSplitterPointer = std::unique_ptr<const WordSplitter>;

WordSplitterPointer splitter_sequence(std::vector<WordSplitterPointer> steps);
// GPT-2's: a space in front if asked for and not there, cut by GPT-2's pattern if asked for, bytes spelled.
WordSplitterPointer byte_level_splitter(bool add_prefix_space, bool use_regex);
WordSplitterPointer bert_splitter();             // at white space, and around punctuation
WordSplitterPointer whitespace_splitter();       // words and runs of anything else but white space
WordSplitterPointer whitespace_only_splitter();  // at white space
WordSplitterPointer digits_splitter(bool individual);
WordSplitterPointer punctuation_splitter(CutBehavior behavior);
WordSplitterPointer character_splitter(char32_t delimiter);  // the delimiter is removed
WordSplitterPointer pattern_splitter(RegularExpression pattern, CutBehavior behavior, bool invert);
WordSplitterPointer fixed_length_splitter(std::size_t characters);

enum class PrefixScheme { always, first, never };  // first: only where the user's text begins
// Spaces become `replacement`, one is put in front, and if `splits` each begins a word.
WordSplitterPointer metaspace_splitter(std::string replacement, PrefixScheme prefix, bool splits);

}  // namespace headlight

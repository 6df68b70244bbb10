// Characters of Unicode 14 that Hugging Face's tokenizers class by older tables: to give the same ids, the
// same characters have to be unknown.
#pragma once

namespace headlight {

enum class CharacterTable {
  newer_controls,     // format characters that BertNormalizer keeps
  other_nonspacing,   // nonspacing marks to one of the two tables only (BertNormalizer)
  other_marks,        // marks to one of the two tables only (StripAccents)
  other_punctuation,  // punctuation to one of the two tables only
  undecomposed,       // characters that no normal form changes
  unordered           // marks whose combining class counts as 0
};

bool is_exception(CharacterTable table, char32_t code_point);

}  // namespace headlight

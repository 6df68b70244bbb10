// What a tokenizer does to a text before it cuts it into words: Unicode's normal forms, lower case, accents,
// replacements. Every change keeps the alignment with the user's text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/text/aligned_text.h"
#include "core/text/normal_forms.h"
#include "core/text/precompiled_map.h"
#include "core/text/regular_expression.h"

namespace headlight {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void normalize(AlignedText& text) const = 0;
};
using NormalizerPointer = std::unique_ptr<const Normalizer>;

NormalizerPointer normalizer_sequence(std::vector<NormalizerPointer> steps);
NormalizerPointer normal_form_normalizer(NormalForm form);
NormalizerPointer lowercase_normalizer();
NormalizerPointer strip_accents_normalizer();  // removes marks; does not decompose
NormalizerPointer strip_normalizer(bool left, bool right);
NormalizerPointer prepend_normalizer(std::string prefix);
NormalizerPointer replace_normalizer(RegularExpression pattern, std::string replacement);
NormalizerPointer replace_text_normalizer(std::string wanted, std::string replacement);
NormalizerPointer precompiled_normalizer(PrecompiledMap map);
NormalizerPointer nmt_normalizer();  // control characters out, odd white space to spaces
NormalizerPointer byte_level_normalizer();

struct BertNormalization {
  bool clean_text = true;  // control characters out, white space to spaces
  bool handle_chinese_chars = true;
  bool strip_accents = true;
  bool lowercase = true;
};
NormalizerPointer bert_normalizer(BertNormalization options);

}  // namespace headlight

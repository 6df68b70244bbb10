// SentencePiece's own normalisation: replacements by the longest match, white space joined and marked.
#pragma once

#include <memory>

#include "core/text/normalizers.h"
#include "core/text/piece_trie.h"

namespace headlight {

struct SentencePieceNormalization {
  PrecompiledMap map;
  bool add_dummy_prefix = true;  // a space in front, where the user's text begins
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;                     // a space becomes "▁"
  std::shared_ptr<const PieceTrie> kept_as_they_are;  // user-defined pieces; may be null
};

NormalizerPointer sentencepiece_normalizer(SentencePieceNormalization options);

}  // namespace headlight

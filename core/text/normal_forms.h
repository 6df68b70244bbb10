// Unicode's normal forms (Standard Annex 15), with the alignment of each character.
#pragma once

#include <string_view>
#include <vector>

#include "core/text/aligned_text.h"

namespace headlight {

enum class NormalForm { nfc, nfd, nfkc, nfkd };

// The characters of valid UTF-8 in that form, and what each of them stands for.
std::vector<CharacterChange> normal_form(std::string_view text, NormalForm form);

}  // namespace headlight

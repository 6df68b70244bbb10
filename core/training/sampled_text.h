// What a model in training makes of the beginning of a text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/analysis/distribution.h"
#include "core/backends/backend.h"
#include "core/training/parameters.h"

namespace headlight {

// What stands in a text: its words alone, since where it begins and ends each tokenizer says in its own way.
std::string words_of(const Tokenizer& tokenizer, std::vector<TokenId> ids);

// What comes behind these tokens: at most `most`, to the token that ends a text, which is among them. The
// same for the same seed. Of a translation `ids` is what starts it, and `source` what is translated.
std::vector<TokenId> drawn_tokens(const Parameters& parameters, Backend& backend, std::vector<TokenId> ids,
                                  const SamplingSettings& settings, std::int64_t most, std::uint64_t seed,
                                  std::vector<TokenId> source = {});

// What it goes on with, or the translation: at most `tokens` tokens, drawn with temperature 0.8, of a
// translation the likeliest. The same for the same seed.
std::string sampled_text(const Parameters& parameters, Backend& backend, const std::string& text,
                         std::int64_t tokens, std::uint64_t seed);

}  // namespace headlight

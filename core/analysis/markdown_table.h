// The head of a distribution as a table for notes and issues.
#pragma once

#include <cstddef>
#include <string>

#include "core/analysis/distribution.h"
#include "core/text/tokenizer.h"

namespace headlight {

// Rank, token between bars, id, logit and probability (temperature 1, over the whole vocabulary) of the
// `count` likeliest, with their share of everything below.
std::string markdown_table(const Distribution& distribution, const Tokenizer& tokenizer, std::size_t count);

}  // namespace headlight

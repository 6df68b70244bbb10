// Sentences in the second voice, wrapped where the window ends.
#pragma once

#include <string>

namespace headlight {

void muted_text(const std::string& words);  // in the current font
void small_muted_text(const std::string& words, float relative_size = 0.88F);

}  // namespace headlight

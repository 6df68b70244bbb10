// A text that stands in both languages of the interface.
#pragma once

#include <string>

namespace headlight {

struct Bilingual {
  std::string en;
  std::string ko;
  bool operator==(const Bilingual&) const = default;
};

}  // namespace headlight

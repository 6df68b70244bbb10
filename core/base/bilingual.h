// A text that stands in both languages of the interface.
#pragma once

#include <string>

namespace headlight {

struct Bilingual {
  std::string en;
  std::string ko;
  bool empty() const { return en.empty() && ko.empty(); }
  bool operator==(const Bilingual&) const = default;
};

}  // namespace headlight

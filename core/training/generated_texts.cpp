#include "core/training/generated_texts.h"

#include <algorithm>
#include <utility>

#include "core/training/random_numbers.h"

namespace headlight {

std::string repeated_letters(std::uint64_t number) {
  constexpr std::size_t length = 72;
  RandomNumbers random(number);
  std::string letters = "abcdefghijklmnopqrstuvwxyz";
  for (std::size_t left = letters.size(); left > 1; --left) {
    std::swap(letters[left - 1],
              letters[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(left)))]);
  }
  std::string text;
  for (std::size_t used = 0; used < letters.size() && text.size() < length;) {
    const std::string group = letters.substr(used, static_cast<std::size_t>(2 + random.below(9)));
    for (std::int64_t times = 2 + random.below(3); times > 0; --times) text += group;
    used += group.size();
  }
  text.resize(std::min(text.size(), length));
  return text;
}

}  // namespace headlight

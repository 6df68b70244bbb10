// Decomposition, canonical order and composition, one character at a time, so that each result can say what
// it stands for; utf8proc has the tables.
#include "core/text/normal_forms.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/text/unicode_exceptions.h"

namespace headlight {
namespace {

struct Decomposed {
  CharacterChange change;
  unsigned combining_class;
};

unsigned combining_class(char32_t character) {
  if (character < 0x300) return 0;
  const auto known =
      static_cast<unsigned>(utf8proc_get_property(static_cast<utf8proc_int32_t>(character))->combining_class);
  return known != 0 && is_exception(CharacterTable::unordered, character) ? 0 : known;
}

void sort_marks(std::vector<Decomposed>& characters, std::size_t from) {
  std::stable_sort(
      characters.begin() + static_cast<std::ptrdiff_t>(from), characters.end(),
      [](const Decomposed& a, const Decomposed& b) { return a.combining_class < b.combining_class; });
}

std::vector<Decomposed> decompose(std::string_view text, bool compatibly) {
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compatibly ? UTF8PROC_COMPAT : 0));
  std::vector<Decomposed> result;
  result.reserve(text.size());
  std::size_t sorted = 0;  // characters before this one are in order
  const auto push = [&](char32_t character, bool is_first) {
    const unsigned kind = combining_class(character);
    if (kind == 0) {
      if (result.size() - sorted > 1) sort_marks(result, sorted);
      sorted = result.size() + 1;
    }
    result.push_back({{character, is_first ? 0 : 1}, kind});
  };
  for_each_character(text, [&](char32_t character, std::size_t, std::size_t) {
    // The longest decomposition of all has 18 characters (U+FDFA).
    std::array<utf8proc_int32_t, 32> parts{};
    int boundary = 0;
    utf8proc_ssize_t count = 1;
    if (character < 0x80 || is_exception(CharacterTable::undecomposed, character)) {
      parts[0] = static_cast<utf8proc_int32_t>(character);
    } else {
      count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(character), parts.data(),
                                      static_cast<utf8proc_ssize_t>(parts.size()), options, &boundary);
    }
    for (utf8proc_ssize_t part = 0; part < count; ++part) {
      push(static_cast<char32_t>(parts[static_cast<std::size_t>(part)]), part == 0);
    }
  });
  sort_marks(result, std::min(sorted, result.size()));
  return result;
}

std::optional<char32_t> composed(char32_t first, char32_t second) {
  // Nothing composes with a second character below U+0300.
  if (second < 0x300) return std::nullopt;
  std::array<utf8proc_int32_t, 2> pair = {static_cast<utf8proc_int32_t>(first),
                                          static_cast<utf8proc_int32_t>(second)};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  if (utf8proc_normalize_utf32(pair.data(), 2, options) != 1) return std::nullopt;
  const auto result = static_cast<char32_t>(pair[0]);
  if (is_exception(CharacterTable::undecomposed, result)) return std::nullopt;
  return result;
}

// The marks after a starter that could not be composed with it stay behind it, in order.
class Composer {
 public:
  void take(const Decomposed& next) {
    const char32_t character = next.change.character;
    if (!starter_) {
      if (next.combining_class != 0) {
        result_.push_back(next.change);
      } else {
        starter_ = next.change;
      }
      return;
    }
    const bool is_blocked = last_class_ != 0 && last_class_ >= next.combining_class;
    if (!is_blocked) {
      if (const auto joined = composed(starter_->character, character)) {
        starter_ = CharacterChange{*joined, starter_->change + next.change.change - 1};
        return;
      }
    }
    if (next.combining_class == 0) {
      finish();
      starter_ = next.change;
    } else {
      marks_.push_back(next.change);
      last_class_ = next.combining_class;
    }
  }
  void finish() {
    if (starter_) result_.push_back(*starter_);
    result_.insert(result_.end(), marks_.begin(), marks_.end());
    starter_.reset();
    marks_.clear();
    last_class_ = 0;
  }
  std::vector<CharacterChange>& result() { return result_; }

 private:
  std::vector<CharacterChange> result_;
  std::optional<CharacterChange> starter_;
  std::vector<CharacterChange> marks_;
  unsigned last_class_ = 0;  // of the last of marks_, whose classes are above 0; 0: there is none
};

}  // namespace

std::vector<CharacterChange> normal_form(std::string_view text, NormalForm form) {
  const std::vector<Decomposed> parts = decompose(text, form == NormalForm::nfkc || form == NormalForm::nfkd);
  if (form == NormalForm::nfc || form == NormalForm::nfkc) {
    Composer composer;
    for (const Decomposed& part : parts) composer.take(part);
    composer.finish();
    return std::move(composer.result());
  }
  std::vector<CharacterChange> result;
  result.reserve(parts.size());
  for (const Decomposed& part : parts) result.push_back(part.change);
  return result;
}

}  // namespace headlight

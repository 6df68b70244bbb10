// One small class for each kind of normaliser that tokenizer.json knows.
#include "core/text/normalizers.h"

#include <algorithm>
#include <utility>

#include "core/text/graphemes.h"
#include "core/text/unicode_classes.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

// Most texts are ASCII, which no normal form changes.
void to_form(AlignedText& text, NormalForm form) {
  const bool is_ascii = std::all_of(text.text().begin(), text.text().end(),
                                    [](char byte) { return static_cast<signed char>(byte) >= 0; });
  if (!is_ascii) text.change(normal_form(text.text(), form));
}

void lower(AlignedText& text) {
  std::vector<CharacterChange> changes;
  bool any = false;
  for_each_character(text.text(), [&](char32_t character, std::size_t, std::size_t) {
    std::int32_t change = 0;
    for (const char32_t part : lower_case(character)) {
      changes.push_back({part, change});
      any = any || part != character;
      change = 1;
    }
  });
  if (any) text.change(changes);
}

// Normalisers that are one function.
template <typename Change>
class Simple final : public Normalizer {
 public:
  explicit Simple(Change change) : change_(std::move(change)) {}
  void normalize(AlignedText& text) const override { change_(text); }

 private:
  Change change_;
};

template <typename Change>
NormalizerPointer simple(Change change) {
  return std::make_unique<const Simple<Change>>(std::move(change));
}

void clean(AlignedText& text) {
  const auto is_line_or_tab = [](char32_t c) { return c == U'\t' || c == U'\n' || c == U'\r'; };
  text.keep_if([&](char32_t c) { return c != 0 && c != 0xFFFD && (is_line_or_tab(c) || !is_control(c)); });
  text.map([](char32_t c) { return is_white_space(c) ? U' ' : c; });
}

void space_out_chinese(AlignedText& text) {
  std::vector<CharacterChange> changes;
  bool any = false;
  for_each_character(text.text(), [&](char32_t character, std::size_t, std::size_t) {
    const bool spaced = is_chinese(character);
    if (spaced) changes.push_back({U' ', 1});
    changes.push_back({character, 0});
    if (spaced) changes.push_back({U' ', 1});
    any = any || spaced;
  });
  if (any) text.change(changes);
}

bool nmt_drops(char32_t c) {
  return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F ||
         c == 0x9F;
}

bool nmt_makes_space(char32_t c) {
  return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
         c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

std::int32_t count_characters(std::string_view text) {
  std::int32_t count = 0;
  for_each_character(text, [&](char32_t, std::size_t, std::size_t) { ++count; });
  return count;
}

// Of a cluster of fewer than six bytes the whole is looked up, else its characters; of what matches only the
// shortest entry counts, and it stands for all that was looked up. That is odd, and it is how the published
// tokenizers work.
class Precompiled final : public Normalizer {
 public:
  explicit Precompiled(PrecompiledMap map) : map_(std::move(map)) {}
  void normalize(AlignedText& text) const override {
    if (map_.empty()) return;
    std::vector<CharacterChange> changes;
    const std::string_view all = text.text();
    bool any = false;
    std::size_t dropped = 0;
    for (const auto& [begin, end] : grapheme_spans(all)) {
      const std::string_view cluster = all.substr(begin, end - begin);
      if (cluster.size() < 6 && replaced(cluster, changes, dropped)) {
        any = true;
        continue;
      }
      for_each_character(cluster, [&](char32_t character, std::size_t offset, std::size_t length) {
        if (replaced(cluster.substr(offset, length), changes, dropped)) {
          any = true;
        } else {
          changes.push_back({character, 0});
        }
      });
    }
    if (any) text.change(changes, dropped);
  }

 private:
  bool replaced(std::string_view part, std::vector<CharacterChange>& changes, std::size_t& dropped) const {
    const auto match = map_.shortest_match(part);
    if (!match) return false;
    const std::int32_t taken = count_characters(part);
    if (match->replacement.empty()) {
      if (changes.empty()) {
        dropped += static_cast<std::size_t>(taken);
      } else {
        // What goes belongs to the last character that was there before.
        auto last = changes.rbegin();
        while (last->change > 0) ++last;
        last->change -= taken;
      }
      return true;
    }
    std::int32_t change = 1 - taken;
    for_each_character(match->replacement, [&](char32_t character, std::size_t, std::size_t) {
      changes.push_back({character, change});
      change = 1;
    });
    return true;
  }

  PrecompiledMap map_;
};

class Sequence final : public Normalizer {
 public:
  explicit Sequence(std::vector<NormalizerPointer> steps) : steps_(std::move(steps)) {}
  void normalize(AlignedText& text) const override {
    for (const NormalizerPointer& step : steps_) step->normalize(text);
  }

 private:
  std::vector<NormalizerPointer> steps_;
};

}  // namespace

NormalizerPointer normalizer_sequence(std::vector<NormalizerPointer> steps) {
  return std::make_unique<const Sequence>(std::move(steps));
}

NormalizerPointer normal_form_normalizer(NormalForm form) {
  return simple([form](AlignedText& text) { to_form(text, form); });
}

NormalizerPointer lowercase_normalizer() { return simple(lower); }

NormalizerPointer strip_accents_normalizer() {
  return simple([](AlignedText& text) { text.keep_if([](char32_t c) { return !is_mark(c); }); });
}

NormalizerPointer strip_normalizer(bool left, bool right) {
  return simple([left, right](AlignedText& text) { text.strip(left, right); });
}

NormalizerPointer prepend_normalizer(std::string prefix) {
  return simple([prefix = std::move(prefix)](AlignedText& text) { text.prepend(prefix); });
}

NormalizerPointer replace_normalizer(RegularExpression pattern, std::string replacement) {
  const auto shared = std::make_shared<const RegularExpression>(std::move(pattern));
  return simple([shared, replacement = std::move(replacement)](AlignedText& text) {
    text.replace(parts_around(text.text(), shared->matches(text.text())), replacement);
  });
}

NormalizerPointer replace_text_normalizer(std::string wanted, std::string replacement) {
  return simple([wanted = std::move(wanted), replacement = std::move(replacement)](AlignedText& text) {
    text.replace(parts_by_text(text.text(), wanted), replacement);
  });
}

NormalizerPointer precompiled_normalizer(PrecompiledMap map) {
  return std::make_unique<const Precompiled>(std::move(map));
}

NormalizerPointer nmt_normalizer() {
  return simple([](AlignedText& text) {
    text.keep_if([](char32_t c) { return !nmt_drops(c); });
    text.map([](char32_t c) { return nmt_makes_space(c) ? U' ' : c; });
  });
}

NormalizerPointer byte_level_normalizer() {
  return simple([](AlignedText& text) { text.spell_bytes(); });
}

NormalizerPointer bert_normalizer(BertNormalization options) {
  return simple([options](AlignedText& text) {
    if (options.clean_text) clean(text);
    if (options.handle_chinese_chars) space_out_chinese(text);
    if (options.strip_accents) {
      to_form(text, NormalForm::nfd);
      text.keep_if([](char32_t c) { return !is_nonspacing_mark(c); });
    }
    if (options.lowercase) lower(text);
  });
}

}  // namespace headlight

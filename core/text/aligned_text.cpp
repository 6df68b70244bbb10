// Changes of a text and of its alignment, in one pass over its characters each.
#include "core/text/aligned_text.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/text/byte_pair.h"
#include "core/text/unicode_classes.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

std::size_t length_at(std::string_view text, std::size_t offset) {
  const std::size_t length = utf8_character_at(text, offset).length;
  if (length == 0 && offset < text.size()) throw std::logic_error("an aligned text is not valid UTF-8");
  return length;
}

}  // namespace

std::vector<TextPart> parts_around(std::string_view text, const std::vector<TextSpan>& matches) {
  std::vector<TextPart> parts;
  parts.reserve(2 * matches.size() + 1);
  std::size_t done = 0;
  for (const TextSpan& match : matches) {
    if (match.begin > done) parts.push_back({{done, match.begin}, false});
    parts.push_back({match, true});
    done = match.end;
  }
  if (done < text.size()) parts.push_back({{done, text.size()}, false});
  return parts;
}

std::vector<TextPart> parts_by_character(std::string_view text,
                                         const std::function<bool(char32_t)>& is_match) {
  std::vector<TextSpan> matches;
  for_each_character(text, [&](char32_t character, std::size_t offset, std::size_t length) {
    if (is_match(character)) matches.push_back({offset, offset + length});
  });
  return parts_around(text, matches);
}

std::vector<TextPart> parts_by_text(std::string_view text, std::string_view wanted) {
  std::vector<TextSpan> matches;
  if (wanted.empty()) return parts_around(text, matches);
  for (std::size_t at = text.find(wanted); at != std::string_view::npos;
       at = text.find(wanted, at + wanted.size())) {
    matches.push_back({at, at + wanted.size()});
  }
  return parts_around(text, matches);
}

AlignedText::AlignedText(std::string_view user_text, TextSpan span)
    : user_text_(user_text), text_(user_text.substr(span.begin, span.end - span.begin)), origin_(span.begin) {
  sources_.reserve(text_.size());
  for_each_character(text_, [&](char32_t, std::size_t offset, std::size_t length) {
    sources_.insert(sources_.end(), length, {span.begin + offset, span.begin + offset + length});
  });
}

TextSpan AlignedText::source(TextSpan range) const {
  if (range.begin >= range.end || range.end > sources_.size()) return {origin_, origin_};
  const std::size_t begin = sources_[range.begin].begin;
  return {begin, std::max(begin, sources_[range.end - 1].end)};
}

TextSpan AlignedText::exact_source(std::size_t byte) const {
  const TextSpan whole = sources_.at(byte);
  std::size_t first = byte;  // of the character's bytes
  while ((static_cast<unsigned char>(text_[first]) & 0xC0U) == 0x80U) --first;
  const std::size_t length = length_at(text_, first);
  const bool is_own = whole.end - whole.begin == length && sources_[first] == whole &&
                      user_text_.substr(whole.begin, length) == std::string_view(text_).substr(first, length);
  if (!is_own) return whole;
  const std::size_t place = whole.begin + (byte - first);
  return {place, place + 1};
}

AlignedText AlignedText::slice(TextSpan range) const {
  AlignedText part;
  part.user_text_ = user_text_;
  part.text_ = text_.substr(range.begin, range.end - range.begin);
  part.sources_.assign(sources_.begin() + static_cast<std::ptrdiff_t>(range.begin),
                       sources_.begin() + static_cast<std::ptrdiff_t>(range.end));
  part.origin_ = part.sources_.empty() ? origin_ : part.sources_.front().begin;
  return part;
}

std::vector<AlignedText> AlignedText::cut(const std::vector<TextPart>& parts, CutBehavior behavior) const {
  std::vector<TextSpan> spans;
  bool previous_matched = false;
  const auto join_or_add = [&](const TextPart& part, bool joins) {
    if (joins && !spans.empty()) {
      spans.back().end = part.span.end;
    } else {
      spans.push_back(part.span);
    }
    previous_matched = part.is_match;
  };
  switch (behavior) {
    case CutBehavior::removed:
    case CutBehavior::isolated:
      for (const TextPart& part : parts) {
        if (behavior == CutBehavior::isolated || !part.is_match) spans.push_back(part.span);
      }
      break;
    case CutBehavior::contiguous:
      for (const TextPart& part : parts) join_or_add(part, part.is_match == previous_matched);
      break;
    case CutBehavior::merged_with_previous:
      for (const TextPart& part : parts) join_or_add(part, part.is_match && !previous_matched);
      break;
    case CutBehavior::merged_with_next: {
      for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
        if (part->is_match && !previous_matched && !spans.empty()) {
          spans.back().begin = part->span.begin;
        } else {
          spans.push_back(part->span);
        }
        previous_matched = part->is_match;
      }
      std::reverse(spans.begin(), spans.end());
      break;
    }
  }
  std::vector<AlignedText> pieces;
  pieces.reserve(spans.size());
  for (const TextSpan& span : spans) {
    if (span.begin < span.end) pieces.push_back(slice(span));
  }
  return pieces;
}

void AlignedText::change(const std::vector<CharacterChange>& characters, std::size_t dropped) {
  std::string text;
  std::vector<TextSpan> sources;
  text.reserve(text_.size());
  sources.reserve(text_.size());
  std::size_t old = 0;
  for (; dropped > 0; --dropped) old += length_at(text_, old);
  for (const CharacterChange& character : characters) {
    TextSpan source{origin_, origin_};
    if (character.change > 0) {
      if (old > 0) source = sources_[old - 1];
    } else if (!sources_.empty()) {
      source = sources_[std::min(old, sources_.size() - 1)];
    }
    for (std::int32_t taken = character.change; taken <= 0; ++taken) old += length_at(text_, old);
    const std::size_t before = text.size();
    append_utf8(text, character.character);
    sources.insert(sources.end(), text.size() - before, source);
  }
  text_ = std::move(text);
  sources_ = std::move(sources);
}

void AlignedText::keep_if(const std::function<bool(char32_t)>& keep) {
  std::vector<CharacterChange> kept;
  std::size_t dropped = 0;
  std::size_t count = 0;
  for_each_character(text_, [&](char32_t character, std::size_t, std::size_t) {
    ++count;
    if (keep(character)) {
      kept.push_back({character, 0});
    } else if (kept.empty()) {
      ++dropped;
    } else {
      --kept.back().change;
    }
  });
  if (kept.size() < count) change(kept, dropped);
}

void AlignedText::map(const std::function<char32_t(char32_t)>& to) {
  std::vector<CharacterChange> mapped;
  bool any = false;
  for_each_character(text_, [&](char32_t character, std::size_t, std::size_t) {
    mapped.push_back({to(character), 0});
    any = any || mapped.back().character != character;
  });
  if (any) change(mapped);
}

void AlignedText::prepend(std::string_view prefix) {
  if (text_.empty() || prefix.empty()) return;
  const TextSpan first = sources_.front();
  text_.insert(0, prefix);
  sources_.insert(sources_.begin(), prefix.size(), first);
}

void AlignedText::append(std::string_view suffix) {
  if (text_.empty() || suffix.empty()) return;
  append_from(suffix, sources_.back());
}

void AlignedText::append_from(std::string_view text, TextSpan source) {
  text_ += text;
  sources_.insert(sources_.end(), text.size(), source);
}

void AlignedText::replace(const std::vector<TextPart>& parts, std::string_view replacement) {
  std::string text;
  std::vector<TextSpan> sources;
  text.reserve(text_.size());
  sources.reserve(text_.size());
  for (const TextPart& part : parts) {
    const TextSpan range = part.span;
    if (!part.is_match) {
      text.append(text_, range.begin, range.end - range.begin);
      sources.insert(sources.end(), sources_.begin() + static_cast<std::ptrdiff_t>(range.begin),
                     sources_.begin() + static_cast<std::ptrdiff_t>(range.end));
      continue;
    }
    TextSpan source{origin_, origin_};
    if (range.end > range.begin) {
      source = sources_[range.end - 1];
    } else if (!sources.empty()) {
      source = sources.back();
    }
    text += replacement;
    sources.insert(sources.end(), replacement.size(), source);
  }
  text_ = std::move(text);
  sources_ = std::move(sources);
}

void AlignedText::strip(bool left, bool right) {
  std::size_t begin = 0;
  std::size_t end = text_.size();
  std::size_t last_end = 0;  // after the last character that is no white space
  bool any = false;
  for_each_character(text_, [&](char32_t character, std::size_t offset, std::size_t length) {
    if (is_white_space(character)) return;
    if (!any && left) begin = offset;
    any = true;
    last_end = offset + length;
  });
  if (!any) {
    if (left || right) begin = end;
  } else if (right) {
    end = last_end;
  }
  const std::size_t origin = origin_;
  *this = slice({begin, end});
  origin_ = origin;
}

void AlignedText::spell_bytes() {
  std::string text;
  std::vector<TextSpan> sources;
  text.reserve(2 * text_.size());
  sources.reserve(2 * text_.size());
  for (std::size_t byte = 0; byte < text_.size(); ++byte) {
    const TextSpan source = exact_source(byte);
    const std::size_t before = text.size();
    append_utf8(text, byte_character(static_cast<std::uint8_t>(text_[byte])));
    sources.insert(sources.end(), text.size() - before, source);
  }
  text_ = std::move(text);
  sources_ = std::move(sources);
}

}  // namespace headlight

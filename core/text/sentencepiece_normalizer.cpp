// One pass from left to right (SentencePiece's normalizer.cc says what has to come out).
#include "core/text/sentencepiece_normalizer.h"

#include <optional>
#include <utility>

#include "core/text/utf8.h"

namespace headlight {
namespace {

class SentencePieceNormalizer final : public Normalizer {
 public:
  explicit SentencePieceNormalizer(SentencePieceNormalization options)
      : options_(std::move(options)), space_(options_.escape_whitespaces ? "▁" : " ") {}

  void normalize(AlignedText& text) const override {
    const std::string_view all = text.text();
    AlignedText result = text.slice({0, 0});
    std::size_t done = 0;
    const bool trims = options_.remove_extra_whitespaces;
    const auto next = [&] { return replaced_prefix(all.substr(done)); };
    const bool is_beginning = text.origin() == 0;
    if (trims && is_beginning) {
      while (done < all.size() && next().text == " ") done += next().length;
    }
    if (done < all.size() && options_.add_dummy_prefix && is_beginning)
      result.append_from(space_, {text.source({done, done + 1}).begin, text.source({done, done + 1}).begin});
    bool after_space = trims && is_beginning;
    while (done < all.size()) {
      const Prefix prefix = next();
      std::string_view part = prefix.text;
      while (after_space && !part.empty() && part.front() == ' ') part.remove_prefix(1);
      const TextSpan source = text.source({done, done + prefix.length});
      append(part, source, text, done, prefix, result);
      if (!part.empty()) after_space = trims && part.back() == ' ';
      done += prefix.length;
    }
    if (trims) drop_trailing_spaces(result);
    text = std::move(result);
  }

 private:
  struct Prefix {
    std::string_view text;   // what it becomes
    std::size_t length = 0;  // bytes that it takes
    bool is_replaced = false;
  };

  Prefix replaced_prefix(std::string_view rest) const {
    std::size_t kept = 0;
    if (options_.kept_as_they_are)
      options_.kept_as_they_are->for_each_prefix(rest, 0,
                                                 [&](TokenId, std::size_t length) { kept = length; });
    if (kept > 0) return {rest.substr(0, kept), kept, false};
    if (const auto match = options_.map.longest_match(rest)) return {match->replacement, match->length, true};
    const std::size_t length = utf8_character_at(rest, 0).length;
    return {rest.substr(0, length), length, false};
  }

  void append(std::string_view part, TextSpan source, const AlignedText& text, std::size_t begin,
              const Prefix& prefix, AlignedText& result) const {
    const std::size_t skipped = prefix.text.size() - part.size();
    for_each_character(part, [&](char32_t character, std::size_t offset, std::size_t length) {
      // What was not replaced has each character's own source.
      const TextSpan own = prefix.is_replaced
                               ? source
                               : text.source({begin + skipped + offset, begin + skipped + offset + length});
      result.append_from(character == U' ' ? std::string_view(space_) : part.substr(offset, length), own);
    });
  }

  void drop_trailing_spaces(AlignedText& result) const {
    std::size_t end = result.size();
    const std::string_view text = result.text();
    while (end >= space_.size() && text.substr(end - space_.size(), space_.size()) == space_)
      end -= space_.size();
    if (end < result.size()) result = result.slice({0, end});
  }

  SentencePieceNormalization options_;
  std::string space_;
};

}  // namespace

NormalizerPointer sentencepiece_normalizer(SentencePieceNormalization options) {
  return std::make_unique<const SentencePieceNormalizer>(std::move(options));
}

}  // namespace headlight

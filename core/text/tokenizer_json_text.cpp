// The normalisers and pre-tokenizers of tokenizer.json.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "core/base/base64.h"
#include "core/base/errors.h"
#include "core/text/tokenizer_json_parts.h"
#include "core/text/utf8.h"

namespace headlight {
namespace {

constexpr int deepest = 16;  // of sequences inside sequences

// An error in a value that is not ours becomes one of this field.
template <typename Make>
auto guarded(const JsonField& field, Make make) -> decltype(make()) {
  try {
    return make();
  } catch (const FileError&) {
    throw;
  } catch (const UserError& error) {
    field.fail(fmt::format("cannot be used: {}", error.what()));
  }
}

void check_depth(const JsonField& field, int depth) {
  if (depth > deepest) field.fail(fmt::format("is nested more than {} deep", deepest));
}

// {"String": "a"} is a text, {"Regex": "a+"} a pattern.
RegularExpression pattern_of(const JsonField& field) {
  if (const auto text = field.find("String"))
    return guarded(*text, [&] { return RegularExpression(quoted_pattern(text->text())); });
  if (const auto regex = field.find("Regex"))
    return guarded(*regex, [&] { return RegularExpression(pattern_from_oniguruma(regex->text())); });
  field.fail("has neither 'String' nor 'Regex'");
}

CutBehavior behavior_of(const JsonField& field) {
  const std::string& name = field.text();
  if (name == "Removed") return CutBehavior::removed;
  if (name == "Isolated") return CutBehavior::isolated;
  if (name == "MergedWithPrevious") return CutBehavior::merged_with_previous;
  if (name == "MergedWithNext") return CutBehavior::merged_with_next;
  if (name == "Contiguous") return CutBehavior::contiguous;
  field.fail_unknown("Removed, Isolated, MergedWithPrevious, MergedWithNext and Contiguous");
}

NormalizerPointer replace_from_json(const JsonField& field) {
  const JsonField pattern = field.at("pattern");
  const JsonField content = field.at("content");
  if (const auto text = pattern.find("String")) return replace_text_normalizer(text->text(), content.text());
  if (content.text().find('$') != std::string::npos)
    content.fail("refers to groups of a regular expression ('$'), which this program does not do");
  return replace_normalizer(pattern_of(pattern), content.text());
}

NormalizerPointer bert_from_json(const JsonField& field) {
  BertNormalization options;
  options.clean_text = field.flag_or("clean_text", true);
  options.handle_chinese_chars = field.flag_or("handle_chinese_chars", true);
  options.lowercase = field.flag_or("lowercase", true);
  options.strip_accents = field.flag_or("strip_accents", options.lowercase);
  return bert_normalizer(options);
}

NormalizerPointer precompiled_from_json(const JsonField& field) {
  const auto map = field.find("precompiled_charsmap");
  if (!map) return precompiled_normalizer({});
  return guarded(*map, [&] {
    const auto bytes = bytes_from_base64(map->text());
    if (!bytes) map->fail("is not base64");
    return precompiled_normalizer(PrecompiledMap(*bytes));
  });
}

WordSplitterPointer metaspace_from_json(const JsonField& field) {
  PrefixScheme scheme = PrefixScheme::always;
  if (const auto prefix = field.find("prepend_scheme")) {
    const std::string& name = prefix->text();
    if (name == "first") {
      scheme = PrefixScheme::first;
    } else if (name == "never") {
      scheme = PrefixScheme::never;
    } else if (name != "always") {
      prefix->fail_unknown("always, first and never");
    }
  } else if (!field.flag_or("add_prefix_space", true)) {
    scheme = PrefixScheme::never;  // the older spelling
  }
  return metaspace_splitter(field.text_or("replacement", "▁"), scheme, field.flag_or("split", true));
}

char32_t character_of(const JsonField& field) {
  const Utf8Character character = utf8_character_at(field.text(), 0);
  if (character.length == 0 || character.length != field.text().size())
    field.fail("is not a single character");
  return character.code_point;
}

WordSplitterPointer split_from_json(const JsonField& field) {
  return pattern_splitter(pattern_of(field.at("pattern")), behavior_of(field.at("behavior")),
                          field.flag_or("invert", false));
}

WordSplitterPointer fixed_length_from_json(const JsonField& field) {
  const auto length = field.find("length");
  const std::int64_t characters = length ? length->integer() : 5;
  if (characters < 1) length->fail("is less than 1");
  return fixed_length_splitter(static_cast<std::size_t>(characters));
}

}  // namespace

NormalizerPointer normalizer_from_json(const JsonField& field, int depth) {
  check_depth(field, depth);
  const JsonField type = field.at("type");
  const std::string& name = type.text();
  if (name == "Sequence") {
    std::vector<NormalizerPointer> steps;
    for (const JsonField& step : field.at("normalizers").items())
      steps.push_back(normalizer_from_json(step, depth + 1));
    return normalizer_sequence(std::move(steps));
  }
  if (name == "NFC") return normal_form_normalizer(NormalForm::nfc);
  if (name == "NFD") return normal_form_normalizer(NormalForm::nfd);
  if (name == "NFKC") return normal_form_normalizer(NormalForm::nfkc);
  if (name == "NFKD") return normal_form_normalizer(NormalForm::nfkd);
  if (name == "BertNormalizer") return bert_from_json(field);
  if (name == "Lowercase") return lowercase_normalizer();
  if (name == "StripAccents") return strip_accents_normalizer();
  if (name == "Strip" || name == "StripNormalizer")
    return strip_normalizer(field.flag_or("strip_left", true), field.flag_or("strip_right", true));
  if (name == "Prepend") return prepend_normalizer(field.at("prepend").text());
  if (name == "Replace") return replace_from_json(field);
  if (name == "Precompiled") return precompiled_from_json(field);
  if (name == "Nmt") return nmt_normalizer();
  if (name == "ByteLevel") return byte_level_normalizer();
  type.fail_unknown(
      "Sequence, NFC, NFD, NFKC, NFKD, BertNormalizer, Lowercase, StripAccents, Strip, Prepend, Replace, "
      "Precompiled, "
      "Nmt and ByteLevel");
}

WordSplitterPointer splitter_from_json(const JsonField& field, int depth) {
  check_depth(field, depth);
  const JsonField type = field.at("type");
  const std::string& name = type.text();
  if (name == "Sequence") {
    std::vector<WordSplitterPointer> steps;
    for (const JsonField& step : field.at("pretokenizers").items())
      steps.push_back(splitter_from_json(step, depth + 1));
    return splitter_sequence(std::move(steps));
  }
  if (name == "ByteLevel")
    return byte_level_splitter(field.flag_or("add_prefix_space", true), field.flag_or("use_regex", true));
  if (name == "BertPreTokenizer") return bert_splitter();
  if (name == "Whitespace") return whitespace_splitter();
  if (name == "WhitespaceSplit") return whitespace_only_splitter();
  if (name == "Metaspace") return metaspace_from_json(field);
  if (name == "Digits") return digits_splitter(field.flag_or("individual_digits", false));
  if (name == "Punctuation") {
    const auto behavior = field.find("behavior");
    return punctuation_splitter(behavior ? behavior_of(*behavior) : CutBehavior::isolated);
  }
  if (name == "Split") return split_from_json(field);
  if (name == "CharDelimiterSplit") return character_splitter(character_of(field.at("delimiter")));
  if (name == "FixedLength") return fixed_length_from_json(field);
  type.fail_unknown(
      "Sequence, ByteLevel, BertPreTokenizer, Whitespace, WhitespaceSplit, Metaspace, Digits, Punctuation, "
      "Split, "
      "CharDelimiterSplit and FixedLength");
}

}  // namespace headlight

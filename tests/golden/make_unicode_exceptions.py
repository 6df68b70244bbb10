#!/usr/bin/env python3
"""Writes core/text/unicode_exceptions.cpp: characters of Unicode 14 that Hugging Face's `tokenizers` classes by older tables.

usage: make_unicode_exceptions.py          # Python 3.11 (Unicode 14), tokenizers 0.23.3

That library has its Unicode tables from several crates, and some of them are of Unicode 8 to 12. To give the same ids,
the same characters have to be unknown: they are found here by asking the library about every code point. Its other tables are
newer; tests/golden/tokenizer_kinds/newer_code_points.json lists what they know and Unicode 14 does not.
"""
import json
import pathlib
import unicodedata

from tokenizers import Regex, normalizers, pre_tokenizers

assert unicodedata.unidata_version == "14.0.0"
TARGET = pathlib.Path(__file__).parents[2] / "core/text/unicode_exceptions.cpp"
NEWER = pathlib.Path(__file__).parent / "tokenizer_kinds/newer_code_points.json"
CODE_POINTS = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]


def category(character):
    return unicodedata.category(character)


def differing(found, expected):
    return [code for code in CODE_POINTS if category(chr(code)) != "Cn" and found(chr(code)) != expected(chr(code))]


def bert(**changes):
    return normalizers.BertNormalizer(**{"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False} | changes).normalize_str


def controls():
    clean = bert(clean_text=True)
    return differing(lambda c: clean(c) == "", lambda c: c not in "\t\n\r" and (c in "\0\ufffd" or category(c) in ("Cc", "Cf", "Co")))


def decomposed():
    nfkd = normalizers.NFKD().normalize_str
    return differing(nfkd, lambda c: unicodedata.normalize("NFKD", c))


def nonspacing():
    accents = bert(strip_accents=True)
    return differing(lambda c: accents(c) == "", lambda c: category(c) == "Mn")


def marks():
    strip = normalizers.StripAccents().normalize_str
    return differing(lambda c: strip(c) == "", lambda c: category(c)[0] == "M")


def punctuation():
    bert_words = pre_tokenizers.BertPreTokenizer()
    is_ascii = lambda c: ord(c) < 128 and c.isprintable() and not c.isalnum() and c != " "
    return differing(lambda c: len(bert_words.pre_tokenize_str("a" + c)) == 2, lambda c: category(c)[0] == "P" or is_ascii(c))


def unordered():
    """Marks whose combining class that library does not know: they are not sorted after U+0345, whose class is the highest."""
    nfd = normalizers.NFD().normalize_str
    return differing(lambda c: nfd("a\u0345" + c), lambda c: unicodedata.normalize("NFD", "a\u0345" + c))


def newer():
    """Code points that Unicode 14 does not assign, but that one of that library's other tables knows already."""
    codes = [code for code in CODE_POINTS if category(chr(code)) == "Cn" and (code < 0x40000 or code >= 0xE0000) and code & 0xFFFE != 0xFFFE]
    classes = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in (r"\p{L}", r"\p{N}", r"\p{M}", r"\p{P}", r"\p{S}", r"\w")]
    lower, digits, words = normalizers.Lowercase().normalize_str, pre_tokenizers.Digits(), pre_tokenizers.Whitespace()
    nfkc = normalizers.NFKC().normalize_str
    return [code for code in codes if lower(chr(code)) != chr(code) or nfkc(chr(code)) != chr(code) or len(digits.pre_tokenize_str("a" + chr(code))) == 2
            or len(words.pre_tokenize_str("a" + chr(code))) == 1 or any(len(kind.pre_tokenize_str("\ue000" + chr(code))) == 2 for kind in classes)]


def runs(codes):
    result = []
    for code in codes:
        if result and result[-1][1] == code - 1:
            result[-1][1] = code
        else:
            result.append([code, code])
    return result


def table(name, about, codes):
    rows = ", ".join("{0x%04X, 0x%04X}" % (begin, end) for begin, end in runs(codes))
    print(name, len(codes), "code points,", len(runs(codes)), "runs")
    return "// %s\nconstexpr std::array<CodePointRun, %d> %s = {{%s}};\n" % (about, len(runs(codes)), name, rows)


def main():
    tables = [
        table("newer_controls", "Format characters that BertNormalizer does not know to remove.", controls()),
        table("other_nonspacing", "Nonspacing marks to one of the two tables only (BertNormalizer).", nonspacing()),
        table("other_marks", "Marks to one of the two tables only (StripAccents).", marks()),
        table("other_punctuation", "Punctuation to one of the two tables only.", punctuation()),
        table("undecomposed", "Characters whose decomposition is not known.", decomposed()),
        table("unordered", "Marks whose combining class is not known.", unordered()),
    ]
    differing_ones = newer()
    NEWER.write_text(json.dumps({"about": "[first, last] code point that Unicode 14 does not assign and that Hugging Face's tokenizers know: ids may differ there", "runs": runs(differing_ones)},
                                separators=(",", ":")) + "\n")
    print(NEWER.name, len(differing_ones), "code points")
    cases = "\n".join("    case CharacterTable::%s:\n      return in(%s, code_point);" % (name, name) for name in
                      ("newer_controls", "other_nonspacing", "other_marks", "other_punctuation", "undecomposed", "unordered"))
    TARGET.write_text("""// Characters of Unicode 14 that Hugging Face's tokenizers class by older tables. Written by
// tests/golden/make_unicode_exceptions.py; do not edit.
#include "core/text/unicode_exceptions.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace headlight {
namespace {

struct CodePointRun {
  char32_t first;
  char32_t last;
};

%s
template <typename Runs>
bool in(const Runs& runs, char32_t code_point) {
  const auto after = std::upper_bound(runs.begin(), runs.end(), code_point,
                                      [](char32_t value, const CodePointRun& run) { return value < run.first; });
  return after != runs.begin() && code_point <= (after - 1)->last;
}

}  // namespace

bool is_exception(CharacterTable table, char32_t code_point) {
  switch (table) {
%s
  }
  throw std::logic_error("is_exception: no such table");
}

}  // namespace headlight
""" % ("\n".join(tables), cases))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the tokenizer's golden values from an independent implementation, Hugging Face's `tokenizers`.

usage: make_tokenizer_golden.py SmolLM2-135M-Instruct.Q4_1.gguf

tokenizer_smollm2.json  ids of SmolLM2's tokenizer, built from the GGUF file's own metadata
tokenizer_small.json    a small vocabulary, trained here on the sentences below, and its ids with two pre-tokenizers
unicode_classes.json    the class (letter, number, white space) of every code point in that implementation's regex
unicode_differences.json  where these differ from Unicode 14, whose tables PCRE2 10.42 has
Made with tokenizers 0.23.3, gguf 0.19.0, Python 3.11; seed 20261121.
"""
import json
import pathlib
import random
import sys
import unicodedata

import gguf
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent

SENTENCES = """The lamp on the desk lights a page, and the page lights a face.
A transformer reads every token at once and lets each one look back at the others.
She said that it's late, that they're tired, and that we'll see what we've missed; I'd agree, don't you?
In 2026 the bridge was 1,234 metres long, 45.6 metres wide and 7 years old.
When the river rises, the old boat turns slowly around its rope.
for (int index = 0; index < count; ++index) { total += values[index]; }
def brightness(lamp):\n    return lamp.power * 0.8  # of the light reaches the page
Attention is a weighted sum: the weights of a row add up to one.
The question is not whether the model is right but where it looked.
책상 위의 등불이 책장을 비추고, 책장은 얼굴을 비춥니다.
토큰 하나가 다른 토큰들을 돌아보며 무엇이 중요한지 고릅니다.
오늘은 날씨가 맑아서 강가를 따라 천천히 걸었습니다.
모델이 맞았는지가 아니라 어디를 보았는지가 질문입니다.
가중치를 모두 더하면 1이 됩니다. 그래서 한 줄의 합은 언제나 같습니다.
안녕하세요, 반갑습니다! 저는 작은 언어 모델입니다.
2026년 11월의 아침은 차갑고 조용했습니다.""".replace("\\n", "\n").split("\n")

NASTY = [
    " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", " \n ", "a", " a", "a ", "a  ", "  a", "a  b", "a   b", "a \n b", "\n\n\na",
    "a\n\n\n", "a\t\tb", "  \t  x", "x  \n", "x \n\n  y", "trailing   ", "\u00a0", "a\u00a0b", "a\u00a0\u00a0b",
    "\u2003x\u2003\u2003y", "\u3000한\u3000글", "a\u200bb", "a\u180eb", "\u180e\u180e", " \u180e x", "a\u2028b\u2029c", "\u0085x\u0085",
    "\u1680\u205f\u202f", "\ufeffBOM", "a\ufeffb",
    "1", "12", "123", "1234567890", "1 2 3", "12 345", " 12", "  12", "a1b2", "3.14159", "1,234,567.89", "2026-11-21", "v1.2.3",
    "0x1F4A9", "x²+y³", "½ cup", "ⅣⅧ", "①②③", "٠١٢٣", "१२३", "一二三", "〇", "𝟙𝟚", "１２３", "1st 2nd 3rd", "10%", "$5.00", "a  1", "a  1  b",
    "1  ", "  1  2", "\n1\n2\n",
    "it's", "IT'S", "they're we've I'll she'd I'm don't", "it’s", "'s", "''s", " 's", "s'", "'sup", "o'clock", "rock'n'roll",
    "'tis 'twas", "x'y'z", "'ll'll", "'re've", "I'D", "'d'd'd",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "!!!", "...", "…", "--", "——", " - ", "«quoted»", "“quoted”", "a.b.c", "a , b", "?!?!",
    "(a)(b)", "[[[", "{}{}", "<>", "</html>", "##", "# Title", "__init__", "snake_case", "kebab-case", "camelCaseWord", "UPPER",
    "a_b", "_a", "@user", "#tag", "user@example.org", "a/b\\c", "https://example.org/a?b=c&d=%20#e", "C++ C#", "~~", "^_^", ":-)",
    "def f(x):\n    return x + 1\n", "\tif (a && b) {\n\t\treturn;\n\t}\n", "for(int i=0;i<10;++i){s+=v[i];}", "x = {'a': 1, \"b\": [2, 3]}",
    "SELECT * FROM t WHERE a >= 10 AND b <> 'x';", "    deep\n        deeper\n            deepest\n", "a\n    b", "#include <vector>\n",
    "<p class=\"x\">Hi</p>", "\\begin{equation} E = mc^2 \\end{equation}", "//////", "========", "/* c */", "1<<20", "a->b::c", "λx.x",
    "안녕하세요", "안녕하세요, 세계!", " 안녕", "대한민국의 수도는 서울입니다.", "한글과 English를 섞어서 2026년에 씁니다.", "ㅋㅋㅋㅋ", "ㄱㄴㄷ ㅏㅑㅓ",
    "뷁쉛", "가나다라마바사", "각 간 갈 감", "ᄒᆞᆫ글", "\u1112\u1161\u11ab\u1100\u1173\u11af", "\u110b\u1161\u11ab\u1102\u1167\u11bc", "\u1100", "\u1161", "\u11a8",
    "\uac00\u11a8", "\u3131\u314f", "값이 없다", "훈민정음\n해례본",
    "café", "cafe\u0301", "naïve", "nai\u0308ve", "e\u0301\u0301\u0301", "\u0301", " \u0301", "a\u0327\u0301b", "Å", "A\u030a", "ñ n\u0303", "Z̷a̷l̷g̷o̷",
    "ẛ̣", "ﬁ ﬂ", "ß ẞ", "İ ı", "ǅ ǈ", "ªº",
    "😀", "😀😀", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇰🇷🇫🇷", "❤️", "❤", "1️⃣", "👩🏾‍🚀 goes up", "a😀b", " 😀 ", "🫠🫶", "🧑‍🤝‍🧑", "☃️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "مرحبا بالعالم", "שלום עולם", "שָׁלוֹם", "\u200fabc\u200e", "\u202eabc\u202c", "العربية ١٢٣", "لا", "فارسی می\u200cخواهم", "اُردُو",
    "你好，世界！", "日本語のテキスト", "ひらがなカタカナ漢字", "ｶﾀｶﾅ", "你好 world", "。、「」", "𠮷野家", "々〆ヵヶ", "丨丶", "Привет, мир!", "Γειά σου", "สวัสดีครับ", "हिन्दी क्षत्रिय", "বাংলা",
    "தமிழ்", "ไทยไม่มีช่องว่าง", "ខ្មែរ", "မြန်မာ", "አማርኛ", "ᚠᚢᚦ", "ᏣᎳᎩ", "ქართული", "Հայերեն", "བོད་ཡིག", "Tiếng Việt có dấu", "ÆØÅ æøå", "Łódź", "čšž", "Ķīļņ", "đđ",
    "\x00", "a\x00b", "\x01\x02\x03", "a\x04b", "\x04", "\x06\x13\x14\x16\x1d", "!\x04!", "a\x1bb", "\x1b[31mred\x1b[0m", "\x7f", "\x80\x9f", "\x07bell", "\x08", "\x0b\x0c", "a\x0bb",
    "\x1c\x1d\x1e\x1f", "\u00ad", "a\u00adb", "\ufffd", "\uffff", "\ufffe", "\U0010ffff", "\U000f0000", "\ue000", "\U00040000", "!\U00040000!", "\U000e0001",
    "a\u034fb", "\u2060", "\u061c", "\u115f\u1160", "\u3164", "\uffa0",
    "<|endoftext|>", "a<|endoftext|>b", "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n", "<|im_start|>", " <|im_end|> ",
    "<|im_start|><|im_start|>", "<|im_star", "<|im_start|", "<<|im_start|>>", "<|im_<|im_end|>end|>", "<repo_name>x<reponame>y", "<file_sep>", "<filename>a.py",
    "<gh_stars>10", "<jupyter_start><jupyter_text>t<jupyter_code>c<jupyter_output>o", "<issue_start>1<issue_comment>2<issue_closed>", "<empty_output>",
    "a  <|im_end|>  b", "1<|im_end|>2", "<|IM_START|>", "<|im_start |>", "don<|im_end|>'t", "한<|im_end|>글", "e<|im_end|>\u0301",
    "antidisestablishmentarianism", "pneumonoultramicroscopicsilicovolcanoconiosis", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "abcabcabcabcabc", "zzzzzzzzzz" * 8,
    "hahahahahahaha", "xyzzy" * 20, "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch", "the" * 30, " " * 33 + "x", "\n" * 17, "\t" * 9, "=" * 70, "-" * 100,
    "0" * 50, "a b " * 40, "가" * 40, "😀" * 20, "e\u0301" * 20, "ABC" * 21,
    "The capital of France is", "The quick brown fox jumps over the lazy dog.", "When Mary and John went to the store, John gave a drink to",
    "I  have   many    spaces", "Mixed: 한국어, 日本語, العربية, русский, ελληνικά, हिन्दी 🎉 123 done.",
    "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to suffer\n", "Ġ", "ĠĊĉ", "Ā", "Ń", "â€™",
]
# What Unicode 14 has of each kind; scripts and numbers chosen to cross the pre-tokenizer's classes.
RANGES = [(0x00, 0x7F), (0x80, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x6FF), (0x900, 0xDFF), (0xE00, 0xEFF), (0x1100, 0x11FF),
          (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x218F), (0x2190, 0x2BFF), (0x3000, 0x30FF), (0x3130, 0x318F), (0x4E00, 0x9FFC), (0xA000, 0xABFF), (0xAC00, 0xD7A3),
          (0xF900, 0xFFEF), (0x10000, 0x10FFF), (0x1D400, 0x1D7FF), (0x1F300, 0x1FAFF), (0x20000, 0x2A6DD)]


def assigned_by_unicode_14(code_point):
    """Python 3.11's tables are Unicode 14, the version of PCRE2 10.42: later letters are compared in unicode_classes."""
    return unicodedata.category(chr(code_point)) not in ("Cn", "Cs")


def lines():
    generator = random.Random(20261121)
    result = list(NASTY) + SENTENCES
    result += [chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum()]
    for count in range(200):
        ranges = [generator.choice(RANGES) for _ in range(generator.choice([1, 2, 4]))] + [(0x20, 0x7E), (0x20, 0x20)]
        text = ""
        while len(text) < 4 + count % 21:
            code_point = generator.randint(*generator.choice(ranges))
            if assigned_by_unicode_14(code_point):
                text += chr(code_point)
        result.append(text)
    return result


def byte_level_tokenizer(vocabulary, merges, special, pre):
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.pre_tokenizer = {"smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level]), "gpt-2": byte_level}[pre]
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(piece, normalized=False, special=True) for piece in special])
    return tokenizer


def write(name, content):
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    (HERE / name).write_text(text + "\n")
    print(name, len(text), "bytes")


def smollm2(path):
    fields = gguf.GGUFReader(path).fields
    read = lambda key: fields["tokenizer.ggml." + key].contents()
    tokens, types = read("tokens"), read("token_type")
    assert read("pre") == "smollm" and read("model") == "gpt2"
    tokenizer = byte_level_tokenizer({piece: index for index, piece in enumerate(tokens)}, [tuple(merge.split(" ")) for merge in read("merges")],
                                     [piece for piece, kind in zip(tokens, types) if kind == 3], "smollm")
    assert tokenizer.get_vocab_size() == len(tokens)
    write("tokenizer_smollm2.json", {"lines": [[text, tokenizer.encode(text).ids] for text in lines()]})


def small():
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_start|><|im_end|>"]  # the last one: longest first
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    trained.train_from_iterator(SENTENCES, trainers.BpeTrainer(vocab_size=600, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(trained.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    assert len(pieces) == 600, len(pieces)
    metadata = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.tokens": pieces,
                "tokenizer.ggml.token_type": [3 if piece in special else 1 for piece in pieces], "tokenizer.ggml.merges": [" ".join(merge) for merge in merges],
                "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2, "tokenizer.ggml.add_bos_token": False}
    encoders = [byte_level_tokenizer(model["vocab"], merges, special, pre) for pre in ("smollm", "gpt-2")]
    write("tokenizer_small.json", {"metadata": metadata, "pre": ["smollm", "gpt-2"],
                                   "lines": [[text] + [encoder.encode(text).ids for encoder in encoders] for text in lines()]})


def unicode_classes():
    """Runs [first code point, class]: L letter, N number, S white space, O other; from how words are cut around it."""
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    digits = pre_tokenizers.Digits(individual_digits=True)
    runs = []
    for code_point in range(0x110000):
        character = chr(code_point)
        if 0xD800 <= code_point < 0xE000:
            kind = "-"
        elif len(byte_level.pre_tokenize_str("a" + character)) == 1:
            kind = "L"
        elif len(byte_level.pre_tokenize_str("1" + character)) == 1:
            kind = "N"
        else:
            kind = "O" if len(byte_level.pre_tokenize_str("!" + character)) == 1 else "S"
        if kind != "-" and (len(digits.pre_tokenize_str("a" + character)) == 2) != (kind == "N"):
            kind += "d"  # the digits' own table disagrees with the regex's
        if not runs or runs[-1][1] != kind:
            runs.append([code_point, kind])
    write("unicode_classes.json", {"runs": runs})
    write("unicode_differences.json", {"about": "[first, last, class by that implementation, class by Unicode 14]; d: cut as a digit, though the regex knows no number",
                                       "runs": differences(runs)})


def differences(runs):
    """Where that implementation's newer tables class a code point otherwise than Unicode 14, the version of PCRE2 10.42."""
    assert unicodedata.unidata_version == "14.0.0"
    result = []
    for (begin, kind), (end, _) in zip(runs, runs[1:] + [[0x110000, ""]]):
        for code_point in range(begin, end if kind != "-" else begin):
            character = chr(code_point)
            category = unicodedata.category(character)[0]
            older = category if category in "LN" else kind if kind == "S" else "O"  # white space has not changed since
            if older != kind:
                if result and result[-1][1] == code_point - 1 and result[-1][2:] == [kind, older]:
                    result[-1][1] = code_point
                else:
                    result.append([code_point, code_point, kind, older])
    return result


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    smollm2(sys.argv[1])
    small()
    unicode_classes()

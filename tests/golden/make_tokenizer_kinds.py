#!/usr/bin/env python3
"""Writes tokenizer_kinds/: what Hugging Face's `tokenizers` and SentencePiece give, kind by kind.

usage: make_tokenizer_kinds.py [--live FOLDER]

Vocabularies are trained here on our own sentences. tokenizer_kinds/lines.json holds the texts (a string, or [string, count]);
besides them the test makes lines of all code points that Unicode 14 assigns, as all_code_points() below does. kinds.json
has what each kind is made of; expected.json, for each kind, a short hash for each line of its ids and offsets (in characters),
and some lines in full. `--live` writes tokenizers, lines and full values into FOLDER instead, to look for a difference.
Made with tokenizers 0.23.3, sentencepiece 0.2.3, Python 3.11 (Unicode 14); seed 20261121.
"""
import base64
import io
import json
import pathlib
import random
import struct
import sys
import tempfile
import unicodedata

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from make_tokenizer_golden import NASTY, RANGES, SENTENCES, assigned_by_unicode_14

HERE = pathlib.Path(__file__).parent
MORE = """The quick lamp, the slow lamp and the lamp that isn't there: we've counted 3 of them, they're ours.
Words are cut into pieces; pieces are numbers, and numbers are all that a model ever sees.
Ärger über Öl, naïve façades, Ångström, señor, crème brûlée, Łódź, čeština, ﬁne ﬂour, ①②③ and ½ cup.
Привет, мир! Лампа светит на страницу, а страница светит на лицо.
Γειά σου κόσμε, το φως πέφτει στη σελίδα.
你好，世界！灯照亮了书页。日本語のテキストも少しあります。
مرحبا بالعالم، الضوء على الصفحة. שלום עולם, האור על הדף.
नमस्ते दुनिया, दीपक पन्ने को रोशन करता है। สวัสดีชาวโลก แสงสว่างบนหน้ากระดาษ
등불 하나가 책장을 비추면 글자들이 조각으로 나뉘고, 조각마다 번호가 붙습니다.
번호를 받은 조각은 벡터가 되고, 벡터는 층을 지나며 서로를 돌아봅니다.
값이 1,234원입니다. 훈민정음은 1443년에 만들어졌습니다. 고양이가 야옹 하고 웁니다.
if (value >= 0x1F && !done) { return "text\\t" + std::to_string(value); } // 12 34 5678
😀 😀😀 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇰🇷 ❤️ end""".split("\n")
CORPUS = SENTENCES + MORE
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def lines():
    """Stored texts; all categories, scripts, joined and reordered characters, runs, special tokens, long words."""
    generator = random.Random(20261121)
    result = list(NASTY) + CORPUS
    result += ["<s>", "a</s>b", "<unk>", "[MASK] is [SEP]", "the [MASK]  lamp", "a <mask> b", "a  <mask>", "<pad>x", "[UNK] [CLS]", "<0x41>", "▁", "▁a ▁ b", "a▁b", "▁▁",
               "##ing", "a ##b", "it's##", "</w>", "``quoted''", ">>fra<< Bonjour", "x<|im_start|> y", "lamp<mask>lamp", "the lamp ,", "THE LAMP İSTANBUL ẞ ǅ Σίσυφος ΟΔΟΣ"]
    result += [["a", 10000], ["한", 10000], ["lamp", 2500], ["e\u0301", 5000], ["ab ", 3000], [" ", 10000], ["\n", 5000], ["1", 10000], ["😀", 2500], ["!", 10000], ["뷁\u1161", 3000]]
    words = [word for sentence in CORPUS for word in sentence.split(" ")]
    spaces = [" "] * 12 + ["  ", "   ", "\n", "\t", " \n ", "\u00a0", "\u3000", "", ", ", ". ", "-", "'s ", " 12 ", "\u200b", "\r\n", "\u2028"]
    while len(result) < 1800:  # our own words, cased and joined otherwise
        text = ""
        for _ in range(generator.randint(1, 9)):
            word = generator.choice(words)
            text += generator.choice([word, word, word, word.upper(), word.capitalize(), unicodedata.normalize("NFD", word), unicodedata.normalize("NFKC", word), word[::-1]]) + generator.choice(spaces)
        result.append(generator.choice(["", "", " ", "  "]) + text)
    by_category = {}
    for code in range(0x110000):
        category = unicodedata.category(chr(code))
        if category not in ("Cn", "Cs", "Co") or code in (0xE000, 0xF8FF, 0xF0000, 0x10FFFD):
            by_category.setdefault(category, []).append(chr(code))
    names = sorted(by_category)
    marks = by_category["Mn"] + by_category["Mc"] + by_category["Me"]
    while len(result) < 3900:  # every category beside every other
        kinds = [generator.choice(names) for _ in range(generator.choice([1, 2, 3, 5]))]
        text = "".join(generator.choice([generator.choice(by_category[generator.choice(kinds)]), generator.choice("abcXYZ019 .,'")]) for _ in range(generator.randint(2, 14)))
        result.append(text)
    while len(result) < 4500:  # marks in any order after letters that compose with them, jamo, emoji joined
        text = ""
        for _ in range(generator.randint(2, 8)):
            base = generator.choice(["aeiouAEIOUnsczyÅǖậ", "ᄀᄂᄃ", "가각뷁", "αωΐ", "ија", "कडग", "\U00011935\U00011131"])
            text += generator.choice(base) + "".join(generator.choice(["\u0301", "\u0300", "\u0323", "\u0327", "\u0308", "\u0345", "\u0306", "ᅡ", "ᆨ", "\u093c", "\u094d", "\u200d", "\ufe0f", generator.choice(marks)])
                                                  for _ in range(generator.choice([0, 1, 1, 2, 3])))
        result.append(text)
    special = SPECIAL + ["<s>", "</s>", "[MASK]", "<mask>", "[SEP]"]
    while len(result) < 5200:
        ranges = [generator.choice(RANGES) for _ in range(generator.choice([1, 2, 4]))] + [(0x20, 0x7E), (0x20, 0x20)]
        text = ""
        while len(text) < 3 + len(result) % 17:
            code = generator.randint(*generator.choice(ranges))
            if assigned_by_unicode_14(code):
                text += chr(code)
        if len(result) % 4 == 0:
            place = generator.randint(0, len(text))
            text = text[:place] + generator.choice(["", " ", "  "]) + generator.choice(special) + generator.choice(["", " ", "\n"]) + text[place:]
        result.append(text)
    return result


def text_of(line):
    return line if isinstance(line, str) else line[0] * line[1]


def assigned_runs():
    runs = []
    for code in range(0x110000):
        if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co"):
            if runs and runs[-1][1] == code - 1:
                runs[-1][1] = code
            else:
                runs.append([code, code])
    return runs


def all_code_points():
    """20 code points a line, with a letter around them, of all that Unicode 14 assigns but private use."""
    codes = [code for first, last in assigned_runs() for code in range(first, last + 1)]
    return ["a" + "".join(map(chr, codes[start:start + 20])) + "b" for start in range(0, len(codes), 20)]


def trained(model, trainer, normalizer=None, pre_tokenizer=None):
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(CORPUS * 2, trainer)
    return json.loads(tokenizer.to_str())["model"]


def sentencepiece_model(**options):
    target = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS * 2), model_writer=target, minloglevel=2, num_threads=1, max_sentence_length=20000, **options)
    return target.getvalue()


RULES = {"ﬁ": "fi", "ﬂ": "fl", "①": "1", "②": "2", "③": "3", "½": "1⁄2", "\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "\r": " ", "\u2028": " ", "\u200b": "", "\ufeff": "", "\u00ad": "",
         "，": ",", "！": "!", "\u212b": "\u00c5", "A\u030a": "\u00c5", "e\u0301": "\u00e9", "n\u0303": "\u00f1", "ß": "ss", "…": "...", "㍻": "平成", "ㄱ": "ᄀ", "ᄒ\u1161\u11ab": "한", "\x01": "", "™": "tm",
         "ẛ\u0323": "ṩ", "ﷺ": "صلى الله عليه وسلم", "㎏": "kg", "ｱ": "ア", "Ａ": "A", "１": "1", "\u2003": " ", "\u212a": "K", "\u2126": "\u03a9", "ﾊﾟ": "パ"}


def rule_file(folder):
    path = folder / "rules.tsv"
    path.write_text("".join("%s\t%s\n" % (" ".join("%X" % ord(c) for c in source), " ".join("%X" % ord(c) for c in target)) for source, target in RULES.items()))
    return str(path)


def added(content, identifier, **flags):
    return {"id": identifier, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} | flags


def with_front(model, tokens):
    """The same vocabulary with these tokens as its first ids, as trained ones have their special tokens."""
    assert [token for token in tokens if token in model["vocab"]] == tokens, tokens
    return [added(token, model["vocab"][token]) for token in tokens]


def shared_models(folder):
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    byte_level = lambda: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    bpe = lambda **options: trainers.BpeTrainer(show_progress=False, **options)
    word_piece = lambda: trainers.WordPieceTrainer(vocab_size=700, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False, limit_alphabet=330)
    rules = {"normalization_rule_tsv": rule_file(folder)}
    result = {
        "bytes": trained(models.BPE(), bpe(vocab_size=700, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"] + SPECIAL, initial_alphabet=alphabet), None, byte_level()),
        "suffix": trained(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>"), bpe(vocab_size=800, special_tokens=["<|endoftext|>"], initial_alphabet=alphabet, end_of_word_suffix="</w>"),
                          normalizers.Lowercase(), byte_level()),
        "prefix": trained(models.BPE(unk_token="[UNK]", continuing_subword_prefix="##"), bpe(vocab_size=600, special_tokens=["[UNK]", "[CLS]", "[SEP]"], continuing_subword_prefix="##", limit_alphabet=200),
                          None, pre_tokenizers.BertPreTokenizer()),
        "uncased": trained(models.WordPiece(unk_token="[UNK]"), word_piece(), normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()),
        "cased": trained(models.WordPiece(unk_token="[UNK]"), word_piece(), normalizers.BertNormalizer(lowercase=False), pre_tokenizers.BertPreTokenizer()),
        "words": trained(models.WordLevel(unk_token="[UNK]"), trainers.WordLevelTrainer(vocab_size=300, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False), None, pre_tokenizers.Whitespace()),
    }
    result["prefix"]["unk_token"] = "[UNK]"
    spm = {
        "spm_unigram": sentencepiece_model(vocab_size=440, model_type="unigram", hard_vocab_limit=False, character_coverage=0.98, user_defined_symbols=["<ud>", "lamplight"], pad_id=3, **rules),
        "spm_bytes": sentencepiece_model(vocab_size=720, model_type="unigram", hard_vocab_limit=False, character_coverage=0.98, byte_fallback=True, remove_extra_whitespaces=False, **rules),
        "spm_bpe": sentencepiece_model(vocab_size=760, model_type="bpe", character_coverage=0.98, byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True),
        "spm_bpe_unknown": sentencepiece_model(vocab_size=600, model_type="bpe", character_coverage=0.98, user_defined_symbols=["<ud>"], **rules),
    }
    return result, spm


def protobuf_fields(data):
    """(field number, value) of one message: numbers, 4 raw bytes, or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            size = {1: 8, 2: None, 5: 4}[key & 7]
            size = varint() if size is None else size
            yield key >> 3, data[at:at + size]
            at += size


def spm_pieces(data):
    """[piece, score] by id."""
    pieces = []
    for number, content in protobuf_fields(data):
        if number == 1:
            piece = dict(protobuf_fields(content))
            pieces.append([piece[1].decode(), struct.unpack("<f", piece.get(2, b"\0\0\0\0"))[0]])
    return pieces


def spm_charsmap(data):
    return dict(protobuf_fields(dict(protobuf_fields(data))[3])).get(2, b"")


def unigram_json(data, byte_fallback=False):
    return {"type": "Unigram", "unk_id": 0, "vocab": spm_pieces(data), "byte_fallback": byte_fallback}


def bpe_json(data):
    """As transformers converts it: of every piece all pairs that make it, by score, then by the lengths of the parts."""
    vocab = {piece: index for index, (piece, _) in enumerate(spm_pieces(data))}
    scores = dict(spm_pieces(data))
    merges = []
    for piece, score in scores.items():
        local = [(piece[:cut], piece[cut:], score) for cut in range(1, len(piece)) if piece[:cut] in vocab and piece[cut:] in vocab]
        merges.extend(sorted(local, key=lambda rule: (vocab[rule[0]], vocab[rule[1]])))
    merges = sorted(merges, key=lambda rule: (rule[2], len(rule[0]), len(rule[1])), reverse=True)
    return {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
            "vocab": vocab, "merges": [[left, right] for left, right, _ in merges]}


LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def template(single, tokens):
    pieces = [{"Sequence": {"id": "A", "type_id": 0}} if piece == "$A" else {"SpecialToken": {"id": piece, "type_id": 0}} for piece in single]
    return {"type": "TemplateProcessing", "single": pieces, "pair": pieces + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {name: {"id": name, "ids": [identifier], "tokens": [name]} for name, identifier in tokens.items()}}


def byte_level(**options):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True} | options


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def sequence(*steps, key="pretokenizers"):
    return {"type": "Sequence", key: list(steps)}


def metaspace(scheme="always", splits=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": splits}


def replace(pattern, content, kind="String"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


def kinds(shared, spm):
    """tokenizer.json of each kind, but for its model: {"model": the name of a shared one, "changes": fields of it}."""
    front = {name: with_front(shared[name], [token for token in shared[name]["vocab"] if token.startswith(("<", "[")) and token.endswith((">", "]")) and len(token) > 2]) for name in shared if not name.startswith("spm")}
    precompiled = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(spm_charsmap(spm["spm_unigram"])).decode()}
    bert = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
    bert_template = template(["[CLS]", "$A", "[SEP]"], {"[CLS]": 2, "[SEP]": 3})
    llama_decoder = {"type": "Sequence", "decoders": [replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    gemma_decoder = {"type": "Sequence", "decoders": [replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"}]}
    word_piece = {"type": "WordPiece", "prefix": "##", "cleanup": True}
    mask = [added(**{"content": token["content"], "identifier": token["id"], "lstrip": token["content"] == "<mask>"}) for token in front["bytes"]]
    control = [added(content, identifier) for identifier, content in enumerate(["<unk>", "<s>", "</s>"])]
    spaces = [added(" " * count, 698 + count, special=False) for count in (2, 3, 4)] + [added("lamp", 703, special=False, normalized=True), added("the", 704, special=False, single_word=True, normalized=True),
              added("Page", 703, special=False, rstrip=True, lstrip=True, normalized=True)]
    bytes_kind = lambda **fields: {"model": "bytes", "added_tokens": front["bytes"], "decoder": byte_level()} | fields
    return {
        "gpt2": bytes_kind(pre_tokenizer=byte_level(), post_processor=byte_level(trim_offsets=True)),
        "roberta": bytes_kind(added_tokens=mask, pre_tokenizer=byte_level(add_prefix_space=True),
                              post_processor={"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": True}),
        "llama3": bytes_kind(changes={"ignore_merges": True}, pre_tokenizer=sequence(split(LLAMA3), byte_level(use_regex=False)),
                             post_processor={"type": "Sequence", "processors": [byte_level(trim_offsets=False), template(["<s>", "$A"], {"<s>": 0})]}),
        "qwen2": bytes_kind(normalizer={"type": "NFC"}, pre_tokenizer=sequence(split(QWEN2), byte_level(use_regex=False)), post_processor=byte_level(trim_offsets=False)),
        "tekken": bytes_kind(pre_tokenizer=sequence(split(TEKKEN), byte_level(use_regex=False)), added_tokens=front["bytes"] + spaces),
        "deepseek": bytes_kind(pre_tokenizer=sequence(split(r"[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"), split("[一-龥ࠀ-一가-퟿]+"), {"type": "Digits", "individual_digits": True}, byte_level(use_regex=False))),
        "falcon": bytes_kind(pre_tokenizer=sequence({"type": "Punctuation", "behavior": "Contiguous"}, byte_level(), {"type": "Digits", "individual_digits": False}, split("[0-9][0-9][0-9]"))),
        "byte_normalizer": bytes_kind(normalizer=sequence({"type": "NFKD"}, {"type": "ByteLevel"}, key="normalizers"), pre_tokenizer=None),
        "clip": {"model": "suffix", "added_tokens": front["suffix"], "normalizer": sequence({"type": "NFC"}, replace(r"\s+", " ", "Regex"), {"type": "Lowercase"}, key="normalizers"),
                 "pre_tokenizer": sequence(split(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", "Removed", True), byte_level(use_regex=False)),
                 "post_processor": {"type": "RobertaProcessing", "sep": ["<|endoftext|>", 0], "cls": ["<|endoftext|>", 0], "trim_offsets": False, "add_prefix_space": False}, "decoder": {"type": "BPEDecoder", "suffix": "</w>"}},
        "prefix": {"model": "prefix", "added_tokens": front["prefix"], "normalizer": sequence({"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "NFKC"}, key="normalizers"),
                   "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": template(["[CLS]", "$A", "[SEP]"], {"[CLS]": 1, "[SEP]": 2})},
        "llama2": {"model": "spm_bpe", "added_tokens": control, "normalizer": sequence({"type": "Prepend", "prepend": "▁"}, replace(" ", "▁"), key="normalizers"),
                   "post_processor": template(["<s>", "$A"], {"<s>": 1}), "decoder": llama_decoder},
        "llama2_first": {"model": "spm_bpe", "added_tokens": control, "pre_tokenizer": metaspace("first", False), "post_processor": template(["<s>", "$A", "</s>"], {"<s>": 1, "</s>": 2}), "decoder": llama_decoder},
        "gemma": {"model": "spm_bpe", "added_tokens": control + [added("\n" * count, 758 + count, special=False) for count in (2, 3)], "normalizer": replace(" ", "▁"),
                  "pre_tokenizer": split(" ", "MergedWithPrevious", kind="String"), "decoder": gemma_decoder},
        "bert_uncased": {"model": "uncased", "added_tokens": front["uncased"], "normalizer": bert, "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": bert_template, "decoder": word_piece},
        "bert_cased": {"model": "cased", "added_tokens": front["cased"], "normalizer": bert | {"lowercase": False}, "pre_tokenizer": {"type": "BertPreTokenizer"},
                       "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}, "decoder": word_piece},
        "bert_unclean": {"model": "uncased", "added_tokens": front["uncased"], "normalizer": bert | {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False},
                         "pre_tokenizer": sequence({"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "MergedWithNext"}), "decoder": word_piece},
        "xlmr": {"model": "spm_unigram", "added_tokens": control, "normalizer": sequence(precompiled, replace(" {2,}", " ", "Regex"), key="normalizers"), "pre_tokenizer": metaspace(),
                 "post_processor": template(["<s>", "$A", "</s>"], {"<s>": 1, "</s>": 2}), "decoder": metaspace()},
        "t5": {"model": "spm_unigram", "added_tokens": control, "normalizer": precompiled, "pre_tokenizer": sequence({"type": "WhitespaceSplit"}, metaspace()), "post_processor": template(["$A", "</s>"], {"</s>": 2}), "decoder": metaspace()},
        "albert": {"model": "spm_unigram", "added_tokens": control, "normalizer": sequence(replace("``", '"'), replace("''", '"'), {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, precompiled, key="normalizers"),
                   "pre_tokenizer": metaspace(), "decoder": metaspace()},
        "unigram_bytes": {"model": "spm_bytes", "changes": {"byte_fallback": True}, "added_tokens": control, "normalizer": {"type": "Nmt"}, "pre_tokenizer": metaspace("first"), "decoder": llama_decoder},
        "words": {"model": "words", "added_tokens": front["words"], "normalizer": {"type": "NFD"}, "pre_tokenizer": {"type": "Whitespace"}},
        "words_by_comma": {"model": "words", "added_tokens": front["words"], "normalizer": {"type": "Lowercase"}, "pre_tokenizer": sequence({"type": "CharDelimiterSplit", "delimiter": "a"}, {"type": "FixedLength", "length": 3},
                           split(r"\w+|[^\w\s]+", "MergedWithPrevious"), split(r"\d", "MergedWithNext"))},
    }


def tokenizer_json(kind, shared):
    model = json.loads(json.dumps(shared[kind["model"]])) | kind.get("changes", {})
    fields = {key: value for key, value in kind.items() if key not in ("model", "changes", "offsets_differ")}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None} | fields | {"model": model}


def shared_with_spm(folder):
    shared, spm = shared_models(folder)
    return shared | {"spm_unigram": unigram_json(spm["spm_unigram"]), "spm_bytes": unigram_json(spm["spm_bytes"]), "spm_bpe": bpe_json(spm["spm_bpe"])}, spm


def spells_control(text):
    """Control tokens in a text are left to the callers there; here they are recognised."""
    return any(token in text for token in ("<s>", "</s>", "<pad>", "<unk>"))


def spm_values(data, texts):
    """[id, first byte] of SentencePiece's own pieces; 0 for a byte of a character, which it gives no place of its own."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=data)
    for text in texts:
        pieces = [] if spells_control(text) else processor.encode(text, return_type="proto").pieces
        yield [[piece.id, 0 if processor.is_byte(piece.id) else piece.begin] for piece in pieces]


def marian(spm, folder, texts):
    """Ids of transformers' MarianTokenizer with the pieces of a model in another order; some of them are missing."""
    from transformers import MarianTokenizer
    pieces = [piece for piece, _ in spm_pieces(spm)]
    vocab = {piece: index for index, piece in enumerate(["</s>", "<unk>", ">>fra<<"] + [piece for piece in reversed(pieces) if not piece.startswith("<")][:-20] + ["<pad>"])}
    (folder / "source.spm").write_bytes(spm)
    (folder / "vocab.json").write_text(json.dumps(vocab))
    tokenizer = MarianTokenizer(str(folder / "source.spm"), str(folder / "source.spm"), str(folder / "vocab.json"))
    return vocab, [[] if spells_control(text) else [[identifier] for identifier in tokenizer(text)["input_ids"]] for text in texts]


def line_hash(values):
    """FNV-1a, 64 bits, over the numbers as 4 bytes each."""
    result = 0xCBF29CE484222325
    for byte in struct.pack("<%di" % sum(map(len, values)), *[number for value in values for number in value]):
        result = (result ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return result


def short(value):
    return "%04x" % ((value ^ value >> 16 ^ value >> 32 ^ value >> 48) & 0xFFFF)


def hashed(stored, code_points, values):
    """A short hash for each stored line and for each 16 lines of code points, one long hash of all, some lines in full."""
    hashes = [line_hash(value) for value in values]
    assert len(hashes) == stored + code_points
    groups = [line_hash([[part >> shift & 0x7FFFFFFF for shift in (0, 31)] for part in hashes[start:start + 16]]) for start in range(stored, stored + code_points, 16)]
    return {"lines": "".join(map(short, hashes[:stored])), "code_points": "".join(map(short, groups)),
            "all": "%016x" % line_hash([[part >> shift & 0x7FFFFFFF for shift in (0, 31)] for part in hashes]),
            "full": {str(index): values[index] for index in range(7, stored, 431) if len(values[index]) < 40}}


def without_offsets(kind, texts):
    """Lines whose first character Precompiled removes: that library then gives every token the place one too far left."""
    if "precompiled_charsmap" not in json.dumps(kind.get("normalizer")):
        return []
    return [index for index, text in enumerate(texts) if text and RULES.get(text[0]) == ""]


def write(folder):
    target = HERE / "tokenizer_kinds"
    target.mkdir(exist_ok=True)
    shared, spm = shared_with_spm(folder)
    stored = lines()
    texts = [text_of(line) for line in stored]
    codes = all_code_points()
    dump = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
    (target / "lines.json").write_text(dump(stored))
    all_kinds = kinds(shared, spm)
    expected = {}
    for name, kind in all_kinds.items():
        tokenizer = Tokenizer.from_str(json.dumps(tokenizer_json(kind, shared)))
        values = [[[identifier, begin, end] for identifier, (begin, end) in zip(encoding.ids, encoding.offsets)] for encoding in tokenizer.encode_batch(texts + codes)]
        kind["offsets_differ"] = without_offsets(kind, texts + codes)
        for index in kind["offsets_differ"]:
            values[index] = [[identifier, 0, 0] for identifier, _, _ in values[index]]
        expected[name] = hashed(len(texts), len(codes), values)
    for name, data in spm.items():
        expected[name] = hashed(len(texts), len(codes), list(spm_values(data, texts + codes)))
    vocab, values = marian(spm["spm_unigram"], folder, texts + codes)
    expected["marian"] = hashed(len(texts), len(codes), values)
    (target / "kinds.json").write_text(dump({"models": shared, "kinds": all_kinds, "sentencepiece": {name: base64.b64encode(data).decode() for name, data in spm.items()}, "marian_vocab": vocab, "assigned": assigned_runs()}))
    (target / "expected.json").write_text(dump(expected))
    print(len(texts), "lines,", len(codes), "lines of code points,", len(expected), "kinds")
    for file in sorted(target.iterdir()):
        print(file.name, file.stat().st_size, "bytes")


def live(folder):
    folder.mkdir(parents=True, exist_ok=True)
    shared, spm = shared_with_spm(folder)
    texts = [text_of(line) for line in lines()] + all_code_points()
    (folder / "lines.json").write_text(json.dumps(texts))
    print(len(texts), "lines")
    for name, kind in kinds(shared, spm).items():
        document = json.dumps(tokenizer_json(kind, shared), ensure_ascii=False)
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "tokenizer.json").write_text(document)
        tokenizer = Tokenizer.from_str(document)
        with open(folder / name / "values.jsonl", "w") as target:
            for encoding in tokenizer.encode_batch(texts):
                target.write(json.dumps([[identifier, begin, end] for identifier, (begin, end) in zip(encoding.ids, encoding.offsets)]) + "\n")
        print(name, tokenizer.get_vocab_size())
    for name, data in spm.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "tokenizer.model").write_bytes(data)
        processor = sentencepiece.SentencePieceProcessor(model_proto=data)
        with open(folder / name / "values.jsonl", "w") as target:
            for text in texts:
                pieces = processor.encode(text, return_type="proto").pieces
                target.write(json.dumps([[piece.id, piece.begin, piece.end] for piece in pieces]) + "\n")
        print(name, processor.get_piece_size(), len(data), "bytes")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--live":
        live(pathlib.Path(sys.argv[2]))
    elif len(sys.argv) == 1:
        with tempfile.TemporaryDirectory() as folder:
            write(pathlib.Path(folder))
    else:
        sys.exit(__doc__)

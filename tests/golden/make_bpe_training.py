#!/usr/bin/env python3
"""Writes bpe_training.json: the vocabularies that `BpeTrainer` of Hugging Face's tokenizers makes.

usage: make_bpe_training.py

The texts are those lines of tokenizer_kinds/lines.json that are plain strings, and two kinds that are made by a rule: "stories" have many words and
many equally frequent pairs, and "runs" lead to the same piece in several ways. numbered_story() and numbered_run() below and in the test must say the
same.
cases: [settings, tokenizer.json without its vocabulary and merges, pieces by id after the bytes, merges as [left, right]]
Made with tokenizers 0.23.3.
"""
import json
import pathlib

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent
SPECIAL = ["<pad>", "<bos>", "<eos>", "<sep>", "<mask>", "<cls>"]
FRAMES = {"none": None, "beginning": ("<bos> $A", "<bos> $A <bos> $B:1"), "classification": ("<cls> $A <sep>", "<cls> $A <sep> $B:1 <sep>:1"),
          "end": ("$A <eos>", "$A <eos> $B:1 <eos>:1")}
WHO = ["Mina", "a fox", "the old turtle", "민아는", "작은 여우가", "거북이와"]
DID = ["found", "looked for", "painted", "찾았어요", "그리고 싶었어요", "노래했어요"]
WHAT = ["a lamp", "snow", "the banana", "눈을", "등불을", "바나나나무를"]


def numbered_story(number):
    """Words from lists, and a made-up word from the digits of number² in base 7."""
    made, digits = "", number * number
    while digits:
        made += "kamitsu"[digits % 7] + "aeiou"[digits % 5]
        digits //= 7
    return f"{WHO[number % 6]} {DID[number // 6 % 6]} {WHAT[number // 36 % 6]}, {made}."


def numbered_run(number):
    """The binary digits of number³ as letters: aababbb."""
    return "".join("ab"[int(digit)] for digit in f"{number ** 3:b}")


def texts(stories, runs):
    lines = json.loads((HERE / "tokenizer_kinds/lines.json").read_text(encoding="utf-8"))
    return ([line for line in lines if isinstance(line, str)] + [numbered_story(number) for number in range(stories)]
            + [numbered_run(number) for number in range(runs)])


def case(vocabulary_size, least_count, frame, special, stories, runs=0):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    # A mask stands for a word, and words carry the space before them.
    added = [AddedToken(name, lstrip=frame == "classification" and name == "<mask>", normalized=False, special=True) for name in special]
    trainer = trainers.BpeTrainer(vocab_size=vocabulary_size, min_frequency=least_count, special_tokens=added, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  show_progress=False)
    tokenizer.train_from_iterator(texts(stories, runs), trainer)
    if FRAMES[frame]:
        single, pair = FRAMES[frame]
        named = sorted({part.split(":")[0] for part in pair.split(" ") if part[0] == "<"})
        tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=[(name, special.index(name)) for name in named])
    file = json.loads(tokenizer.to_str())
    vocabulary, merges = file["model"].pop("vocab"), file["model"].pop("merges")
    pieces = sorted(vocabulary, key=vocabulary.get)
    assert [vocabulary[piece] for piece in pieces] == list(range(len(pieces)))
    return [{"vocabulary_size": vocabulary_size, "least_count": least_count, "frame": frame, "special_tokens": special, "stories": stories, "runs": runs},
            file, " ".join(pieces[len(special) + 256:]), " ".join(f"{left} {right}" for left, right in merges)]


def main():
    cases = [case(700, 2, "beginning", SPECIAL, 400), case(1400, 2, "classification", SPECIAL, 2000), case(300, 2, "end", ["<eos>", "<pad>"], 0),
             case(2500, 5, "none", [], 100), case(262, 2, "none", SPECIAL, 0),
             case(1000, 2, "none", SPECIAL, 0, 3000)]
    (HERE / "bpe_training.json").write_text(json.dumps(cases, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

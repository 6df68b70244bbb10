#!/usr/bin/env python3
"""Writes tokenization_steps.json: merges one by one, and the letters of Hangul, from plain Python.

usage: make_tokenization_steps.py SmolLM2-135M-Instruct.Q4_1.gguf

merges   of SmolLM2 and of the small vocabulary: for each text its pre-tokens, each as [rank, parts after the merge] from the
         single bytes on (rank null), in the byte alphabet; found by looking through all pairs again for every merge. The last
         parts are compared with `tokenizers` here.
jamo     the letters of every 37th syllable and of the conjoining jamo, by their Unicode names
"""
import json
import pathlib
import sys
import unicodedata

import gguf

from make_tokenizer_golden import HERE, byte_level_tokenizer

TEXTS = ["The capital of France is", "안녕하세요", " unbelievable tokenization", "책상 위의 등불이", "aaaaaaaaaa", "don't 2026 <|im_end|>",
         "e\u0301 \U0001f642", "\u1112\u1161\u11ab\u1100\u1173\u11af"]


def steps(parts, ranks):
    found = [[None, list(parts)]]
    while True:
        pairs = [(ranks.get(pair, len(ranks)), place) for place, pair in enumerate(zip(parts, parts[1:]))]
        if not pairs or min(pairs)[0] == len(ranks):
            return found
        rank, place = min(pairs)
        parts = parts[:place] + [parts[place] + parts[place + 1]] + parts[place + 2:]
        found.append([rank, parts])


def histories(tokenizer, vocabulary, merges):
    ranks = {tuple(merge): rank for rank, merge in enumerate(merges)}
    result = []
    for text in TEXTS:
        words = []
        for stretch in text.split("<|im_end|>"):
            for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(stretch):
                words.append(steps([character for character in word if character in vocabulary], ranks))
        ids = [vocabulary[piece] for word in words for piece in word[-1][1]]
        assert ids == [i for i in tokenizer.encode(text).ids if i != vocabulary["<|im_end|>"]], text
        result.append([text, words])
    return result


def letter(name):
    return unicodedata.lookup("HANGUL LETTER " + name)


def jamo():
    """Pairs of a syllable (composed or conjoining) and its letters; a leading ieung is named after its sound elsewhere."""
    result = []
    named = lambda character: letter(unicodedata.name(character).split(" ")[-1].replace("YESIEUNG", "IEUNG"))
    for code in list(range(0xAC00, 0xD7A4, 37)) + [0xD7A3]:
        parts = unicodedata.normalize("NFD", chr(code))
        result += [[chr(code), [named(part) for part in parts]], [parts, [named(part) for part in parts]]]
    return result


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    fields = gguf.GGUFReader(sys.argv[1]).fields
    read = lambda key: fields["tokenizer.ggml." + key].contents()
    small = json.loads((HERE / "tokenizer_small.json").read_text())["metadata"]
    content = {"merges": {}, "jamo": jamo()}
    for name, pieces, kinds, merges in [("smollm2", read("tokens"), read("token_type"), read("merges")),
                                        ("small", small["tokenizer.ggml.tokens"], small["tokenizer.ggml.token_type"], small["tokenizer.ggml.merges"])]:
        vocabulary = {piece: index for index, piece in enumerate(pieces)}
        pairs = [tuple(merge.split(" ")) for merge in merges]
        tokenizer = byte_level_tokenizer(vocabulary, pairs, [piece for piece, kind in zip(pieces, kinds) if kind == 3], "smollm")
        content["merges"][name] = histories(tokenizer, vocabulary, pairs)
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    (pathlib.Path(HERE) / "tokenization_steps.json").write_text(text + "\n")
    print(len(text), "bytes")

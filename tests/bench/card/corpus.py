"""The documents of a training config as core/training reads them: what is learnt from, what is held out, and the sequences
that each pass packs them into, in the same order. Followed: corpus.cpp, training_texts.cpp, packing.cpp, random_numbers.h.
"""
import hashlib
import json
import math
import re
from collections import namedtuple
from pathlib import Path

import tokenizers

MOST_HELD_OUT_TOKENS = 60000  # of a source, as in training_texts.cpp
PIECES_IN_VIEW = 64           # as in packing.cpp

Document = namedtuple("Document", "text target label source")  # source: the object of the config
HeldOut = namedtuple("HeldOut", "source language documents bytes")


def filled(template, fields):
    def field(match):
        value = fields[match[1]]
        return value if isinstance(value, str) else " ".join(value)
    return re.sub(r"\{([^}]+)\}", field, template)


def documents_of(source, corpora, own):
    path = Path(own if source.get("own") else corpora) / source["path"]
    content = path.read_bytes()
    if "sha256" in source and hashlib.sha256(content).hexdigest() != source["sha256"]:
        raise SystemExit(f"{path} is not the file that the config names: its SHA-256 differs")
    for line in content.decode("utf-8-sig").split("\n"):
        line = line.removesuffix("\r")
        if not line:
            continue
        fields = json.loads(line) if path.suffix == ".jsonl" else {"line": line}
        text = filled(source.get("source") or source.get("text", "{line}"), fields)
        target = filled(source["target"], fields) if "target" in source else ""
        if text and (target or "target" not in source):
            yield Document(text, target, fields.get(source.get("label")), source)


def read_corpus(config, corpora):
    """{"train": [...], "valid": [...], "test": [...]}: each document once, source by source. What the program makes up to learn
    from is in no file, and left out."""
    own = Path(config).parent
    parts = {"train": [], "valid": [], "test": []}
    for source in json.loads(Path(config).read_text(encoding="utf-8"))["data"]["sources"]:
        if "generated" in source:
            continue
        every = source.get("hold_out_every", 0)
        for index, document in enumerate(documents_of(source, corpora, own), 1):
            part = source.get("part", "train")
            parts["valid" if part == "train" and every and index % every == 0 else part].append(document)
    if not any(parts.values()):
        raise SystemExit("the texts of this config are made by the program; there are no files to measure on")
    held_out = {document.text for part in ("valid", "test") for document in parts[part]}
    parts["train"] = [document for document in parts["train"] if document.text not in held_out]
    return parts


class Tokens:
    """Texts to ids, framed as the tokenizer says, and <eos> behind a text that a decoder goes on with."""

    def __init__(self, folder, goes_on=True):
        self.tokenizer = tokenizers.Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.end = self.tokenizer.token_to_id("<eos>")
        self.behind = [self.end] if goes_on and self.tokenizer.encode("a").ids[-1] != self.end else []

    def __call__(self, texts):
        return [one.ids + self.behind for one in self.tokenizer.encode_batch(list(texts))]


def held_out(documents, tokens, context):
    """The documents of each source that the trainer measures on: the first ones, none longer than the context."""
    found = {}
    ids = tokens(document.text for document in documents)
    target_ids = tokens(document.target for document in documents) if documents and documents[0].target else None
    for i, document in enumerate(documents):
        name = document.source["name"]
        one = found.setdefault(name, {"documents": [], "bytes": 0, "tokens": 0,
                                      "language": document.source.get("language", "")})
        longest = max(len(ids[i]), len(target_ids[i]) if target_ids else 0)
        if one["tokens"] >= MOST_HELD_OUT_TOKENS or longest > context:
            continue
        one["tokens"] += len(target_ids[i] if target_ids else ids[i])
        one["bytes"] += len((document.target or document.text).encode())
        one["documents"].append((document, ids[i]))
    return [HeldOut(name, one["language"], one["documents"], one["bytes"]) for name, one in found.items()]


class RandomNumbers:
    def __init__(self, seed):
        self.state = seed % 2**64

    def whole(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        return z ^ (z >> 31)

    def below(self, count):
        return int((self.whole() >> 11) * 2.0**-53 * count)


def shuffle(values, seed, number, index=-1):
    of_pass = RandomNumbers(seed).whole() + number
    random = RandomNumbers(RandomNumbers(of_pass).whole() + index)
    for count in range(len(values), 1, -1):
        other = random.below(count)
        values[count - 1], values[other] = values[other], values[count - 1]


def order_of_pass(documents, number):
    """Places of documents, as often as "repeat" says."""
    order, index = [], {}
    for place, document in enumerate(documents):
        repeat, name = document.source.get("repeat", 1), document.source["name"]
        before = index.get(name, 0) + number
        index[name] = index.get(name, 0) + 1
        order += [place] * (math.floor((before + 1) * repeat) - math.floor(before * repeat))
    return order


def packed_pass(documents, ids, number, context, seed):
    """The sequences of a pass as (tokens, labels); -100: not scored."""
    pieces = [(place, begin, min(begin + context, len(ids[place])))
              for place in order_of_pass(documents, number) for begin in range(0, len(ids[place]) - 1, context)]
    shuffle(pieces, seed, number)
    view, rest = [], iter(pieces)
    while True:
        tokens, labels = [], []
        while True:
            while len(view) < PIECES_IN_VIEW and (piece := next(rest, None)):
                view.append(piece)
            fits = next((i for i, (_, begin, end) in enumerate(view) if end - begin <= context - len(tokens)), None)
            if fits is None:
                break
            place, begin, end = view.pop(fits)
            tokens += ids[place][begin:end]
            following = ids[place][begin + 1:end + 1]
            labels += following + [-100] * (end - begin - len(following))
        if not tokens:
            return
        yield tokens, labels

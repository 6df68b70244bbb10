#!/usr/bin/env python3
"""What the bundled models can do, measured with PyTorch and transformers: the figures on their cards, as Markdown.

    peers/bin/python tests/bench/bundled_models.py loss --model assets/models/tiny_stories --corpora CORPORA

The virtual environment is that of peers.py (torch and transformers; `translate` needs sacrebleu as well). Every sub-command
takes a folder as `headlight train` leaves it and prints a section in English and one in Korean; its module in card/ says how
it measures. CORPORA is the folder of --corpora of the training; the config says which files and which hashes.

curve       some lines of the loss curve in log.json
loss        held-out loss a byte of a decoder for each source and language, beside n-grams; compared with the trainer's own
masked      hidden tokens of held-out documents that a masked model guesses; compared with the trainer's own
samples     continuations of given beginnings, in both languages
names       whether the name of a child is kept through a story
probe       눈 (snow) and 눈 (eye): candidates for a gap, vectors
translate   BLEU and chrF on held-out sentences, examples
alignment   which heads of the cross-attention find the Korean word that an English word comes from
sentiment   accuracy on held-out reviews, beside a bag of words
induction   the induction score of each head of a decoder
"""
import argparse
import json
from pathlib import Path

import torch

from card.alignment import alignment
from card.curve import curve
from card.induction import induction
from card.loss import loss
from card.masked import masked
from card.probe import probe
from card.sentiment import sentiment
from card.texts import TEMPERATURE, names, samples
from card.translate import translate

ASSETS = Path(__file__).resolve().parents[2] / "assets/training"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for function, config in ((curve, ""), (loss, "tiny_stories_first"), (masked, "tiny_bert"), (samples, ""), (names, ""), (probe, ""),
                             (translate, "tiny_translate"), (alignment, "tiny_translate"), (sentiment, "tiny_sentiment"),
                             (induction, "")):
        command = commands.add_parser(function.__name__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        command.set_defaults(run=function)
        command.add_argument("--model", required=True, help="folder with config.json, model.safetensors, tokenizer.json")
        command.add_argument("--threads", type=int, default=1, help="that compute")
        command.add_argument("--json", help="write the figures into this file, too")
        if config:
            command.add_argument("--corpora", required=True, help="folder of the texts")
            command.add_argument("--config", default=str(ASSETS / f"{config}.json"), help="of the training")
    of = commands.choices
    of["loss"].add_argument("--order", type=int, default=5, help="of the n-gram of tokens; 0: none")
    of["loss"].add_argument("--byte-orders", type=int, nargs="*", default=[5, 8], help="of n-grams of bytes")
    of["samples"].add_argument("--count", type=int, default=20, help="a language")
    of["samples"].add_argument("--tokens", type=int, default=120, help="most of a sample")
    for name in ("samples", "names"):
        of[name].add_argument("--temperature", type=float, default=TEMPERATURE, help="1: as the model says")
    of["names"].add_argument("--seed", type=int, default=1, help="of the first story")
    of["names"].add_argument("--show", action="store_true", help="print all stories as comments")
    of["probe"].add_argument("--items", default=str(ASSETS / "homonyms_probe.json"), help="the sentences")
    of["translate"].add_argument("--most", type=int, default=0, help="sentences of a source; 0: all")
    of["alignment"].add_argument("--source", default="held-out sentences by a grammar", help="of the config")
    of["induction"].add_argument("--period", type=int, default=20, help="tokens of a group")
    of["induction"].add_argument("--groups", type=int, default=16, help="how many")
    of["induction"].add_argument("--kinds", nargs="+", choices=["tokens", "letters", "en", "ko"], default=["tokens", "en", "ko"],
                                 help="what a group is: random tokens or letters, or names")
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    figures = o.run(o)
    if o.json:
        Path(o.json).write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

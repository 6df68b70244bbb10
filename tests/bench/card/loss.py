"""Held-out loss a byte, beside n-grams that learnt from the same documents.

Every number is the sum of minus the logarithm of the probability of each token of the held-out documents, the one that ends
a text too, divided by the bytes of their texts. N-grams learn from every document once, however often the model saw it.
"""
import json
from pathlib import Path

import torch
from torch.nn import functional

from card.corpus import Tokens, held_out, read_corpus
from card.ngrams import byte_grams, token_grams, with_ends
from card.sections import config_of, context_of, korean_table, load, show, table


@torch.inference_mode()
def nats_of(model, documents):
    """Of (document, ids): the sum, how many tokens, how many of them were the likeliest."""
    total, count, right = 0.0, 0, 0
    ordered = sorted((ids for _, ids in documents), key=len)
    for begin in range(0, len(ordered), 16):
        batch = ordered[begin:begin + 16]
        ids = torch.zeros(len(batch), len(batch[-1]), dtype=torch.long)
        labels = torch.full_like(ids, -100)
        for row, one in enumerate(batch):  # what fills up stands behind, where nothing looks at it
            ids[row, :len(one)] = torch.tensor(one)
            labels[row, :len(one) - 1] = torch.tensor(one[1:])
        logits = model(input_ids=ids).logits
        total += functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100,
                                          reduction="sum").double().item()
        scored = labels >= 0
        count += int(scored.sum())
        right += int((logits.argmax(-1)[scored] == labels[scored]).sum())
    return total, count, right


def measured(model, held):
    rows = []
    for one in held:
        nats, count, right = nats_of(model, one.documents)
        rows.append({"source": one.source, "language": one.language, "documents": len(one.documents), "bytes": one.bytes,
                     "tokens": count, "nats_per_byte": nats / one.bytes, "accuracy": right / count})
    return rows


def difference_to_log(folder, rows, figure="nats_per_byte", counted=("bytes", "tokens")):
    """The largest relative difference of a figure to the last measurement in log.json, and its step. What is counted must be
    the same."""
    log = next((path for path in (Path(folder) / "training/log.json", Path(folder) / "log.json") if path.exists()), None)
    if not log:
        return None
    theirs = json.loads(log.read_text(encoding="utf-8"))["measured"]
    last = {one["source"]: one for one in theirs if one["step"] == theirs[-1]["step"]}
    worst = 0.0
    for row in rows:
        one = last[row["source"]]
        theirs_counted, here = ({key: counts[key] for key in counted} for counts in (one, row))
        if theirs_counted != here:
            raise SystemExit(f"{row['source']}: the trainer measured {theirs_counted}, but here are {here}")
        worst = max(worst, abs(one[figure] / row[figure] - 1))
    return worst, theirs[-1]["step"]


def loss(o):
    config = config_of(o.config)
    corpus = read_corpus(o.config, o.corpora)
    tokens = Tokens(o.model)
    held = held_out(corpus["valid"], tokens, context_of(config, o.model))
    rows = measured(load(o.model), held)
    if o.order:
        model = token_grams(tokens(document.text for document in corpus["train"]), o.order,
                            tokens.tokenizer.get_vocab_size())
        for row, one in zip(rows, held):
            row["token_grams"] = sum(model.nats(ids) for _, ids in one.documents) / one.bytes
        del model
    for order in o.byte_orders:
        model = byte_grams([document.text for document in corpus["train"]], order)
        for row, one in zip(rows, held):
            row[f"byte_grams_{order}"] = sum(model.nats(with_ends(document.text)) for document, _ in one.documents) / one.bytes
        del model
    by_language = []
    for language in sorted({row["language"] for row in rows}):
        mine = [row for row in rows if row["language"] == language]
        if len(mine) == 1:
            continue
        joined = {"source": "all", "language": language, **{key: sum(row[key] for row in mine)
                                                            for key in ("documents", "bytes", "tokens")}}
        for key in mine[0].keys() - joined.keys() - {"accuracy"}:
            joined[key] = sum(row[key] * row["bytes"] for row in mine) / joined["bytes"]
        joined["accuracy"] = sum(row["accuracy"] * row["tokens"] for row in mine) / joined["tokens"]
        by_language.append(joined)
    baselines = (["token_grams"] if o.order else []) + [f"byte_grams_{order}" for order in o.byte_orders]
    cells = [[row["source"], row["language"], f"{row['bytes']:,}", f"{row['nats_per_byte']:.4f}",
              *(f"{row[name]:.4f}" for name in baselines), f"{100 * row['accuracy']:.1f} %"] for row in rows + by_language]
    names = ([f"{o.order}-gram of tokens"] if o.order else []) + [f"{order}-gram of bytes" for order in o.byte_orders]
    korean = ([f"토큰 {o.order}-gram"] if o.order else []) + [f"바이트 {order}-gram" for order in o.byte_orders]
    show("Held-out loss", "Nats a byte, less is better; n-grams: interpolated Kneser-Ney, learnt from the same documents.\n\n"
         + table(["source", "language", "bytes", "this model", *names, "tokens right"], cells),
         "따로 떼어 둔 글의 손실", "바이트마다 nat이고 작을수록 좋습니다. n-gram은 같은 글로 만든 보간 크네저-나이(Kneser-Ney) 모델입니다.\n\n"
         + korean_table(["출처", "언어", "바이트", "이 모델", *korean, "맞힌 토큰"], cells))
    if found := difference_to_log(o.model, rows):
        print(f"<!-- largest relative difference to the trainer's own measurement at step {found[1]}: {found[0]:.1e} -->")
    return {"sources": rows, "languages": by_language}

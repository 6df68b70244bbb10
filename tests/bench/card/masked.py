"""Hidden tokens of held-out documents: how well a masked model guesses them, beside how often each token comes at all.

The trainer hides the same places (packing.cpp, TokenMasker), so that its own figures come out again. The baseline is the share
of each token in the training documents, each read once, with one added to every count.
"""
import math
from collections import Counter

import torch

from card.corpus import RandomNumbers, Tokens, held_out, read_corpus
from card.loss import difference_to_log
from card.sections import config_of, context_of, korean_table, load, show, table

PASS_OF_HELD_OUT = -1


def hidden(ids, index, mask, special, ordinary, seed):
    """The ids as the model reads them, and the places that it is asked for."""
    random = RandomNumbers(RandomNumbers(RandomNumbers(seed).whole() + PASS_OF_HELD_OUT).whole() + index)
    places, read = [i for i, one in enumerate(ids) if one not in special], list(ids)
    if not places:
        return read, []
    count = max(1, (len(places) * 15 + 50) // 100)
    for i in range(count):
        other = i + random.below(len(places) - i)
        places[i], places[other] = places[other], places[i]
        kind = (random.whole() >> 11) * 2.0**-53
        if kind < 0.8:
            read[places[i]] = mask
        elif kind < 0.9:
            read[places[i]] = ordinary[random.below(len(ordinary))]
    return read, places[:count]


@torch.inference_mode()
def guessed(model, ids, read, places):
    """Nats of the hidden tokens, and how many of them were the likeliest."""
    said = torch.log_softmax(model(input_ids=torch.tensor([read])).logits[0, places], -1)
    wanted = torch.tensor([ids[place] for place in places])
    return -said.gather(1, wanted[:, None]).sum().item(), int((said.argmax(-1) == wanted).sum())


def masked(o):
    config = config_of(o.config)
    corpus, tokens = read_corpus(o.config, o.corpora), Tokens(o.model, goes_on=False)
    model, size = load(o.model, "AutoModelForMaskedLM"), tokens.tokenizer.get_vocab_size()
    special, mask = set(tokens.tokenizer.get_added_tokens_decoder()), tokens.tokenizer.token_to_id("<mask>")
    ordinary = [i for i in range(size) if i not in special]
    number = {id(document): i for i, document in enumerate(corpus["valid"])}
    counts = Counter(one for ids in tokens(document.text for document in corpus["train"]) for one in ids if one not in special)
    total, commonest, rows = sum(counts.values()) + len(ordinary), counts.most_common(1)[0][0], []
    for one in held_out(corpus["valid"], tokens, context_of(config, o.model)):
        row = {"source": one.source, "language": one.language, "tokens": 0, "nats": 0.0, "right": 0, "alone": 0.0, "common": 0}
        for document, ids in one.documents:
            read, places = hidden(ids, number[id(document)], mask, special, ordinary, config["training"].get("seed", 1))
            if not places:
                continue
            nats, right = guessed(model, ids, read, places)
            row["tokens"] += len(places)
            row["nats"] += nats
            row["right"] += right
            row["alone"] -= sum(math.log((counts[ids[place]] + 1) / total) for place in places)
            row["common"] += sum(ids[place] == commonest for place in places)
        rows.append({**row, **{key: row[key] / row["tokens"] for key in ("nats", "right", "alone", "common")}})
    cells = [[row["source"], row["language"], f"{row['tokens']:,}", f"{row['nats']:.3f}", f"{100 * row['right']:.1f} %",
              f"{row['alone']:.3f}", f"{100 * row['common']:.1f} %"] for row in rows]
    show("Held-out hidden tokens",
         "15 % of the tokens are asked for: eight in ten of them hidden, one replaced, one left. Nats a token, less is better. The "
         "baseline knows how often each token comes, and nothing of the sentence.\n\n"
         + table(["source", "language", "tokens asked for", "nats", "right", "baseline: nats", "baseline: right"], cells),
         "따로 떼어 둔 글의 가린 토큰",
         "토큰의 15 %를 묻습니다. 열에 여덟은 가리고, 하나는 바꾸고, 하나는 그대로 둡니다. 토큰마다 nat이고 작을수록 좋습니다. 기준선은 문장을 보지 않고 "
         "토큰이 얼마나 자주 나오는지만 압니다.\n\n"
         + korean_table(["출처", "언어", "물은 토큰", "nat", "맞힘", "기준선: nat", "기준선: 맞힘"], cells))
    figures = [{**row, "nats_per_token": row["nats"]} for row in rows]
    if found := difference_to_log(o.model, figures, "nats_per_token", ("tokens",)):
        print(f"<!-- largest relative difference to the trainer's own measurement at step {found[1]}: {found[0]:.1e} -->")
    return {"sources": rows}

"""Whether 눈 (snow) and 눈 (eye) are told apart: candidates for a gap, and the vectors of the word itself.

Candidates: a masked model is asked token by token, the tokens of the candidate that are still to come hidden as well
(Kauf & Ivanova 2023, "within word left to right"); of a decoder the probability of the whole sentence counts. Two figures:
the likeliest candidate of all is one of those expected; and the share of pairs (expected, wrong) in the right order.

Vectors: the mean over the tokens that 눈 lies in, at each layer. A sentence is counted as right when the sentence whose
vector has the smallest angle to it, of the other 39, has the same sense. And by a plane between both senses (ridge
regression on vectors of length 1, lambda 0.1) when it lies on its side of the plane that the other 39 make.
"""
import json
import re

import torch

from card.corpus import Tokens
from card.sections import korean_table, load, show, table

WORD = re.compile(r"(?<![가-힣])눈(?=(?:을|이|은|의|에|으로|과|도|처럼)?(?: |$))")


def place_of_word(text):
    found = [match.start() for match in WORD.finditer(text)]
    if not found:
        raise SystemExit(f"no 눈 stands alone in: {text}")
    return found[-1]


def covered(encoding, begin, end):
    """Tokens that share a character with these; a token that begins with the space in front counts."""
    return [i for i, (first, last) in enumerate(encoding.offsets) if first < end and last > begin]


@torch.inference_mode()
def masked_score(model, tokenizer, sentence, candidate):
    text = sentence.replace("<mask>", candidate)
    begin = sentence.index("<mask>")
    encoding = tokenizer.encode(text)
    places = covered(encoding, begin, begin + len(candidate))
    mask, rows = tokenizer.token_to_id("<mask>"), []
    for i in range(len(places)):
        ids = list(encoding.ids)
        for place in places[i:]:
            ids[place] = mask
        rows.append(ids)
    logits = torch.log_softmax(model(input_ids=torch.tensor(rows)).logits, -1)
    return sum(logits[i, place, encoding.ids[place]].item() for i, place in enumerate(places))


@torch.inference_mode()
def sentence_score(model, tokens, sentence, candidate):
    ids = torch.tensor(tokens([sentence.replace("<mask>", candidate)]))
    logits = torch.log_softmax(model(input_ids=ids).logits[0, :-1], -1)
    return logits.gather(-1, ids[0, 1:, None]).sum().item()


def candidates(items, score):
    rows = []
    for item in items:
        good, bad = ([score(item["masked"], candidate) for candidate in item[kind]] for kind in ("expected", "wrong"))
        rows.append((item["sense"], max(good) > max(bad), sum(g > b for g in good for b in bad) / (len(good) * len(bad)),
                     len(good) / (len(good) + len(bad))))
    return rows


@torch.inference_mode()
def vectors(model, tokenizer, items):
    """[item, layer, d]"""
    found = []
    for item in items:
        begin = place_of_word(item["text"])
        encoding = tokenizer.encode(item["text"])
        places = covered(encoding, begin, begin + 1)
        states = model(input_ids=torch.tensor([encoding.ids]), output_hidden_states=True).hidden_states
        found.append(torch.stack([state[0, places].mean(0) for state in states]))
    return torch.stack(found)


def nearest_right(found, senses):
    """The share of right neighbours at each layer."""
    unit = torch.nn.functional.normalize(found, dim=-1)
    shares = []
    for layer in range(found.shape[1]):
        near = unit[:, layer] @ unit[:, layer].T
        near.fill_diagonal_(-2)
        shares.append(sum(senses[i] == senses[j] for i, j in enumerate(near.argmax(-1).tolist())) / len(senses))
    return shares


def plane_right(found, senses):
    """The share of vectors on the right side of the plane of all others, at each layer."""
    wanted = torch.tensor([1.0 if sense == senses[0] else -1.0 for sense in senses], dtype=torch.double)
    shares = []
    for layer in range(found.shape[1]):
        unit = torch.nn.functional.normalize(found[:, layer].double(), dim=-1)
        right = 0
        for i in range(len(senses)):
            others = [j for j in range(len(senses)) if j != i]
            middle, mean = unit[others].mean(0), wanted[others].mean()
            given = unit[others] - middle
            dual = torch.linalg.solve(given @ given.T + 0.1 * torch.eye(len(others)).double(), wanted[others] - mean)
            right += int(((unit[i] - middle) @ given.T @ dual + mean) * wanted[i] > 0)
        shares.append(right / len(senses))
    return shares


def probe(o):
    items = json.loads(open(o.items, encoding="utf-8").read())
    is_masked = json.loads(open(f"{o.model}/config.json").read())["architectures"][0].endswith("MaskedLM")
    model = load(o.model, "AutoModelForMaskedLM" if is_masked else "AutoModelForCausalLM")
    tokens = Tokens(o.model, goes_on=not is_masked)
    if is_masked:
        rows = candidates(items, lambda *item: masked_score(model, tokens.tokenizer, *item))
    else:
        rows = candidates(items, lambda *item: sentence_score(model, tokens, *item))
    share = lambda place, some: sum(row[place] for row in some) / len(some)
    groups = [("eye (눈)", [row for row in rows if row[0] == "eye"]), ("snow (눈)", [row for row in rows if row[0] == "snow"]),
              ("both", rows)]
    cells = [[name, len(some), f"{100 * share(1, some):.0f} %", f"{100 * share(2, some):.0f} %", f"{100 * share(3, some):.0f} %"]
             for name, some in groups]
    found, senses = vectors(model, tokens.tokenizer, items), [item["sense"] for item in items]
    layers, planes = nearest_right(found, senses), plane_right(found, senses)
    percent = lambda some: ", ".join(f"{100 * one:.0f}" for one in some)
    show("눈, snow or eye", table(["sense", "sentences", "an expected word is the likeliest", "pairs in the right order",
                                  "by chance (likeliest)"], cells)
         + f"\n\nNearest of the other {len(items) - 1} vectors of 눈 has the same sense, in % (embedding, then behind each layer; "
         f"by chance 49): {percent(layers)}. On its side of a plane between the senses that the others make (by chance 50): "
         f"{percent(planes)}.",
         "눈: 내리는 눈, 보는 눈", korean_table(["뜻", "문장", "알맞은 말의 확률이 가장 높음", "바른 순서인 짝", "우연히 맞을 확률"], cells)
         + f"\n\n‘눈’의 벡터에 가장 가까운 다른 문장의 ‘눈’이 같은 뜻인 비율(%, 임베딩과 각 층 뒤, 우연이면 49): {percent(layers)}. "
         f"나머지 문장으로 두 뜻을 가른 평면의 맞는 쪽에 있는 비율(우연이면 50): {percent(planes)}.")
    return {"candidates": share(1, rows), "pairs": share(2, rows), "layers": layers, "planes": planes}

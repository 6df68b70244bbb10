"""Accuracy on held-out reviews, beside logistic regression on bags of words and pairs of letters.

The features of a review are the words that stand in it and the pairs of neighbouring characters, each counted once; those
that fewer than two training reviews have are left out. Newton's method in its limited-memory form (torch's LBFGS) on the mean
loss plus lambda/2 times the squared weights; lambda is the one of six that is best on the reviews for choosing.
"""
from collections import Counter

import torch
from torch.nn import functional

from card.corpus import Tokens, read_corpus
from card.sections import config_of, load, show, table

STRENGTHS = [1e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3]


def features(text):
    words = text.split()
    joined = " ".join(words)
    return {("word", word) for word in words} | {("pair", joined[i:i + 2]) for i in range(len(joined) - 1)}


def matrix(texts, known):
    rows, columns = [], []
    for row, text in enumerate(texts):
        found = [known[one] for one in features(text) if one in known]
        rows += [row] * len(found)
        columns += found
    places = torch.tensor([rows, columns])
    ones = torch.ones(len(rows))
    return torch.sparse_coo_tensor(places, ones, (len(texts), len(known)), check_invariants=True).coalesce()


def regression(given, labels, strength):
    weights, bias = torch.zeros(given.shape[1], 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=200, history_size=10, line_search_fn="strong_wolfe",
                                  tolerance_grad=1e-6)

    def closure():
        optimizer.zero_grad()
        logits = (torch.sparse.mm(given, weights) + bias).squeeze(1)
        value = functional.binary_cross_entropy_with_logits(logits, labels) + strength / 2 * weights.square().sum()
        value.backward()
        return value

    optimizer.step(closure)
    return weights.detach(), bias.detach()


def bag_of_words(parts):
    """Right answers of each part but the first, for the strength that is best on "valid"."""
    counts = Counter(one for document in parts["train"] for one in features(document.text))
    known = {one: i for i, one in enumerate(one for one, count in counts.items() if count >= 2)}
    given = {part: matrix([document.text for document in documents], known) for part, documents in parts.items()}
    labels = {part: torch.tensor([float(document.label) for document in documents]) for part, documents in parts.items()}
    best = None
    for strength in STRENGTHS:
        weights, bias = regression(given["train"], labels["train"], strength)
        right = {part: int((((torch.sparse.mm(given[part], weights) + bias).squeeze(1) > 0) == (labels[part] > 0)).sum())
                 for part in ("valid", "test")}
        if best is None or right["valid"] > best[1]["valid"]:
            best = strength, right, len(known)
    return best


@torch.inference_mode()
def model_right(model, tokens, documents, context):
    right, ids = 0, tokens(document.text for document in documents)
    for document, one in zip(documents, ids):
        one = one if len(one) <= context else one[:context - 1] + one[-1:]
        right += int(model(input_ids=torch.tensor([one])).logits[0].argmax()) == document.label
    return right


def sentiment(o):
    config = config_of(o.config)
    parts = read_corpus(o.config, o.corpora)
    model, tokens = load(o.model, "AutoModelForSequenceClassification"), Tokens(o.model, goes_on=False)
    context = config["training"].get("context") or model.config.max_position_embeddings
    right = {part: model_right(model, tokens, parts[part], context) for part in ("valid", "test")}
    strength, bag, known = bag_of_words(parts)
    shown = lambda count, part: f"{100 * count[part] / len(parts[part]):.1f} % ({count[part]} of {len(parts[part])})"
    korean = lambda count, part: f"{100 * count[part] / len(parts[part]):.1f} % ({len(parts[part])}개 가운데 {count[part]}개)"
    rows = [["this model", shown(right, "valid"), shown(right, "test")],
            [f"bag of words and letter pairs ({known:,} features, lambda {strength:g})", shown(bag, "valid"), shown(bag, "test")]]
    show("Held-out reviews",
         f"Both learnt from the same {len(parts['train']):,} reviews. The first column chose lambda; the second "
         "chose nothing.\n\n" + table(["", "for choosing", "for the end"], rows),
         "떼어 둔 리뷰",
         f"둘 다 같은 리뷰 {len(parts['train']):,}개로 배웠습니다. 왼쪽 열로는 정규화 세기를 골랐고, 오른쪽 열로는 아무것도 고르지 않았습니다.\n\n"
         + table(["", "고르는 데 쓴 것", "마지막 확인용"],
                 [["이 모델", korean(right, "valid"), korean(right, "test")],
                  ["단어와 글자 쌍의 로지스틱 회귀", korean(bag, "valid"), korean(bag, "test")]]))
    return {"model": right, "bag": bag, "of": {part: len(parts[part]) for part in ("valid", "test")}}

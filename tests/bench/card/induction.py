"""How far each head of a decoder looks at what came after the same token before: as bundled_models_test.cpp has it.

A group of tokens stands three times in a row: random ones of the whole vocabulary or of the letters a to z, in an order that
no text has; or the given names of texts.py in a random order, which a model of stories has seen, but not in this order.
From the second token of the second time on, the weight on the keys one behind each earlier place of this token, summed;
the mean over positions. And the weight on the token just before.
"""
from string import ascii_lowercase

import torch

from card.corpus import Tokens
from card.sections import load, show, table
from card.texts import CHILDREN


@torch.inference_mode()
def passed(model, ids):
    """Patterns [layer, head, query, key] and the likeliest token behind each."""
    output = model(input_ids=torch.tensor([ids]), output_attentions=True)
    return torch.stack([one[0] for one in output.attentions]), output.logits[0].argmax(-1).tolist()


def on_induction(maps, period):
    last = maps.shape[-1] - 1
    scores = [maps[:, :, position, [key for key in range(position - period + 1, 1, -period)]].sum(-1)
              for position in range(period + 1, last)]
    return torch.stack(scores).mean(0)


def groups_of(kind, tokenizer, special, o):
    """o.groups lists of ids."""
    generator = torch.Generator().manual_seed(1)
    ordinary = [i for i in range(tokenizer.get_vocab_size()) if i not in special]
    for _ in range(o.groups):
        if kind in ("tokens", "letters"):
            some = ordinary if kind == "tokens" else [tokenizer.token_to_id(letter) for letter in ascii_lowercase]
            yield [some[i] for i in torch.randperm(len(some), generator=generator)[:o.period].tolist()]
            continue
        order = torch.randperm(len(CHILDREN), generator=generator)[:o.period // 2].tolist()
        text = "".join(" " + CHILDREN[i][0 if kind == "en" else 1] for i in order)
        yield [i for i in tokenizer.encode(text).ids if i not in special]


def scored(model, tokenizer, kind, o):
    special = set(tokenizer.get_added_tokens_decoder())
    begin = [one for one in tokenizer.encode("a").ids[:1] if one in special]
    scores, previous, right, count = 0, 0, 0, 0
    for group in groups_of(kind, tokenizer, special, o):
        ids = begin + group * 3
        maps, said = passed(model, ids)
        scores = scores + on_induction(maps, len(group)) / o.groups
        previous = previous + maps.diagonal(-1, -2, -1)[:, :, 1:].mean(-1) / o.groups
        places = range(len(begin) + len(group), len(ids) - 1)
        right += sum(said[place] == ids[place + 1] for place in places)
        count += len(places)
    return scores, previous, right / count


def induction(o):
    model, tokens = load(o.model, attn_implementation="eager"), Tokens(o.model)
    what = {"tokens": (f"{o.period} random tokens", f"무작위 토큰 {o.period}개"),
            "letters": (f"{o.period} random letters", f"무작위 글자 {o.period}개"),
            "en": (f"{o.period // 2} English names", f"영어 이름 {o.period // 2}개"),
            "ko": (f"{o.period // 2} Korean names", f"한국어 이름 {o.period // 2}개")}
    rows, korean_rows, figures = [], [], {}
    for kind in o.kinds:
        scores, previous, right = scored(model, tokens.tokenizer, kind, o)
        figures[kind] = {"induction": scores.tolist(), "previous": previous.tolist(), "right": right}
        cells = []
        for one in (scores, previous):
            best = one.flatten().topk(min(3, one.numel()))
            cells.append(", ".join(f"L{place // one.shape[1]} H{place % one.shape[1]} {value:.2f}"
                                   for value, place in zip(best.values.tolist(), best.indices.tolist())))
        rows.append([what[kind][0], *cells, f"{100 * right:.0f} %"])
        korean_rows.append([what[kind][1], *rows[-1][1:]])
    show("Induction", f"{o.groups} groups, each three times in a row. A head's share of weight on what came after the same token "
         "before, and on the token just before: the three heads with the most.\n\n"
         + table(["group", "after the same token", "the token just before", "next token right"], rows),
         "인덕션", f"묶음 {o.groups}개를 세 번씩 되풀이했습니다. 같은 토큰 다음에 왔던 것을 보는 비중과 바로 앞 토큰을 보는 비중이 가장 큰 헤드 셋입니다.\n\n"
         + table(["묶음", "같은 토큰 다음", "바로 앞 토큰", "다음 토큰을 맞힘"], korean_rows))
    return figures

"""Writes tests/golden/objectives.json: what is trained for besides plain cross-entropy, as functions without a model.

Inputs are multiples of 1/64, which float32 holds exactly; losses and gradients are PyTorch's autograd in float64, and
each is computed a second time from the closed form that `formula` gives. Rows are positions, columns tokens; a target of
-100 stands where there is none, and its row has no gradient. A field grad.X is the gradient of `loss` by X.
"""
import json

import numpy as np
import torch
from torch.nn.functional import cross_entropy, logsigmoid

from make_golden import FOLDER, versions

SEED = 20261124
IGNORED = -100
FORMULAS = {
    "masked_cross_entropy": (
        "loss = sum over targets t of -log softmax(logits[t])[target_t] / number of targets; gradient (softmax - one at the "
        "target) / number", "Devlin et al. 2019, section 3.1, for masked tokens"),
    "distillation": (
        "p = softmax(teacher / T), q = softmax(student / T); loss = T^2 * mean over positions with a target of sum p (log p - "
        "log q); gradient by the student's logits T (q - p) / number; by the teacher's none", "Hinton, Vinyals & Dean 2015, "
        "section 2 and 2.1"),
    "preference": (
        "rewards beta (policy - reference) of the chosen and of the rejected text, each the sum of its tokens' log-"
        "probabilities; loss = mean over pairs of -log sigmoid(chosen's - rejected's)", "Rafailov et al. 2023 (DPO), "
        "equation 7"),
    "reward_model": (
        "loss = mean over pairs of -log sigmoid(chosen - rejected), Bradley & Terry", "Ouyang et al. 2022 (InstructGPT), "
        "equation 1"),
    "policy_gradient": (
        "log_ratio_t = log pi(a_t) - log ref(a_t) of the token a_t that was drawn; weight_t = advantage_t - beta log_ratio_t, "
        "held constant; loss = -mean over drawn tokens of weight_t log pi(a_t); gradient by the policy's logits weight_t "
        "(softmax - one at a_t) / number. Its mean over a_t drawn from pi is that of -(E[advantage] - beta KL(pi || ref))",
        "Williams 1992 (REINFORCE); Ouyang et al. 2022, equation 2, for the penalty"),
    "low_rank": (
        "y = x (weight + scale up down)^T with scale = alpha / rank; grad.y is given, weight is fixed", "Hu et al. 2021 "
        "(LoRA), section 4.1"),
}


def exact(random, shape, spread):
    return torch.from_numpy(np.round(random.standard_normal(shape) * spread * 64) / 64)


def leaf(tensor):
    return tensor.clone().requires_grad_(True)


def case(kind, inputs, loss, gradients, closed=(), **more):
    """`closed`: the same gradients by the formula."""
    for by_autograd, by_formula in zip(gradients.values(), closed):
        assert torch.allclose(by_autograd, by_formula, rtol=1e-12, atol=1e-15), kind
    as_list = lambda value: value.detach().tolist() if isinstance(value, torch.Tensor) else value
    return {"kind": kind, **{name: as_list(value) for name, value in inputs.items()}, "loss": loss.item(),
            **{name: as_list(value) for name, value in more.items()},
            **{"grad." + name: as_list(value) for name, value in gradients.items()}}


def ones_at(targets, vocabulary):
    """[position, token]: 1 at the target, rows without one all zero; and which rows have one, as a column."""
    there = (targets != IGNORED).double()[:, None]
    return torch.nn.functional.one_hot(targets.clamp(min=0), vocabulary).double() * there, there


def masked_cross_entropy(logits, targets):
    logits = leaf(logits)
    loss = cross_entropy(logits, targets, ignore_index=IGNORED)
    loss.backward()
    ones, there = ones_at(targets, logits.shape[1])
    closed = (logits.softmax(-1) * there - ones) / there.sum()
    return case("masked_cross_entropy", {"logits": logits, "targets": targets}, loss, {"logits": logits.grad},
                [closed.detach()])


def distillation(student, teacher, targets, temperature):
    student = leaf(student)
    there = (targets != IGNORED).double()[:, None]
    p, log_p = (teacher / temperature).softmax(-1), (teacher / temperature).log_softmax(-1)
    log_q = (student / temperature).log_softmax(-1)
    loss = temperature ** 2 * (there * p * (log_p - log_q)).sum() / there.sum()
    loss.backward()
    closed = there * temperature * (log_q.exp() - p) / there.sum()
    return case("distillation", {"temperature": temperature, "student": student, "teacher": teacher, "targets": targets},
                loss, {"student": student.grad}, [closed.detach()])


def preference(beta, chosen, rejected, reference_chosen, reference_rejected):
    chosen, rejected = leaf(chosen), leaf(rejected)
    rewards = beta * (chosen - reference_chosen), beta * (rejected - reference_rejected)
    loss = -logsigmoid(rewards[0] - rewards[1]).mean()
    loss.backward()
    closed = -beta * torch.sigmoid(rewards[1] - rewards[0]).detach() / len(chosen)
    return case("preference", {"beta": beta, "chosen": chosen, "rejected": rejected, "reference_chosen": reference_chosen,
                               "reference_rejected": reference_rejected}, loss,
                {"chosen": chosen.grad, "rejected": rejected.grad}, [closed, -closed],
                rewards_chosen=rewards[0], rewards_rejected=rewards[1])


def reward_model(chosen, rejected):
    chosen, rejected = leaf(chosen), leaf(rejected)
    loss = -logsigmoid(chosen - rejected).mean()
    loss.backward()
    closed = -torch.sigmoid(rejected - chosen).detach() / len(chosen)
    return case("reward_model", {"chosen": chosen, "rejected": rejected}, loss,
                {"chosen": chosen.grad, "rejected": rejected.grad}, [closed, -closed])


def policy_gradient(beta, logits, reference, tokens, advantages):
    logits = leaf(logits)
    ones, there = ones_at(tokens, logits.shape[1])
    log_pi = (logits.log_softmax(-1) * ones).sum(-1)
    log_ratio = log_pi - (reference.log_softmax(-1) * ones).sum(-1)
    weights = ((advantages - beta * log_ratio) * there[:, 0]).detach()
    loss = -(weights * log_pi).sum() / there.sum()
    loss.backward()
    closed = weights[:, None] * (logits.softmax(-1) - ones) / there.sum()
    return case("policy_gradient", {"beta": beta, "logits": logits, "reference": reference, "tokens": tokens,
                                    "advantages": advantages}, loss, {"logits": logits.grad}, [closed.detach()],
                log_ratio=log_ratio * there[:, 0], weights=weights)


def check_policy_gradient(random):
    """One position, every token an advantage of its own: the mean over what could be drawn is the exact gradient."""
    logits, reference, advantages = leaf(exact(random, (1, 7), 1)), exact(random, (1, 7), 1), exact(random, 7, 1)
    pi, log_ratio = logits.softmax(-1)[0], (logits.log_softmax(-1) - reference.log_softmax(-1))[0]
    (-(pi * advantages).sum() + 0.3 * (pi * log_ratio).sum()).backward()
    drawn = [policy_gradient(0.3, logits.detach(), reference, torch.tensor([token]), advantages[token:token + 1])
             for token in range(7)]
    mean = sum(chance * torch.tensor(one["grad.logits"], dtype=torch.float64) for chance, one in zip(pi.detach(), drawn))
    assert torch.allclose(mean, logits.grad, rtol=1e-12, atol=1e-15)


def low_rank(random):
    weight, down, up, x = (exact(random, shape, 0.5) for shape in ((6, 5), (2, 5), (6, 2), (4, 5)))
    down, up, x, scale = leaf(down), leaf(up), leaf(x), 1.5
    y, upstream = x @ (weight + scale * up @ down).T, exact(random, (4, 6), 1)
    y.backward(upstream)
    of_weight = upstream.T @ x.detach()
    closed = [scale * up.detach().T @ of_weight, scale * of_weight @ down.detach().T]
    return case("low_rank", {"scale": scale, "weight": weight, "down": down, "up": up, "x": x, "grad.y": upstream},
                (y * upstream).sum(), {"down": down.grad, "up": up.grad, "x": x.grad}, closed, y=y)


def main():
    random = np.random.default_rng(SEED)
    torch.manual_seed(SEED)
    check_policy_gradient(np.random.default_rng(1))
    targets = torch.tensor([3, IGNORED, 0, 10, IGNORED, 3])
    logits, teacher = exact(random, (6, 11), 2), exact(random, (6, 11), 2)
    steep = exact(random, (2, 11), 400)  # exp of these is infinite
    sums = [-exact(random, 5, 8).abs() - 20 for _ in range(4)]
    scores = exact(random, 5, 2), exact(random, 5, 2)
    apart = torch.tensor([-2000.0, -30000.0]).double(), torch.tensor([-30000.0, -2000.0]).double()
    level = torch.tensor([-2500.0, -2500.0]).double()
    tokens, advantages = torch.tensor([5, 0, IGNORED, 10, 2, 2]), exact(random, 6, 1)
    cases = [masked_cross_entropy(logits, targets), masked_cross_entropy(steep, torch.tensor([2, 7])),
             *[distillation(logits, teacher, targets, temperature) for temperature in (1.0, 2.0, 4.0)],
             distillation(steep, steep.flip(-1), torch.tensor([2, 7]), 2.0),
             preference(0.1, *sums), preference(0.1, *apart, level, level),
             reward_model(*scores), reward_model(*[side / 20 for side in apart]),
             policy_gradient(0.1, logits, teacher, tokens, advantages), policy_gradient(0.0, logits, teacher, tokens, advantages),
             low_rank(random)]
    head = {"format": "headlight objectives 1", "made_with": versions(), "seed": SEED,
            "formulas": {kind: {"formula": formula, "source": source} for kind, (formula, source) in FORMULAS.items()}}
    lines = json.dumps(head | {"cases": cases}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    lines = lines.replace('{"kind"', '\n{"kind"').replace('"formulas"', '\n"formulas"')
    (FOLDER / "objectives.json").write_text(lines + "\n", encoding="utf-8")
    for one in cases:
        print(f"{one['kind']:22} loss {one['loss']:.6g}")


if __name__ == "__main__":
    main()

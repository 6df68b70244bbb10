"""Writes tests/golden/low_rank.json and .safetensors: low-rank adaptation of training/llama_tied by PyTorch.

Every matrix W whose name ends in `matrices` is W + alpha / rank B A; A and B are given (`start.NAME.lora_A`, `.lora_B`). Stored
are the loss of the batch of golden.json, its derivatives by A and B (`grad.`), and both after ten updates of AdamW
(`after.`) with the settings and batches of that case, in double precision, rounded to float32.
"""
import json
import math

import numpy as np
import safetensors.torch
import torch
from torch.func import functional_call

import family_trace
from make_golden import FOLDER, versions
from make_training import BETAS, DECAY, EPSILON, MOST_NORM, labelled, load_both, rate_of, store, targets_of, IGNORED

SEED = 20261127
RANK, ALPHA, MATRICES = 3, 5.0, ("q_proj.weight", "down_proj.weight")


def loss_of(model, adapters, sequences):
    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    for name in adapters:
        a, b = adapters[name]
        weights[name] = weights[name] + ALPHA / RANK * b @ a
    total = 0
    with family_trace._precision(model.dtype):
        for sequence in sequences:
            logits = functional_call(model, weights, (), {"input_ids": torch.tensor([sequence["ids"]])}).logits[0]
            total = total + torch.nn.functional.cross_entropy(logits, targets_of(sequence), ignore_index=IGNORED,
                                                              reduction="sum")
    return total / labelled(sequences)


def named(prefix, adapters, value=lambda tensor: tensor):
    return {f"{prefix}.{name}.lora_{letter}": value(tensor).detach()
            for name, pair in adapters.items() for letter, tensor in zip("AB", pair)}


def main():
    folder = FOLDER / "training" / "llama_tied"
    golden = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    _, model = load_both(folder)
    random = np.random.default_rng(SEED)
    draw = lambda *shape: torch.from_numpy(random.standard_normal(shape).astype(np.float32) * np.float32(0.2)).double()
    adapters = {name: (draw(RANK, weight.shape[1]).requires_grad_(), draw(weight.shape[0], RANK).requires_grad_())
                for name, weight in model.named_parameters() if name.endswith(MATRICES)}
    values = named("start", adapters, lambda tensor: tensor.clone())
    parameters = [tensor for pair in adapters.values() for tensor in pair]
    loss = loss_of(model, adapters, golden["sequences"])
    loss.backward()
    values |= named("grad", adapters, lambda tensor: tensor.grad.clone())
    norm = math.sqrt(sum((tensor.grad ** 2).sum().item() for tensor in parameters))
    optimizer, losses = torch.optim.AdamW(parameters, betas=BETAS, eps=EPSILON, weight_decay=DECAY, foreach=False), []
    for number, batch in enumerate(golden["optimizer"]["batches"]):
        optimizer.zero_grad()
        step_loss = loss_of(model, adapters, batch)
        step_loss.backward()
        losses.append(step_loss.item())
        optimizer.param_groups[0]["lr"] = rate_of(number + 1)
        torch.nn.utils.clip_grad_norm_(parameters, MOST_NORM, foreach=False)
        optimizer.step()
    values |= named("after", adapters)
    store(FOLDER / "low_rank.safetensors", values)
    text = {"format": "headlight low rank golden values 1", "made_with": versions(), "seed": SEED,
            "model": "training/llama_tied", "rank": RANK, "alpha": ALPHA, "matrices": ["*" + name for name in MATRICES],
            "source": "Hu et al. 2022, section 4.1", "loss": loss.item(), "gradient_norm": norm, "losses": losses}
    (FOLDER / "low_rank.json").write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    print(f"loss {loss.item():.6f}, norm {norm:.4f}, {losses[0]:.4f} -> {losses[-1]:.4f}, {len(adapters)} matrices")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()

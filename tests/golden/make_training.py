"""Writes tests/golden/training/NAME/: losses and gradients by PyTorch's autograd for every parameter of small models.

    python make_training.py               every case of training_cases.py
    python make_training.py llama_tied    these cases

A folder has golden.json and golden.safetensors, and config.json and model.safetensors unless it borrows the weights of
families/: `model` in the JSON says where they are, below tests/golden. All values are computed in double precision from
those weights and rounded to float32; `float32_against_float64` says how far transformers' own float32 run is from them.

golden.json
    sequences   of the one batch, each run alone, without padding: `ids`, for an encoder-decoder also `source` (the
                encoder's; `ids` are then the decoder's input), and `targets`: targets[p] is the token that the logits
                of position p should give, already shifted; -100 where there is none. With `objective` "classes" a
                `label` in place of targets.
    labelled    targets of the whole batch. loss = sum of cross-entropies of all of them / labelled
    loss, gradient_norm    in double; the norm is that of all gradients together, every parameter once
    not_trained            tensors of the file that are no parameters; final_logits_bias, which transformers keeps
                           fixed, has a gradient all the same, but is left out of gradient_norm
    same_parameter         names in the file of one and the same parameter (tied); each has the whole gradient
    zero_in_exact_arithmetic    gradients that are rounding errors and nothing else (biases of keys without rotary
                           positions: softmax does not see them); compare those with the largest gradient of the model
    float32_against_float64    a name: largest difference, and its share of the largest value of that gradient
golden.safetensors
    loss [1], grad.NAME as the tensor NAME of the file, logits.0 and logits.1 of the two sequences

Embedding rows of the padding token have their gradient as every other row (PyTorch's padding_idx would set the part
from the lookup to zero; transformers gives Marian's decoder that very token to start with). Dropout is off.

`optimizer` in golden.json and optimizer.safetensors, where they are: ten updates from the weights of the file, each with
the batch of its number in `batches`. `formulas` are the exact ones; `log` has rate, loss before the update and gradient
norm before clipping; optimizer.safetensors has all parameters afterwards. What is zero_in_exact_arithmetic moves by a part
of the rate per step in float32 all the same, because AdamW divides rounding errors by their own size: leave those out.

The gradients are held against central differences in double precision before anything is written.
"""
import hashlib
import json
import math
import shutil

import numpy as np
import safetensors.torch
import torch

import family_trace
import make_families
from make_golden import FOLDER, versions
from training_cases import IGNORED, STEPS, TRAINING_CASES, batch

SEED = 20261123
PEAK, FLOOR, WARM_UP = 3e-3, 0.1, 4
BETAS, EPSILON, DECAY, MOST_NORM = (0.9, 0.95), 1e-8, 0.1, 1.0
FORMULAS = {
    "rate": "s = 1 ... steps. s <= warm_up: peak * s / warm_up; after that peak * (floor + (1 - floor) * (1 + cos(pi * "
            "(s - warm_up) / (steps - warm_up))) / 2)",
    "clip": "norm = sqrt(sum of squares of all gradients, each parameter once); gradients *= min(1, most_norm / (norm + "
            "1e-6))",
    "update": "AdamW (Loshchilov & Hutter 2019): p *= 1 - rate * decay if p has two axes (embeddings too, norms and "
              "biases not); m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p -= rate * (m / (1 - beta1^s)) "
              "/ (sqrt(v / (1 - beta2^s)) + epsilon)",
}


def run(model, sequence):
    inputs = {"input_ids": torch.tensor([sequence.get("source", sequence["ids"])])}
    if "source" in sequence:
        inputs["decoder_input_ids"] = torch.tensor([sequence["ids"]])
    return model(**inputs).logits[0]


def targets_of(sequence):
    return torch.tensor(sequence["targets"] if "targets" in sequence else [sequence["label"]])


def labelled(sequences):
    return sum(int((targets_of(sequence) != IGNORED).sum()) for sequence in sequences)


def loss_and_logits(model, sequences):
    """Mean cross-entropy of all labelled positions of the batch."""
    with family_trace._precision(model.dtype):
        logits = [run(model, sequence) for sequence in sequences]
        losses = [torch.nn.functional.cross_entropy(each.reshape(-1, each.shape[-1]), targets_of(sequence),
                                                    ignore_index=IGNORED, reduction="sum")
                  for each, sequence in zip(logits, sequences)]
        return sum(losses) / labelled(sequences), logits


def library_loss(model, sequences, objective):
    """What transformers itself makes of labels in its own convention, weighted by the labels of each sequence."""
    total = 0.0
    for sequence in sequences:
        inputs = {"input_ids": torch.tensor([sequence.get("source", sequence["ids"])])}
        if "source" in sequence:
            inputs["decoder_input_ids"] = torch.tensor([sequence["ids"]])
        labels = targets_of(sequence)
        count = int((labels != IGNORED).sum())
        if objective == "next_token":  # shifted by the library
            labels = torch.cat([torch.tensor([IGNORED]), labels[:-1]])
        with family_trace._precision(model.dtype), torch.no_grad():
            total += count * model(**inputs, labels=labels if objective == "classes" else labels[None]).loss.item()
    return total / labelled(sequences)


def prepare(model):
    """Nothing random, no row of an embedding left out; buffers that are weights of the file can have a gradient."""
    for module in model.modules():
        if isinstance(module, torch.nn.Embedding):
            module.padding_idx = None
    if model.config.model_type == "marian":  # sinusoidal
        for part in (model.model.encoder, model.model.decoder):
            part.embed_positions.weight.requires_grad_(False)
    return model.eval()


def gradients(model, sequences):
    """(loss, logits) with autograd's gradients in every tensor's .grad."""
    model.zero_grad(set_to_none=True)
    bias = getattr(model, "final_logits_bias", None)
    if bias is not None:
        bias.requires_grad_(True).grad = None
    loss, logits = loss_and_logits(model, sequences)
    loss.backward()
    return loss.item(), [each.detach() for each in logits]


def trained(model):
    """{name: parameter}, tied ones once."""
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def names_in_file(model, tensors):
    """({name in the file: tensor of the model}, other names): found by their values, which are random."""
    ours = [*trained(model).values()]
    if getattr(model, "final_logits_bias", None) is not None:
        ours.append(model.final_logits_bias)
    found, others = {}, []
    for name, tensor in tensors.items():
        same = [weight for weight in ours if weight.shape == tensor.shape and torch.equal(weight.float(), tensor.float())]
        assert len(same) <= 1, name
        if same and not name.endswith("inv_freq"):
            found[name] = same[0]
        else:
            others.append(name)
    missing = [weight for weight in ours if not any(weight is other for other in found.values())]
    missing = [weight for weight in missing if weight is not getattr(model, "final_logits_bias", None)]
    assert not missing, "a parameter that is not in the file"
    return found, others


def check_by_differences(model, sequences, names, norm, seed):
    """Along a random direction of every tensor: central differences against autograd. The largest relative error."""
    worst, generator = 0.0, torch.Generator().manual_seed(seed)
    for name, weight in names.items():
        step = 1e-5
        direction = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        direction /= direction.norm()
        ends = []
        for sign in (1, -1):
            with torch.no_grad():
                weight.add_(sign * step * direction)
                ends.append(loss_and_logits(model, sequences)[0].item())
                weight.sub_(sign * step * direction)
        by_difference = (ends[0] - ends[1]) / (2 * step)
        by_autograd = (weight.grad * direction).sum().item()
        worst = max(worst, abs(by_difference - by_autograd) / max(weight.grad.norm().item(), 1e-3 * norm))
    assert worst < 1e-6, worst
    return worst


def rounded(value, digits=2):
    return float(f"{value:.{digits - 1}e}")


def difference(inexact, exact):
    absolute = (inexact.double() - exact).abs().max().item()
    largest = exact.abs().max().item()
    return {"absolute": rounded(absolute), "relative": rounded(absolute / largest) if largest > 0 else 0.0}


def total_norm(model):
    return math.sqrt(sum((weight.grad ** 2).sum().item() for weight in trained(model).values()))


def golden_gradients(model, exact, case, tensors, sequences, seed):
    names, others = names_in_file(exact, tensors)
    inexact_names, _ = names_in_file(model, tensors)
    inexact_loss, _ = gradients(model, sequences)
    loss, logits = gradients(exact, sequences)
    norm = total_norm(exact)
    assert abs(library_loss(exact, sequences, case.objective) - loss) < 1e-12 * loss
    worst = check_by_differences(exact, sequences, names, norm, seed)
    values = {"loss": torch.tensor([loss])}
    errors = {"loss": difference(torch.tensor([inexact_loss]), torch.tensor([loss], dtype=torch.float64))}
    largest = max(weight.grad.abs().max().item() for weight in names.values())
    zero, same = [], {}
    for name, weight in names.items():
        values["grad." + name] = weight.grad
        errors[name] = difference(inexact_names[name].grad, weight.grad)
        same.setdefault(id(weight), []).append(name)
        if weight.grad.abs().max().item() < 1e-12 * largest:
            zero.append(name)
    values |= {f"logits.{number}": each for number, each in enumerate(logits)}
    bias = getattr(exact, "final_logits_bias", None)
    others += [name for name, weight in names.items() if weight is bias]
    print(f"{case.name:18} loss {loss:.4f}, norm {norm:8.3f}, differences {worst:.0e}, float32 "
          f"{max(errors[name]['relative'] for name in names if name not in zero):.0e}")
    return values, {"objective": case.objective, "sequences": sequences, "labelled": labelled(sequences), "loss": loss,
                    "gradient_norm": norm, "not_trained": sorted(others),
                    "same_parameter": [each for each in same.values() if len(each) > 1],
                    "zero_in_exact_arithmetic": zero, "float32_against_float64": errors}


def rate_of(step):
    if step <= WARM_UP:
        return PEAK * step / WARM_UP
    return PEAK * (FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP))) / 2)


def train(model, batches):
    """PyTorch's AdamW on one batch after the other: [{rate, loss, gradient_norm before clipping}]."""
    parameters = trained(model).values()
    groups = [{"params": [each for each in parameters if each.dim() == 2], "weight_decay": DECAY},
              {"params": [each for each in parameters if each.dim() != 2], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=PEAK, betas=BETAS, eps=EPSILON, foreach=False)
    log = []
    for number, sequences in enumerate(batches):
        loss, _ = gradients(model, sequences)
        for group in optimizer.param_groups:
            group["lr"] = rate_of(number + 1)
        norm = torch.nn.utils.clip_grad_norm_(parameters, MOST_NORM, foreach=False).item()
        optimizer.step()
        log.append({"rate": rate_of(number + 1), "loss": loss, "gradient_norm": norm})
    return log


def make_optimizer(model, exact, case, tensors, random):
    """({NAME: its values after STEPS updates}, JSON). `loss` of a step is that of its batch before the update."""
    names, _ = names_in_file(exact, tensors)
    inexact_names, _ = names_in_file(model, tensors)
    batches = [batch(case, exact.config, random) for _ in range(STEPS)]
    log, inexact_log = train(exact, batches), train(model, batches)
    values = {name: weight.detach() for name, weight in names.items()}
    # Where a gradient is nothing but rounding, AdamW makes steps of it: only relevant in float32.
    errors = {name: difference(inexact_names[name].detach(), weight) for name, weight in values.items()}
    worst = sorted(errors.items(), key=lambda item: -item[1]["absolute"])[:3]
    print(f"    loss {log[0]['loss']:.4f} -> {log[-1]['loss']:.4f}, norms {min(s['gradient_norm'] for s in log):.2f} to "
          f"{max(s['gradient_norm'] for s in log):.2f}, float32: losses "
          f"{max(abs(a['loss'] - b['loss']) for a, b in zip(log, inexact_log)):.0e}, parameters {worst}")
    return values, {"steps": STEPS, "peak": PEAK, "floor": FLOOR, "warm_up": WARM_UP, "beta1": BETAS[0],
                    "beta2": BETAS[1], "epsilon": EPSILON, "decay": DECAY, "most_norm": MOST_NORM,
                    "formulas": FORMULAS, "batches": batches, "log": log, "float32_log": inexact_log,
                    "float32_against_float64": errors}


def store(path, values):
    safetensors.torch.save_file({name: value.float().contiguous() for name, value in values.items()}, path)
    path.chmod(0o644)


def load_both(folder):
    model = prepare(family_trace.load(folder))
    return model, prepare(family_trace.in_float64(model))


def write(case, number):
    folder, weights = FOLDER / "training" / case.name, FOLDER / case.folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    random = np.random.default_rng([SEED, number])
    if case.model:
        built = case.model.build()
        make_families.fill(built, case.model, random)
        built.tie_weights()
        make_families.save(built, case.model, folder)
        (folder / "model.safetensors").chmod(0o644)
    tensors = safetensors.torch.load_file(weights / "model.safetensors")
    model, exact = load_both(weights)
    values, golden = golden_gradients(model, exact, case, tensors, batch(case, model.config, random), number)
    store(folder / "golden.safetensors", values)
    head = {"format": "headlight training golden values 1", "model": case.folder,
            "sha256": hashlib.sha256((weights / "model.safetensors").read_bytes()).hexdigest(),
            "family": model.config.model_type, "class": type(model).__name__, "covers": case.covers,
            "made_with": versions(), "seed": [SEED, number]}
    if case.optimizer:
        values, golden["optimizer"] = make_optimizer(*load_both(weights), case, tensors, random)
        store(folder / "optimizer.safetensors", values)
    lines = json.dumps(head | golden, separators=(",", ":"))
    for key in ('"objective"', '"sequences"', '"labelled"', '"float32_against_float64"', '{"ids"', '{"source"',
                '"optimizer"', '"formulas"', '"batches"', '"log"', '"float32_log"', '{"rate"'):
        lines = lines.replace(key, "\n" + key)
    (folder / "golden.json").write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    make_families.write_chosen(TRAINING_CASES, write, __doc__)

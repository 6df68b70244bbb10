"""Writes tests/golden/gru/NAME/: losses and gradients of small recurrent language models (torch.nn.GRU).

config.json has model_type "gru", vocab_size, hidden_size and num_layers; model.safetensors and golden.* are as those of
make_training.py, with PyTorch's own names: embedding.weight [vocabulary, width], which also gives the logits, and of every
layer l gru.weight_ih_l{l}, gru.weight_hh_l{l} [3 width, width], gru.bias_ih_l{l}, gru.bias_hh_l{l} [3 width], rows in
the order reset, update, new. The state before the first token is zero. `formula` in golden.json is checked with numpy.

And gru/tiny_gru_next.json: what the bundled tiny-gru finds likeliest behind some texts, in float64.
"""
import copy
import hashlib
import json
import shutil

import numpy as np
import safetensors.torch
import tokenizers
import torch

from make_golden import FOLDER, versions
from make_training import IGNORED, check_by_differences, difference, gradients, labelled, store, total_norm

SEED = 20261125
FORMULA = ("Cho et al. 2014 in PyTorch's form: i = W_ih x + b_ih, h = W_hh s + b_hh, each in three parts; r = sigmoid(i_r + "
           "h_r), z = sigmoid(i_z + h_z), n = tanh(i_n + r h_n), new state (1 - z) n + z s; logits = embedding state")
CASES = {"one_layer": {"vocab_size": 48, "hidden_size": 16, "num_layers": 1},
         "two_layers": {"vocab_size": 45, "hidden_size": 12, "num_layers": 2}}


class Output:
    def __init__(self, logits):
        self.logits = logits


class GruModel(torch.nn.Module):
    def __init__(self, vocab_size, hidden_size, num_layers):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocab_size, hidden_size)
        self.gru = torch.nn.GRU(hidden_size, hidden_size, num_layers, batch_first=True)

    @property
    def dtype(self):
        return self.embedding.weight.dtype

    def forward(self, input_ids):
        return Output(self.gru(self.embedding(input_ids))[0] @ self.embedding.weight.T)


def by_formula(tensors, layers, ids):
    """The same logits with numpy."""
    weights = {name: tensor.double().numpy() for name, tensor in tensors.items()}
    sigmoid = lambda x: 1 / (1 + np.exp(-x))
    stream = weights["embedding.weight"][ids]
    for layer in range(layers):
        state, states = np.zeros(stream.shape[1]), []
        for x in stream:
            i = np.split(weights[f"gru.weight_ih_l{layer}"] @ x + weights[f"gru.bias_ih_l{layer}"], 3)
            h = np.split(weights[f"gru.weight_hh_l{layer}"] @ state + weights[f"gru.bias_hh_l{layer}"], 3)
            reset, update = sigmoid(i[0] + h[0]), sigmoid(i[1] + h[1])
            state = (1 - update) * np.tanh(i[2] + reset * h[2]) + update * state
            states.append(state)
        stream = np.array(states)
    return stream @ weights["embedding.weight"].T


def batch(random, vocabulary):
    sequences = []
    for length in (11, 7):
        ids = random.integers(0, vocabulary, length)
        targets = np.append(ids[1:], IGNORED)
        targets[length // 3] = IGNORED
        sequences.append({"ids": ids.tolist(), "targets": targets.tolist()})
    return sequences


def write(name, config, number):
    folder, random = FOLDER / "gru" / name, np.random.default_rng([SEED, number])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model = GruModel(**config)
    with torch.no_grad():
        for weight in model.parameters():
            spread = 0.3 if weight.dim() == 1 else 0.6 if weight is model.embedding.weight else config["hidden_size"] ** -0.5
            weight.copy_(torch.from_numpy(random.standard_normal(tuple(weight.shape)) * spread))
    exact, sequences = copy.deepcopy(model).double(), batch(random, config["vocab_size"])
    tensors = {key: value.detach() for key, value in model.named_parameters()}
    inexact_loss, _ = gradients(model, sequences)
    loss, logits = gradients(exact, sequences)
    for each, sequence in zip(logits, sequences):
        assert np.allclose(each.numpy(), by_formula(tensors, config["num_layers"], sequence["ids"]), rtol=1e-12, atol=1e-13)
    names, norm = dict(exact.named_parameters()), total_norm(exact)
    worst = check_by_differences(exact, sequences, names, norm, number)
    errors = {"loss": difference(torch.tensor([inexact_loss]), torch.tensor([loss], dtype=torch.float64))}
    errors |= {key: difference(weight.grad, names[key].grad) for key, weight in model.named_parameters()}
    store(folder / "model.safetensors", tensors)
    store(folder / "golden.safetensors", {"loss": torch.tensor([loss])} | {
        "grad." + key: weight.grad for key, weight in names.items()} | {
        f"logits.{place}": each for place, each in enumerate(logits)})
    golden = {"format": "headlight training golden values 1", "model": f"gru/{name}",
              "sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(), "family": "gru",
              "formula": FORMULA, "made_with": versions(), "seed": [SEED, number], "objective": "next_token",
              "sequences": sequences, "labelled": labelled(sequences), "loss": loss, "gradient_norm": norm,
              "float32_against_float64": errors}
    (folder / "config.json").write_text(json.dumps({"model_type": "gru"} | config, indent=2) + "\n", encoding="utf-8")
    (folder / "golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{name:18} loss {loss:.4f}, norm {norm:8.3f}, differences {worst:.0e}, float32 "
          f"{max(error['relative'] for error in errors.values()):.0e}")


TEXTS = ["Once upon a time, there was a little girl named", "옛날에 미아라는 작은 소녀가", "이 영화는 정말"]


def write_next():
    """The ten likeliest tokens behind each text: id, probability, logit."""
    folder = FOLDER.parents[1] / "assets/models/tiny_gru"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = GruModel(*(config[key] for key in ("vocab_size", "hidden_size", "num_layers")))
    model.load_state_dict({key: value.float() for key, value in safetensors.torch.load_file(folder / "model.safetensors").items()})
    model = model.double()
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    texts = []
    for text in TEXTS:
        with torch.no_grad():
            logits = model(torch.tensor([tokenizer.encode(text).ids])).logits[0, -1]
        best = torch.topk(logits, 10)
        shares = torch.softmax(logits, 0)[best.indices]
        texts.append({"text": text, "next": [{"id": i, "probability": share, "logit": logit} for i, share, logit in zip(
            best.indices.tolist(), shares.tolist(), best.values.tolist())]})
    golden = {"sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(), "made_with": versions(),
              "texts": texts}
    (FOLDER / "gru/tiny_gru_next.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for number, (name, config) in enumerate(CASES.items()):
        write(name, config, number)
    write_next()

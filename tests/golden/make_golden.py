"""Writes golden values: what transformers computes for a GGUF model's de-quantised weights, under hook names.

    python make_golden.py tiny                   the tiny models beside this file
    python make_golden.py smollm2 --model FILE   SmolLM2-135M-Instruct.Q4_1.gguf

Each model gives NAME.golden.json (what is where) and NAME.golden.bin (float32 and int32, little-endian).
In the JSON a number called ..._at is a place in the .bin counted in 4-byte words. One entry stands for one
hook of all its layers:

    shape       of one layer's tensor
    indices_at  which of its values are stored (flat, row-major, the same in every layer); null: all of them
    values_at   layers * count float32
    largest_at  a layer: the flat index of the finite value of largest magnitude (int32), then the value
"""
import argparse
import copy
import hashlib
import importlib.metadata
import json
import os
import pathlib
import platform

import numpy as np
import torch
import transformers

import gguf_to_hf
import hf_trace

FOLDER = pathlib.Path(__file__).parent
SEED = 20240607
TINY = ["tiny_llama_q", "tiny_llama_every_untied", "tiny_llama_heads", "tiny_llama_wide", "tiny_llama_partial"]
TINY_TEXTS = {"short": "The cat sat on", "korean": "서울 값"}
TINY_LONG = 60  # tokens
TINY_LONG_SAMPLE = 192
# Hooks whose values of the large model are committed, and how many of a layer's.
SMOLLM2_SAMPLE = {
    "blocks.{l}.attn.hook_pattern": 64, "blocks.{l}.attn.hook_q": 40, "blocks.{l}.attn.hook_k": 40,
    "blocks.{l}.attn.hook_rot_q": 40, "blocks.{l}.attn.hook_rot_k": 40, "blocks.{l}.attn.hook_z": 40,
    "blocks.{l}.hook_resid_pre": 64, "blocks.{l}.hook_resid_mid": 64, "blocks.{l}.hook_resid_post": 64,
    "ln_final.hook_normalized": 512, "logits": 1024,
}


def default_smollm2():
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return os.environ.get("HEADLIGHT_SMOLLM2") or str(
        pathlib.Path(cache) / "headlight/models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf")


class Words:
    """The .bin file: 4-byte words, appended."""

    def __init__(self):
        self.parts, self.size = [], 0

    def append(self, array):
        place, array = self.size, np.ascontiguousarray(array).reshape(-1)
        self.parts.append(array.astype("<i4" if array.dtype.kind in "iu" else "<f4").tobytes())
        self.size += array.size
        return place


def by_hook(values):
    """[("blocks.{l}.hook_q", [layer 0's array, layer 1's ...]), ...] in the order of computation."""
    groups = {}
    for name, array in values.items():
        parts = name.split(".")
        if parts[0] == "blocks":
            parts[1] = "{l}"
        groups.setdefault(".".join(parts), []).append(array)
    return groups.items()


def chosen_indices(random, hook, shape, count):
    """Flat indices, sorted. Of maps nine in ten lie where attention is allowed, and the last row is among them."""
    size = int(np.prod(shape))
    if size <= count:
        return np.arange(size)
    if not hook.endswith(("hook_pattern", "hook_attn_scores")):
        return np.sort(random.choice(size, count, replace=False))
    heads, rows, columns = shape
    allowed = np.flatnonzero(np.tril(np.ones((rows, columns), bool))[None].repeat(heads, 0))
    last = np.flatnonzero((np.arange(rows) == rows - 1)[None, :, None].repeat(heads, 0).repeat(columns, 2))
    picks = [random.choice(part, min(len(part), share), replace=False) for part, share in
             ((np.arange(size), count // 10), (last, count // 3), (allowed, count - count // 10 - count // 3))]
    return np.unique(np.concatenate(picks))


def error_of(ours, exact):
    """Largest difference, as it is and as a share of the largest magnitude; masked scores are left out."""
    finite = np.isfinite(exact)
    difference = float(np.max(np.abs(ours[finite].astype(np.float64) - exact[finite])))
    return difference, difference / float(np.max(np.abs(exact[finite])))


def golden_case(model, exact_model, words, random, name, text, ids, wanted):
    """One prompt. `wanted(hook, shape)`: how many values of it to keep, None for all, 0 for none."""
    values, exact = hf_trace.trace(model, ids), hf_trace.trace(exact_model, ids)
    hooks = []
    errors = {}
    for (hook, layers), (_, exact_layers) in zip(by_hook(values), by_hook(exact)):
        pairs = [error_of(*pair) for pair in zip(layers, exact_layers)]
        errors[hook] = {"absolute": float(f"{max(a for a, _ in pairs):.2e}"),
                        "relative": float(f"{max(r for _, r in pairs):.2e}")}
        shape = layers[0].shape
        count = wanted(hook, shape)
        if count == 0:
            continue
        flat = [layer.reshape(-1) for layer in layers]
        indices = None if count is None else chosen_indices(random, hook, shape, count)
        entry = {"hook": hook, "layers": len(layers), "shape": list(shape),
                 "count": int(np.prod(shape)) if indices is None else len(indices),
                 "indices_at": None if indices is None else words.append(indices.astype(np.int32))}
        entry["values_at"] = words.append(
            np.concatenate(flat if indices is None else [layer[indices] for layer in flat]))
        largest = [int(np.argmax(np.where(np.isfinite(layer), np.abs(layer), -1))) for layer in flat]
        entry["largest_at"] = words.append(np.array(largest, np.int32))
        words.append(np.array([layer[index] for layer, index in zip(flat, largest)], np.float32))
        hooks.append(entry)
    last = values["logits"][-1]
    top = np.argsort(-last, kind="stable")[:20]
    return {"name": name, "text": text, "ids": [int(number) for number in ids],
            "top_ids": top.tolist(), "top_logits": [float(last[number]) for number in top],
            "float32_against_float64": errors, "hooks": hooks}


def versions():
    return {"python": platform.python_version(), "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__, "numpy": np.__version__,
            "gguf": importlib.metadata.version("gguf")}


def architecture_of(config, rotary):
    return {"layers": config.num_hidden_layers, "d_model": config.hidden_size, "heads": config.num_attention_heads,
            "kv_heads": config.num_key_value_heads, "d_head": config.head_dim, "d_mlp": config.intermediate_size,
            "vocabulary": config.vocab_size, "norm_epsilon": config.rms_norm_eps,
            "rotary_base": config.rope_parameters["rope_theta"], "rotary_dimensions": rotary,
            "attention_scale": config.head_dim ** -0.5,
            "tied_output": config.tie_word_embeddings}


def write(name, path, cases_of):
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))
    loaded = gguf_to_hf.load_gguf(path)
    rotary = loaded.metadata.get("llama.rope.dimension_count", loaded.config["head_dim"])
    model = hf_trace.with_partial_rotary(loaded.to_model(), rotary)
    exact_model = hf_trace.in_float64(copy.deepcopy(model))
    words, random = Words(), np.random.default_rng(SEED)
    cases = [golden_case(model, exact_model, words, random, *case) for case in cases_of(loaded.to_tokenizer())]
    golden = {"format": "headlight golden values 1",
              "model": pathlib.Path(path).name, "sha256": hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest(),
              "made_with": versions(), "seed": SEED, "architecture": architecture_of(model.config, rotary),
              "words": words.size, "cases": cases}
    (FOLDER / f"{name}.golden.bin").write_bytes(b"".join(words.parts))
    lines = json.dumps(golden, ensure_ascii=False, separators=(",", ":")).replace('{"hook"', '\n{"hook"')
    (FOLDER / f"{name}.golden.json").write_text(lines.replace('{"name"', '\n{"name"') + "\n", encoding="utf-8")
    for suffix in ("json", "bin"):
        print(name, suffix, (FOLDER / f"{name}.golden.{suffix}").stat().st_size, "bytes")


def tiny_cases(tokenizer):
    for name, text in TINY_TEXTS.items():
        yield name, text, tokenizer.encode(text).ids, lambda hook, shape: None
    ids = np.random.default_rng(SEED).integers(0, tokenizer.get_vocab_size(), TINY_LONG)
    yield "long", None, ids.tolist(), lambda hook, shape: TINY_LONG_SAMPLE


def smollm2_cases(tokenizer):
    for name, text in json.loads((FOLDER / "prompts.json").read_text(encoding="utf-8")).items():
        yield name, text, tokenizer.encode(text).ids, lambda hook, shape: SMOLLM2_SAMPLE.get(hook, 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=["tiny", "smollm2"])
    parser.add_argument("--model", default=default_smollm2(), help="the SmolLM2 file")
    arguments = parser.parse_args()
    if arguments.which == "smollm2":
        write("smollm2", arguments.model, smollm2_cases)
    else:
        for tiny in TINY:
            write(tiny, str(FOLDER / f"{tiny}.gguf"), tiny_cases)

"""Holds `headlight trace` against transformers: every hook, every value, on the prompts of prompts.json.

    python tests/golden/compare_trace.py --model FILE.gguf --headlight ./run
    python tests/golden/compare_trace.py --model FILE.gguf --headlight build/release/headlight --text "Hello"

For each prompt the token ids of `tokenize --json` must be those of Hugging Face's tokenizer, and the file that
`trace --out` writes must hold the hooks that transformers has, no more and no less. Exit code 0 if all agree.
"""
import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import numpy as np
import safetensors.numpy

import gguf_to_hf
import hf_trace

FOLDER = pathlib.Path(__file__).parent

# Largest allowed difference: (absolute, share of the largest magnitude). On SmolLM2 transformers' own float32 is
# 9e-5 (logits), 1e-5 (patterns), 8e-5 (ln_final) and 1e-5 of the largest value (q, k, residuals) away from
# float64; the stated limits leave room for another order of summation and for nothing else.
LIMITS = {
    "logits": (1e-3, 0.0),
    "ln_final.hook_normalized": (1e-3, 0.0),
    "attn.hook_pattern": (1e-4, 0.0),
    "hook_resid_pre": (0.0, 1e-5), "hook_resid_mid": (0.0, 1e-5), "hook_resid_post": (0.0, 1e-5),
    "hook_embed": (0.0, 0.0),  # a look-up: the de-quantised row itself
}
OTHERS = (0.0, 1e-4)
RESIDUALS = ("hook_resid_pre", "hook_resid_mid", "hook_resid_post")


def without_layer(name):
    parts = name.split(".")
    return (".".join(parts[2:]), int(parts[1])) if parts[0] == "blocks" else (name, 0)


def difference(ours, theirs, masked_are_exact):
    """Largest difference; infinite where shapes, infinities or the zeros of masked cells disagree, or for NaN."""
    if ours.shape != theirs.shape or ours.dtype != np.float32 or theirs.size == 0:
        return np.inf
    finite = np.isfinite(theirs)
    if not np.array_equal(ours[~finite], theirs[~finite]) or not np.isfinite(ours[finite]).all():
        return np.inf
    if masked_are_exact and np.triu(ours, 1).any():
        return np.inf
    return float(np.abs(ours[finite].astype(np.float64) - theirs[finite]).max())


def compare(file, expected):
    """One row a hook: name, layers, largest difference, its share of the scale and of the limit."""
    rows, stream = {}, 0.0
    for name, theirs in expected.items():
        hook, layer = without_layer(name)
        error = difference(file[name], theirs, hook == "attn.hook_pattern") if name in file else np.inf
        own = float(np.abs(theirs[np.isfinite(theirs)]).max())
        scale = own
        if hook in RESIDUALS:
            # What a massive activation rounded away stays in the stream after a later layer removed it.
            stream = scale = max(stream, own)
        absolute, relative = LIMITS.get(hook, OTHERS)
        limit = absolute + relative * scale
        share = error / limit if limit > 0 else (0.0 if error == 0 else np.inf)
        row = rows.setdefault(hook, {"layers": 0, "values": 0, "error": 0.0, "relative": 0.0, "own": 0.0, "share": 0.0})
        row["layers"] += 1
        row["values"] += theirs.size
        row["error"] = max(row["error"], error)
        row["relative"] = max(row["relative"], error / scale)
        row["own"] = max(row["own"], error / own)
        row["share"] = max(row["share"], share)
    return rows


def run(headlight, *arguments):
    done = subprocess.run([*headlight, *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"'{' '.join(arguments[:2])} …' failed with exit code {done.returncode}")
    return done.stdout


def load(path):
    if path.endswith(".npz"):
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    if path.endswith(".json"):
        file = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        tokens = np.array(file.pop("tokens"), np.int64)
        return {"tokens": tokens, **{name: np.array(value, np.float32) for name, value in file.items()}}
    return safetensors.numpy.load_file(path)


def one_prompt(headlight, model_path, model, tokenizer, text, path):
    """True if everything agrees; prints what was seen."""
    ids = json.loads(run(headlight, "tokenize", "--model", model_path, "--text", text, "--json"))["ids"]
    expected_ids = tokenizer.encode(text).ids
    if ids != expected_ids:
        print(f"  FAIL ids: {ids}\n  expected: {expected_ids}")
        return False
    run(headlight, "trace", "--model", model_path, "--ids", ",".join(map(str, ids)), "--out", path)
    file = load(path)
    expected = hf_trace.trace(model, ids)
    passed = True
    tokens = file.pop("tokens", np.array([]))
    if tokens.dtype != np.int64 or tokens.tolist() != ids:
        print("  FAIL tokens in the file are not the ids, or not int64")
        passed = False
    for name in sorted(set(file) ^ set(expected)):
        print(f"  FAIL {name} is only in {'the file' if name in file else 'transformers'}")
        passed = False
    rows = compare(file, expected)
    print(f"  {len(ids)} tokens, ids equal, {len(expected)} tensors, {sum(r['values'] for r in rows.values())} values")
    print(f"  {'hook':28} {'layers':>6} {'largest error':>14} {'of largest':>11} {'of tensor':>10} {'of limit':>9}")
    for hook, row in rows.items():
        good = row["share"] <= 1.0
        passed = passed and good
        print(f"  {hook:28} {row['layers']:6} {row['error']:14.3g} {row['relative']:11.2g} {row['own']:10.2g} "
              f"{row['share']:8.1%} {'' if good else ' FAIL'}")
    return passed and bool(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a GGUF file of the llama architecture")
    parser.add_argument("--headlight", default="./run", help="the program, with arguments if it needs any")
    parser.add_argument("--text", action="append", help="instead of the prompts of prompts.json")
    parser.add_argument("--format", choices=["npz", "safetensors", "json"], default="npz")
    arguments = parser.parse_args()
    prompts = json.loads((FOLDER / "prompts.json").read_text(encoding="utf-8"))
    if arguments.text:
        prompts = {f"text {number}": text for number, text in enumerate(arguments.text, 1)}
    loaded = gguf_to_hf.load_gguf(arguments.model)
    rotary = loaded.metadata.get("llama.rope.dimension_count", loaded.config["head_dim"])
    model, tokenizer = hf_trace.with_partial_rotary(loaded.to_model(), rotary), loaded.to_tokenizer()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in prompts.items():
            print(f"{name}: {text[:60]!r}")
            results[name] = one_prompt(shlex.split(arguments.headlight), os.path.abspath(arguments.model), model,
                                       tokenizer, text, os.path.join(folder, f"trace.{arguments.format}"))
    for name, passed in results.items():
        print(f"{name}: {'agrees' if passed else 'DIFFERS'}")
    return 0 if results and all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Loads folders that `headlight train` wrote with transformers, and compares its logits with the program's.

    check_written_model.py FOLDER... [--headlight BUILD/headlight] [--text T]

Run by hand. Fails when transformers finds a tensor missing, unexpected or of another shape, or, with
--headlight, when the outputs of `headlight trace` differ by more than 1e-4 of the largest.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from safetensors import safe_open


def load(folder):
    config = json.loads((folder / "config.json").read_text())
    model_class = getattr(transformers, config["architectures"][0])
    model, report = model_class.from_pretrained(folder, output_loading_info=True)
    return config, model.eval().float(), {key: value for key, value in report.items() if value}


def outputs(config, model, ids):
    """The logits of a text; an encoder-decoder reads it and is asked for the first token of the translation."""
    with torch.no_grad():
        if config.get("is_encoder_decoder"):
            return model(input_ids=ids, decoder_input_ids=torch.tensor([[config["decoder_start_token_id"]]])).logits
        return model(input_ids=ids).logits


def compare(folder, arguments, config, logits):
    """The same values by `headlight trace` of the same text."""
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "trace.safetensors"
        words = ["--source-text", arguments.text, "--ids", str(config.get("decoder_start_token_id"))]
        if not config.get("is_encoder_decoder"):
            words = ["--text", arguments.text]
        subprocess.run([arguments.headlight, "trace", "--model", folder, "--out", out, *words], check=True)
        with safe_open(out, "pt") as file:
            ours = file.get_tensor(next(name for name in file.keys() if name.endswith("logits")))
    if ours.numel() != logits.numel():
        return {"tokens": f"{list(ours.shape)} outputs instead of {list(logits.shape)}"}
    difference = ((ours.reshape(-1) - logits.reshape(-1)).abs().max() / logits.abs().max()).item()
    print(f"  largest difference of an output: {difference:.1e} of the largest")
    return {"outputs": difference} if not difference <= 1e-4 else {}


def check(folder, arguments):
    config, model, problems = load(folder)
    print(f"{folder}: {type(model).__name__}, {sum(p.numel() for p in model.parameters())} parameters")
    with safe_open(folder / "model.safetensors", "pt") as file:
        written = {name: list(file.get_slice(name).get_shape()) for name in file.keys()}
    state = {name: list(value.shape) for name, value in model.state_dict().items()}
    for name, shape in written.items():
        if state.get(name) != shape:
            problems.setdefault("shapes", []).append((name, shape, state.get(name)))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(arguments.text, return_tensors="pt").input_ids
    logits = outputs(config, model, ids)
    print(f"  {ids.shape[1]} tokens, outputs {list(logits.shape)}, largest {logits.abs().max():.4f}")
    if not torch.isfinite(logits).all():
        problems["outputs"] = "not finite"
    elif arguments.headlight:
        problems |= compare(folder, arguments, config, logits)
    for kind, found in problems.items():
        print(f"  {kind}: {found}")
    return problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--headlight", type=Path)
    parser.add_argument("--text", default="the cat sees the moon 눈")
    arguments = parser.parse_args()
    sys.exit(1 if [folder for folder in arguments.folders if check(folder, arguments)] else 0)


if __name__ == "__main__":
    main()

"""Writes traces/: the same pass of families/gpt2_tied as others write it, for `headlight view`.

    python tests/golden/make_trace_files.py transformers        traces/gpt2_transformers.npz
    python tests/golden/make_trace_files.py transformer_lens    traces/gpt2_transformer_lens.npz

The first needs torch and transformers, the second transformer_lens (4) beside them: its TransformerBridge with the same
weights, not processed (no folded norms, nothing centred), and run_with_cache as it is, with its batch axis and all that
Headlight does not know. The logits, which are not in the cache, and the tokens stand beside it.
"""
import pathlib
import sys

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
IDS = [7, 3, 3, 19, 0, 11, 7, 30]


def by_transformers(folder):
    sys.path.insert(0, str(HERE))
    import family_trace
    values = family_trace.trace(family_trace.load(folder), IDS)
    return {name: np.asarray(value, np.float32)[None] for name, value in values.items() if name != "tokens"}


def by_transformer_lens(folder):
    import transformer_lens
    import transformers
    theirs = transformers.GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").float().eval()
    model = transformer_lens.TransformerBridge.boot_transformers(str(folder), hf_model=theirs, device="cpu")
    with torch.no_grad():
        logits, cache = model.run_with_cache(torch.tensor([IDS]))
    return {name: value.numpy() for name, value in cache.items()} | {"logits": logits.numpy()}


if __name__ == "__main__":
    kind = sys.argv[1]
    make = {"transformers": by_transformers, "transformer_lens": by_transformer_lens}[kind]
    arrays = make(HERE / "families" / "gpt2_tied")
    out = HERE / "traces" / f"gpt2_{kind}.npz"
    out.parent.mkdir(exist_ok=True)
    np.savez_compressed(out, tokens=np.array([IDS], np.int64), **arrays)
    print(out, len(arrays), "arrays")

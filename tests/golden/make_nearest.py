"""Writes nearest.json: the tokens of SmolLM2 whose embedding rows are nearest to a vector, in float64.

    python make_nearest.py MODEL.gguf      the file, as `headlight models get smollm2-135m` leaves it

The rows are de-quantised by the `gguf` package; every product, length and cosine is computed by numpy in float64.
"""
import hashlib
import json
import pathlib
import platform
import sys

import gguf
import numpy as np

COUNT = 20
# start, without, with: spellings in the vocabulary ("Ġ" is a space)
CASES = [["ĠParis"], ["Ġking"], ["ing"], ["Ġking", "Ġman", "Ġwoman"], ["ĠParis", "ĠFrance", "ĠItaly"]]


def main():
    path = pathlib.Path(sys.argv[1])
    reader = gguf.GGUFReader(path)
    tensor = next(t for t in reader.tensors if t.name == "token_embd.weight")
    table = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float64)
    field = reader.get_field("tokenizer.ggml.tokens")
    tokens = [bytes(field.parts[i]).decode() for i in field.data]
    lengths = np.linalg.norm(table, axis=1)
    cases = []
    for words in CASES:
        ids = [tokens.index(word) for word in words]
        vector = table[ids[0]] if len(ids) == 1 else table[ids[0]] - table[ids[1]] + table[ids[2]]
        vector = vector.astype(np.float32).astype(np.float64)   # what the program is asked about
        dots = table @ vector
        with np.errstate(divide="ignore", invalid="ignore"):
            cosines = dots / (lengths * np.linalg.norm(vector))
        left_out = ids if len(ids) > 1 else []
        entry = {"ids": ids, "left_out": left_out}
        for name, values in (("cosine", cosines), ("dot", dots)):
            order = [int(i) for i in np.lexsort((np.arange(len(values)), -np.nan_to_num(values, nan=-np.inf)))
                     if int(i) not in left_out][:COUNT]
            entry[name] = [[i, float(values[i])] for i in order]
        cases.append(entry)
    made_with = {"python": platform.python_version(), "numpy": np.__version__,
                 "model_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    out = pathlib.Path(__file__).with_name("nearest.json")
    out.write_text(json.dumps({"made_with": made_with, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()

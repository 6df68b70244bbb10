# Writes number_formats.json: rows of every number format and the float32 values that they decode to, as hexadecimal
# bytes, by the `gguf` package (an implementation independent of ours).
#
#   python make_number_formats.py          (made with numpy 2.4.6, gguf 0.19.0)
import json
import pathlib

import gguf
import numpy as np

SEED = 20261121
COLUMNS = 64
FORMATS = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
# Half-precision patterns that a scale can have: zeros, both subnormal ends, the smallest normal, one, the largest.
HALVES = np.array([0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x83FF, 0x0400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF], np.uint16)
HALF_COUNT = {"Q4_0": 1, "Q4_1": 2, "Q5_0": 1, "Q5_1": 2, "Q8_0": 1}


def rows_of(name, random):
    """uint8 rows [row, byte]: quantised random weights, then random bytes with special scales."""
    kind = gguf.GGMLQuantizationType[name]
    weights = (random.standard_normal((2, COLUMNS)) * 0.1).astype(np.float32)
    quantised = np.ascontiguousarray(gguf.quants.quantize(weights, kind)).view(np.uint8).reshape(2, -1)
    if name == "F32":
        return quantised
    if name == "F16":  # all kinds of patterns, infinities among them, no NaN (its payload has no meaning)
        special = np.concatenate([HALVES, np.array([0x7C00, 0xFC00], np.uint16)])
        filler = random.integers(0, 0x7C00, COLUMNS - len(special), dtype=np.uint16)
        return np.concatenate([quantised, np.concatenate([special, filler]).view(np.uint8)[None]])
    if name == "BF16":
        special = np.array([0x0000, 0x8000, 0x0001, 0x807F, 0x0080, 0x3F80, 0x7F7F, 0x7F80, 0xFF80], np.uint16)
        filler = random.integers(0, 0x7F80, COLUMNS - len(special), dtype=np.uint16)
        return np.concatenate([quantised, np.concatenate([special, filler]).view(np.uint8)[None]])
    block_bytes = gguf.GGML_QUANT_SIZES[kind][1]
    blocks = random.integers(0, 256, (12, block_bytes), dtype=np.uint8)
    for index, block in enumerate(blocks):
        scales = [HALVES[(index + 5 * place) % len(HALVES)] for place in range(HALF_COUNT[name])]
        block[: 2 * len(scales)] = np.array(scales, np.uint16).view(np.uint8)
    return np.concatenate([quantised, blocks.reshape(-1, quantised.shape[1])])


def main():
    random = np.random.Generator(np.random.PCG64(SEED))
    cases = []
    for name in FORMATS:
        rows = rows_of(name, random)
        values = gguf.quants.dequantize(rows, gguf.GGMLQuantizationType[name]).astype(np.float32)
        assert values.shape == (rows.shape[0], COLUMNS)
        for row, decoded in zip(rows, values):
            cases.append({"format": name, "row": row.tobytes().hex(), "values": decoded.tobytes().hex()})
    golden = {"seed": SEED, "numpy": np.__version__, "gguf": "0.19.0", "columns": COLUMNS, "cases": cases}
    path = pathlib.Path(__file__).parent / "number_formats.json"
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()

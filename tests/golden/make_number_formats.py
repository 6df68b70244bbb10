# Writes number_formats.json: rows of every number format and the float32 values that they decode to, as hexadecimal
# bytes, by the `gguf` package, numpy and PyTorch (implementations independent of ours).
#
#   python make_number_formats.py          (made with numpy 2.4.6, gguf 0.19.0, torch 2.15.0)
import json
import pathlib

import gguf
import numpy as np
import torch

SEED = 20261121
COLUMNS = 64
FORMATS = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
# Half-precision patterns that a scale can have: zeros, both subnormal ends, the smallest normal, one, the largest.
HALVES = np.array([0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x83FF, 0x0400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF], np.uint16)
SUPER_BLOCK_COLUMNS = 256
# Where a block has its half-precision scale and minimum.
HALF_PLACES = {"Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0]}
INTEGERS = {"I8": np.int8, "I16": np.int16, "I32": np.int32, "I64": np.int64,
            "U8": np.uint8, "U16": np.uint16, "U32": np.uint32, "U64": np.uint64}
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


def random_blocks(name, random):
    """uint8 rows [row, byte] of one super-block (or eight small blocks): random bytes, special and ordinary scales."""
    values, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    blocks = random.integers(0, 256, (3, SUPER_BLOCK_COLUMNS // values, size), dtype=np.uint8)
    for row in range(blocks.shape[0]):
        for block in range(blocks.shape[1]):
            for index, place in enumerate(HALF_PLACES[name]):
                scale = HALVES[(3 * row + block + 5 * index + 2) % len(HALVES)]
                if row > 0:
                    scale = np.float16(random.standard_normal() * 0.01).view(np.uint16)
                blocks[row, block, place : place + 2] = np.array([scale], np.uint16).view(np.uint8)
    return blocks.reshape(blocks.shape[0], -1)


def plain_numbers(name, random):
    """(bytes of a row, float32 values) of the formats that are no ggml blocks."""
    if name == "F64":
        # Halfway between two float32 values and beside it; too large, too small and subnormal for float32.
        special = [0.0, -0.0, 1 + 2.0**-24, 1 + 3 * 2.0**-24, 1 + 2.0**-24 + 2.0**-50, 1e300, -1e300, 1e-300, 2.0**-149,
                   2.0**-150, 3 * 2.0**-150, 3.4028235677973366e38, np.inf, -np.inf]
        row = np.concatenate([np.array(special), random.standard_normal(COLUMNS - len(special))])
        with np.errstate(over="ignore"):
            return row, row.astype(np.float32)
    if name == "BOOL":
        row = random.integers(0, 2, COLUMNS, dtype=np.uint8)
        return row, row.astype(np.float32)
    if name.startswith("F8"):
        kind = {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}[name]
        row = np.arange(256, dtype=np.uint8)
        values = torch.from_numpy(row).view(kind).to(torch.float32).numpy()
        return row[~np.isnan(values)], values[~np.isnan(values)]
    limits = np.iinfo(INTEGERS[name])
    row = random.integers(limits.min, limits.max, COLUMNS, dtype=INTEGERS[name], endpoint=True)
    row[:3] = [limits.min, limits.max, 1]
    return row, row.astype(np.float32)


def main():
    random = np.random.Generator(np.random.PCG64(SEED))
    cases = []
    for name in FORMATS:
        rows = rows_of(name, random)
        values = gguf.quants.dequantize(rows, gguf.GGMLQuantizationType[name]).astype(np.float32)
        assert values.shape == (rows.shape[0], COLUMNS)
        for row, decoded in zip(rows, values):
            cases.append({"format": name, "row": row.tobytes().hex(), "values": decoded.tobytes().hex()})
    for name in HALF_PLACES:
        rows = random_blocks(name, random)
        values = gguf.quants.dequantize(rows, gguf.GGMLQuantizationType[name]).astype(np.float32)
        assert values.shape == (rows.shape[0], SUPER_BLOCK_COLUMNS)
        for row, decoded in zip(rows, values):
            cases.append({"format": name, "row": row.tobytes().hex(), "values": decoded.tobytes().hex()})
    for name in ["F64", *INTEGERS, "BOOL", "F8_E4M3", "F8_E5M2"]:
        row, values = plain_numbers(name, random)
        cases.append({"format": name, "row": row.tobytes().hex(), "values": values.tobytes().hex()})
    versions = {"numpy": np.__version__, "gguf": "0.19.0", "torch": torch.__version__.split("+")[0]}
    golden = {"seed": SEED, **versions, "cases": cases}
    path = pathlib.Path(__file__).parent / "number_formats.json"
    path.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()

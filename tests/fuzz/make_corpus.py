#!/usr/bin/env python3
"""Writes corpus/TARGET/: small sound inputs from which the fuzz targets start. Needs nothing but Python."""

import json
import struct
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def safetensors(header, data):
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(kind, shape, begin, end):
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


def main():
    write("safetensors_fuzz", "nothing", safetensors({}, b""))
    write("safetensors_fuzz", "three", safetensors(
        {"__metadata__": {"format": "pt"}, "wte.weight": tensor("F32", [2, 3], 0, 24), "ln.bias": tensor("BF16", [2], 24, 28),
         "mask": tensor("BOOL", [2, 2], 28, 32)}, struct.pack("<6f", *range(6)) + b"\x80\x3f\x00\x40" + b"\x01\x00\x01\x01"))
    write("safetensors_fuzz", "odd_shapes", safetensors(
        {"one": tensor("F64", [], 0, 8), "none": tensor("I64", [0, 5], 8, 8), "eight": tensor("F8_E4M3", [2], 8, 10)},
        struct.pack("<d", 0.1) + b"\x38\x7f"))
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n"
    write("npy_fuzz", "two", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack("<2f", 1, 2))
    write("description_fuzz", "gguf", json.dumps(
        {"general.architecture": "llama", "llama.block_count": 2, "llama.embedding_length": 16,
         "llama.attention.head_count": 4, "llama.feed_forward_length": 32, "llama.context_length": 64,
         "llama.attention.layer_norm_rms_epsilon": 1e-05, "llama.rope.scaling.type": "yarn",
         "llama.rope.scaling.factor": 2.0}).encode())
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 16, "rms_norm_eps": 1e-05,
              "rope_scaling": {"type": "linear", "factor": 2.0}, "tie_word_embeddings": True, "eos_token_id": [1, 2],
              "name": "\u00e9\ud55c", "none": None, "bias": -1}
    index = {"metadata": {"total_size": 20}, "weight_map": {"a.weight": "model-00001-of-00002.safetensors",
                                                            "b": "model-00002-of-00002.safetensors"}}
    write("hugging_face_fuzz", "config", b"\0" + json.dumps(config, indent=1).encode())
    write("hugging_face_fuzz", "index", b"\1" + json.dumps(index).encode())


if __name__ == "__main__":
    main()

# Writes a random llama model with about a billion parameters as a GGUF file, to time what large models cost. Its
# shape is that of Llama 3.2 1B; its words mean nothing.
#
#   python make_large_gguf.py /tmp/random-1b.gguf [--format q4_0|bf16]
#
# Needs numpy and gguf, like tests/golden/make_tiny_gguf.py, whose byte spelling it uses. Blocks are filled with
# random quants directly: quantising a billion numbers would take minutes and give the same bytes a weight.
import argparse
import pathlib
import sys

import gguf
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))
from make_tiny_gguf import SPECIAL_TOKENS, byte_spelling  # noqa: E402

LAYERS, WIDTH, HEADS, KV_HEADS, HEAD_WIDTH, MLP_WIDTH = 16, 2048, 32, 8, 64, 8192
VOCABULARY, CONTEXT = 128_256, 8_192
SPREAD = 0.02  # of the weights


def packed(random, rows, columns, quantised):
    """Rows of Q4_0 blocks (2 bytes scale, 32 nibbles) or of bf16 numbers, [rows, bytes], normally spread or nearly so."""
    if not quantised:
        numbers = (random.standard_normal((rows, columns), dtype=np.float32) * SPREAD).view(np.uint32)
        return (numbers >> 16).astype(np.uint16).view(np.uint8).reshape(rows, columns * 2)
    blocks = np.empty((rows, columns // 32, 18), np.uint8)
    # Nibbles 0 to 15 stand for -8 to 7, all alike often: their spread is 4.6.
    blocks[:, :, :2] = np.array([SPREAD / 4.6], np.float16).view(np.uint8)
    blocks[:, :, 2:] = random.integers(0, 256, (rows, columns // 32, 16), np.uint8)
    return blocks.reshape(rows, -1)


def vocabulary():
    """Control tokens, 256 bytes, and syllables that stand for nothing; the merges that make the syllables."""
    letters = sorted(byte_spelling().values())
    tokens, merges = SPECIAL_TOKENS + letters, []
    known = set(tokens)
    grown = letters
    while len(tokens) < VOCABULARY:
        next_grown = []
        for left in grown:
            for right in letters[:64]:
                if len(tokens) >= VOCABULARY or left + right in known:
                    continue
                known.add(left + right)
                tokens.append(left + right)
                merges.append(f"{left} {right}")
                next_grown.append(left + right)
        grown = next_grown
    return tokens, merges


def write(path, quantised):
    random = np.random.Generator(np.random.PCG64(20261121))
    tokens, merges = vocabulary()
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("Random, a billion parameters")
    writer.add_block_count(LAYERS)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(MLP_WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(500_000.0)
    writer.add_rope_dimension_count(HEAD_WIDTH)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_merges(merges)
    writer.add_token_types([gguf.TokenType.CONTROL] * len(SPECIAL_TOKENS)
                           + [gguf.TokenType.NORMAL] * (len(tokens) - len(SPECIAL_TOKENS)))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)

    types = gguf.GGMLQuantizationType
    stored = types.Q4_0 if quantised else types.BF16

    def matrix(name, rows, columns):
        writer.add_tensor(name, packed(random, rows, columns, quantised), raw_dtype=stored)

    def norm(name):
        writer.add_tensor(name, np.ones(WIDTH, np.float32))

    matrix("token_embd.weight", VOCABULARY, WIDTH)
    for layer in range(LAYERS):
        norm(f"blk.{layer}.attn_norm.weight")
        matrix(f"blk.{layer}.attn_q.weight", HEADS * HEAD_WIDTH, WIDTH)
        matrix(f"blk.{layer}.attn_k.weight", KV_HEADS * HEAD_WIDTH, WIDTH)
        matrix(f"blk.{layer}.attn_v.weight", KV_HEADS * HEAD_WIDTH, WIDTH)
        matrix(f"blk.{layer}.attn_output.weight", WIDTH, HEADS * HEAD_WIDTH)
        norm(f"blk.{layer}.ffn_norm.weight")
        matrix(f"blk.{layer}.ffn_gate.weight", MLP_WIDTH, WIDTH)
        matrix(f"blk.{layer}.ffn_up.weight", MLP_WIDTH, WIDTH)
        matrix(f"blk.{layer}.ffn_down.weight", WIDTH, MLP_WIDTH)
    norm("output_norm.weight")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Writes a random llama model with about a billion parameters.")
    parser.add_argument("path", type=pathlib.Path)
    parser.add_argument("--format", choices=("q4_0", "bf16"), default="q4_0")
    options = parser.parse_args()
    write(options.path, options.format == "q4_0")
    print(f"{options.path}: {options.path.stat().st_size / 1e9:.2f} GB")

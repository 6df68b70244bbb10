# Writes a random llama model as a GGUF file, to time what large models cost. Without options it has about a billion
# parameters in the shape of Llama 3.2 1B; its words mean nothing. Small ones with many heads, or with room for long
# texts, are for what the window does with them:
#
#   python make_large_gguf.py random-1b.gguf [--format q4_0|bf16]
#   python make_large_gguf.py many-heads.gguf --format bf16 --layers 48 --heads 32 --head-width 8 --mlp 256 --vocabulary 2000
#   python make_large_gguf.py long.gguf --format bf16 --layers 2 --heads 2 --head-width 64 --mlp 256 --vocabulary 600 --context 32768
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


def vocabulary(size):
    """Control tokens, 256 bytes, and syllables that stand for nothing; the merges that make the syllables."""
    letters = sorted(byte_spelling().values())
    tokens, merges = SPECIAL_TOKENS + letters, []
    known = set(tokens)
    grown = letters
    while len(tokens) < size:
        next_grown = []
        for left in grown:
            for right in letters[:64]:
                if len(tokens) >= size or left + right in known:
                    continue
                known.add(left + right)
                tokens.append(left + right)
                merges.append(f"{left} {right}")
                next_grown.append(left + right)
        grown = next_grown
    return tokens, merges


def write(path, shape):
    random = np.random.Generator(np.random.PCG64(20261121))
    quantised = shape.format == "q4_0"
    width, heads, kv_heads = shape.heads * shape.head_width, shape.heads, max(1, shape.heads // 4)
    tokens, merges = vocabulary(shape.vocabulary)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("Random")
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(shape.mlp)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(500_000.0)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_vocab_size(shape.vocabulary)
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
        writer.add_tensor(name, np.ones(width, np.float32))

    matrix("token_embd.weight", shape.vocabulary, width)
    for layer in range(shape.layers):
        norm(f"blk.{layer}.attn_norm.weight")
        matrix(f"blk.{layer}.attn_q.weight", width, width)
        matrix(f"blk.{layer}.attn_k.weight", kv_heads * shape.head_width, width)
        matrix(f"blk.{layer}.attn_v.weight", kv_heads * shape.head_width, width)
        matrix(f"blk.{layer}.attn_output.weight", width, width)
        norm(f"blk.{layer}.ffn_norm.weight")
        matrix(f"blk.{layer}.ffn_gate.weight", shape.mlp, width)
        matrix(f"blk.{layer}.ffn_up.weight", shape.mlp, width)
        matrix(f"blk.{layer}.ffn_down.weight", width, shape.mlp)
    norm("output_norm.weight")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Writes a random llama model.")
    parser.add_argument("path", type=pathlib.Path)
    parser.add_argument("--format", choices=("q4_0", "bf16"), default="q4_0")
    for name, default in (("layers", 16), ("heads", 32), ("head-width", 64), ("mlp", 8192), ("vocabulary", 128_256),
                          ("context", 8_192)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    write(options.path, options)
    print(f"{options.path}: {options.path.stat().st_size / 1e9:.2f} GB")

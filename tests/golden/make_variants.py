"""Writes three small Llama models in float32 that differ from tiny_llama_q.gguf in every field that it fixes.

    tiny_llama_heads.gguf   as many key/value heads as heads, an odd MLP, rotary base 1e6, tied output
    tiny_llama_wide.gguf    eight heads on one key/value head, heads wider than d_model / heads, a large
                            norm epsilon, its own output matrix
    tiny_llama_partial.gguf heads of which only the first half turns

The weights are random, and large enough that attention maps are far from uniform: with the usual initial
scale a wrong rotary base or head mapping would hardly show.
"""
import pathlib

import gguf
import numpy as np

FOLDER = pathlib.Path(__file__).parent

VARIANTS = {
    "tiny_llama_heads": dict(seed=11, layers=2, d_model=24, heads=6, kv_heads=6, d_head=4, d_mlp=37, epsilon=1e-6,
                             rotary_base=1e6, tied=True),
    "tiny_llama_wide": dict(seed=12, layers=2, d_model=24, heads=8, kv_heads=1, d_head=6, d_mlp=29, epsilon=1e-3,
                            rotary_base=500.0, tied=False),
    "tiny_llama_partial": dict(seed=13, layers=2, d_model=24, heads=3, kv_heads=3, d_head=8, d_mlp=32, epsilon=1e-5,
                               rotary_base=10000.0, tied=True, rotary=4),
}
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CONTEXT = 128


def byte_pieces():
    """GPT-2's printable stand-in for every byte, in its own order."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + number) for number in range(len(others))]


def interleaved(weight, heads, rotary):
    """Rows of q or k from Hugging Face's order (halves) to GGUF's (pairs), of those dimensions that turn."""
    rows, columns = weight.shape
    heads_rows = weight.reshape(heads, rows // heads, columns).copy()
    turning = heads_rows[:, :rotary]
    heads_rows[:, :rotary] = turning.reshape(heads, 2, rotary // 2, columns).swapaxes(1, 2).reshape(turning.shape)
    return heads_rows.reshape(rows, columns)


def write(name, seed, layers, d_model, heads, kv_heads, d_head, d_mlp, epsilon, rotary_base, tied, rotary=None):
    rotary = rotary or d_head
    random = np.random.default_rng(seed)
    pieces, merges = SPECIAL + byte_pieces() + ["Ġt", "he"], ["Ġ t", "h e"]

    def matrix(rows, columns, scale=1.6):
        return (random.standard_normal((rows, columns)) * scale / np.sqrt(columns)).astype(np.float32)

    def gain():
        return (1.0 + 0.3 * random.standard_normal(d_model)).astype(np.float32)

    writer = gguf.GGUFWriter(FOLDER / f"{name}.gguf", "llama")
    writer.add_name(name)
    writer.add_vocab_size(len(pieces))
    writer.add_context_length(CONTEXT)
    writer.add_block_count(layers)
    writer.add_embedding_length(d_model)
    writer.add_feed_forward_length(d_mlp)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    if d_head * heads != d_model:
        writer.add_key_length(d_head)
        writer.add_value_length(d_head)
    writer.add_rope_dimension_count(rotary)
    writer.add_rope_freq_base(rotary_base)
    writer.add_layer_norm_rms_eps(epsilon)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(pieces)
    writer.add_token_types([3] * len(SPECIAL) + [1] * (len(pieces) - len(SPECIAL)))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(False)
    # Small embeddings: their mean square is near the large epsilon, so that it changes the first norm.
    writer.add_tensor("token_embd.weight", matrix(len(pieces), d_model, 0.1 * np.sqrt(d_model)))
    for layer in range(layers):
        block = f"blk.{layer}."
        writer.add_tensor(block + "attn_norm.weight", gain())
        writer.add_tensor(block + "attn_q.weight", interleaved(matrix(heads * d_head, d_model), heads, rotary))
        writer.add_tensor(block + "attn_k.weight", interleaved(matrix(kv_heads * d_head, d_model), kv_heads, rotary))
        writer.add_tensor(block + "attn_v.weight", matrix(kv_heads * d_head, d_model))
        writer.add_tensor(block + "attn_output.weight", matrix(d_model, heads * d_head, 0.5))
        writer.add_tensor(block + "ffn_norm.weight", gain())
        writer.add_tensor(block + "ffn_gate.weight", matrix(d_mlp, d_model))
        writer.add_tensor(block + "ffn_up.weight", matrix(d_mlp, d_model))
        writer.add_tensor(block + "ffn_down.weight", matrix(d_model, d_mlp, 0.5))
    writer.add_tensor("output_norm.weight", gain())
    if not tied:
        writer.add_tensor("output.weight", matrix(len(pieces), d_model))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    for variant, settings in VARIANTS.items():
        write(variant, **settings)
        print(FOLDER / f"{variant}.gguf", (FOLDER / f"{variant}.gguf").stat().st_size, "bytes")

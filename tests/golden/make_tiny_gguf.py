# Writes small random llama models as GGUF files, the same bytes every time: the tests' stand-in for a real model.
#
#   python make_tiny_gguf.py                                    writes every committed file beside this script
#   python make_tiny_gguf.py out.gguf --formats f16 --untied    one file with other choices
#
# Needs numpy and gguf (made with numpy 2.4.6, gguf 0.19.0). 3 layers, width 64, 4 heads of 16, 2 key/value heads,
# MLP 96, context 256; a byte-level BPE vocabulary learned from the sentences below.
import argparse
import collections
import pathlib
import re

import gguf
import numpy as np

from gguf_to_hf import load_gguf, permute_rows

SEED = 20261121
LAYERS, WIDTH, HEADS, KV_HEADS, HEAD_WIDTH, MLP_WIDTH, CONTEXT = 3, 64, 4, 2, 16, 96, 256
MERGES = 96
SPECIAL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 = (
    gguf.GGMLQuantizationType[name] for name in ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")
)

# What the vocabulary is learned from.
SENTENCES = """
The capital of France is Paris. The capital of Korea is Seoul. The answer is in the text, and the text is here.
When Mary and John went to the store, John gave a drink to Mary. The cat sat on the mat and the dog sat on the cat.
A token is a piece of text; the model reads tokens and gives the next token. Attention looks at the tokens before it.
안녕하세요. 이 모델은 다음 토큰을 말합니다. 서울은 한국의 수도입니다. 나는 학교에 갑니다. 이 문장은 짧습니다.
안녕하세요, 저는 한국어를 공부합니다. 오늘은 날씨가 좋습니다. 토큰은 글의 조각입니다.
"""


def byte_spelling():
    """GPT-2's table: every byte as one visible character."""
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    spelling = {byte: chr(byte) for byte in visible}
    for byte in range(256):
        if byte not in spelling:
            spelling[byte] = chr(256 + len(spelling) - len(visible))
    return spelling


def learn_merges(count):
    """Byte-pair encoding on SENTENCES: the most frequent pair first, ties by the pair itself."""
    spelling = byte_spelling()
    words = collections.Counter()
    for word in re.findall(r" ?[^\W\d]+| ?[^\s\w]+", SENTENCES):
        words[tuple(spelling[byte] for byte in word.encode())] += 1
    merges = []
    while len(merges) < count:
        pairs = collections.Counter()
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += times
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged_words = collections.Counter()
        for word, times in words.items():
            merged, position = [], 0
            while position < len(word):
                if word[position : position + 2] == best:
                    merged.append(best[0] + best[1])
                    position += 2
                else:
                    merged.append(word[position])
                    position += 1
            merged_words[tuple(merged)] += times
        words = merged_words
    return merges


def vocabulary():
    """(tokens, merges) as GGUF stores them: special tokens, 256 bytes in GPT-2's order, merged tokens."""
    spelling = byte_spelling()
    merges = learn_merges(MERGES)
    tokens = SPECIAL_TOKENS + sorted(spelling.values())
    for left, right in merges:
        if left + right not in tokens:
            tokens.append(left + right)
    return tokens, [f"{left} {right}" for left, right in merges]


def random_weights(token_count, tied):
    """GGUF name -> float32 array, q and k in Hugging Face's order.

    The scales keep a normalised input (size about 1 a component) alive: attention scores spread by about 2.5 nats,
    so that patterns are far from uniform, and logits by about 2.5.
    """
    random = np.random.Generator(np.random.PCG64(SEED))

    def matrix(rows, columns, spread):
        return (random.standard_normal((rows, columns)) * spread).astype(np.float32)

    def norm():
        return (1 + 0.2 * random.standard_normal(WIDTH)).astype(np.float32)

    weights = {"token_embd.weight": matrix(token_count, WIDTH, 0.3)}
    for layer in range(LAYERS):
        weights |= {
            f"blk.{layer}.attn_norm.weight": norm(),
            f"blk.{layer}.attn_q.weight": matrix(HEADS * HEAD_WIDTH, WIDTH, 0.2),
            f"blk.{layer}.attn_k.weight": matrix(KV_HEADS * HEAD_WIDTH, WIDTH, 0.2),
            f"blk.{layer}.attn_v.weight": matrix(KV_HEADS * HEAD_WIDTH, WIDTH, 0.12),
            f"blk.{layer}.attn_output.weight": matrix(WIDTH, HEADS * HEAD_WIDTH, 0.12),
            f"blk.{layer}.ffn_norm.weight": norm(),
            f"blk.{layer}.ffn_gate.weight": matrix(MLP_WIDTH, WIDTH, 0.15),
            f"blk.{layer}.ffn_up.weight": matrix(MLP_WIDTH, WIDTH, 0.12),
            f"blk.{layer}.ffn_down.weight": matrix(WIDTH, MLP_WIDTH, 0.12),
        }
    weights["output_norm.weight"] = norm()
    if not tied:
        weights["output.weight"] = matrix(token_count, WIDTH, 0.3)
    return weights


def mixed_format(name):
    """The committed file: as SmolLM2's Q4_1 (embedding Q8_0, norms F32), and every reader path has a tensor."""
    if name == "token_embd.weight" or name == "output.weight":
        return Q8_0
    if name.endswith("ffn_up.weight"):
        return F16
    if name.endswith("ffn_down.weight"):
        return [Q4_1, F16, F32][int(name.split(".")[1])]
    return Q4_1


def every_format(name):
    """For the tests of the formats that mixed_format leaves out."""
    if name in ("token_embd.weight", "output.weight"):
        return Q5_1
    return {"attn_q": Q4_0, "attn_k": Q5_0, "attn_v": BF16, "attn_output": Q5_1, "ffn_gate": Q8_0, "ffn_up": Q4_0,
            "ffn_down": Q5_0}[name.split(".")[2]]


FORMATS = {"f32": lambda _: F32, "f16": lambda _: F16, "bf16": lambda _: BF16, "q4_0": lambda _: Q4_0,
           "q4_1": lambda _: Q4_1, "q5_0": lambda _: Q5_0, "q5_1": lambda _: Q5_1, "q8_0": lambda _: Q8_0,
           "mixed": mixed_format, "every": every_format}


def write_tiny_gguf(path, formats="mixed", tied=True):
    """Writes the file and returns it as gguf_to_hf.HfModel: the same dequantised weights in Hugging Face's order."""
    tokens, merges = vocabulary()
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("Tiny random llama")
    writer.add_block_count(LAYERS)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(MLP_WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(HEAD_WIDTH)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_token_types([control if token in SPECIAL_TOKENS else normal for token in tokens])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>'"
        " + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    for name, values in random_weights(len(tokens), tied).items():
        if name.endswith("attn_q.weight"):
            values = permute_rows(values, HEADS)
        if name.endswith("attn_k.weight"):
            values = permute_rows(values, KV_HEADS)
        format = F32 if "norm" in name else FORMATS[formats](name)
        writer.add_tensor(name, gguf.quants.quantize(values, format), raw_dtype=format)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return load_gguf(str(path))


COMMITTED = {
    "tiny_llama_q.gguf": {"formats": "mixed", "tied": True},
    "tiny_llama_every_untied.gguf": {"formats": "every", "tied": False},
}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("path", nargs="?", help="default: write every committed file")
    arguments.add_argument("--formats", choices=FORMATS, default="mixed")
    arguments.add_argument("--untied", action="store_true", help="give the file its own output.weight")
    chosen = arguments.parse_args()
    if chosen.path:
        write_tiny_gguf(chosen.path, chosen.formats, not chosen.untied)
        return
    for name, choices in COMMITTED.items():
        write_tiny_gguf(pathlib.Path(__file__).parent / name, **choices)


if __name__ == "__main__":
    main()

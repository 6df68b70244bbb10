# Turns a llama-architecture GGUF file into what transformers' LlamaForCausalLM wants: config and float32 weights.
#
#   from gguf_to_hf import load_gguf
#   model = load_gguf("model.gguf").to_model()        # torch is needed only for this line
#
# Weights are dequantised by the `gguf` package, which is independent of our own decoder. llama.cpp's converter
# stores the rows of q and k in another order than Hugging Face (interleaved pairs for the rotary embedding
# instead of two halves); that is undone here.
import dataclasses
import sys

import gguf
import numpy as np


def permute_rows(weight, heads):
    """Hugging Face's order (two halves a head) -> GGUF's (interleaved pairs), as llama.cpp's converter does."""
    rows = weight.shape[0]
    return weight.reshape(heads, 2, rows // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def unpermute_rows(weight, heads, rotary=None):
    """GGUF's order -> Hugging Face's; the inverse of permute_rows. Of heads that turn only their first `rotary`
    dimensions, only the rows of those are in pairs."""
    by_head = weight.reshape(heads, -1, weight.shape[1])
    rotary = rotary or by_head.shape[1]
    turning, rest = by_head[:, :rotary], by_head[:, rotary:]
    turning = turning.reshape(heads, rotary // 2, 2, -1).swapaxes(1, 2).reshape(turning.shape)
    return np.concatenate([turning, rest], axis=1).reshape(weight.shape)


LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
TOP_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def hf_name(gguf_name):
    """'blk.3.attn_q.weight' -> 'model.layers.3.self_attn.q_proj.weight'."""
    parts = gguf_name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{LAYER_NAMES[parts[2]]}.{parts[3]}"
    return f"{TOP_NAMES[parts[0]]}.{parts[1]}"


@dataclasses.dataclass
class HfModel:
    config: dict         # arguments of transformers.LlamaConfig
    state: dict          # Hugging Face name -> float32 numpy array, q and k in Hugging Face's order
    tokens: list         # token strings in GPT-2's byte-to-unicode spelling
    merges: list         # "left right"
    token_types: list    # 1 normal, 3 control
    metadata: dict       # the scalar keys of the GGUF file, as they are

    def to_model(self, dtype=None):
        """A LlamaForCausalLM in evaluation mode with eager attention (so that patterns can be read)."""
        import torch
        import transformers

        config = transformers.LlamaConfig(**self.config, attn_implementation="eager")
        model = transformers.LlamaForCausalLM(config)
        state = {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in self.state.items()}
        if config.tie_word_embeddings:
            state["lm_head.weight"] = state["model.embed_tokens.weight"]
        model.load_state_dict(state, strict=True)
        return model.to(dtype or torch.float32).eval()

    def to_tokenizer(self):
        """A tokenizers.Tokenizer of this vocabulary with SmolLM2's pre-tokenizer (digits one by one, then GPT-2's)."""
        import tokenizers
        from tokenizers import decoders, models, pre_tokenizers

        vocabulary = {token: index for index, token in enumerate(self.tokens)}
        merges = [tuple(merge.split(" ")) for merge in self.merges]
        tokenizer = tokenizers.Tokenizer(models.BPE(vocabulary, merges))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens(
            [tokenizers.AddedToken(token, special=True, normalized=False)
             for token, kind in zip(self.tokens, self.token_types) if kind == gguf.TokenType.CONTROL]
        )
        return tokenizer


def load_gguf(path):
    reader = gguf.GGUFReader(path)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    if fields["general.architecture"] != "llama":
        raise ValueError(f"{path}: architecture {fields['general.architecture']}, expected llama")

    heads = fields["llama.attention.head_count"]
    kv_heads = fields.get("llama.attention.head_count_kv", heads)
    rotary = fields.get("llama.rope.dimension_count")
    width = fields["llama.embedding_length"]
    state = {}
    for tensor in reader.tensors:
        shape = tuple(int(n) for n in reversed(tensor.shape))
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(shape)
        if tensor.name.endswith("attn_q.weight"):
            values = unpermute_rows(values, heads, rotary)
        if tensor.name.endswith("attn_k.weight"):
            values = unpermute_rows(values, kv_heads, rotary)
        state[hf_name(tensor.name)] = values

    config = {
        "vocab_size": state["model.embed_tokens.weight"].shape[0],
        "hidden_size": width,
        "intermediate_size": fields["llama.feed_forward_length"],
        "num_hidden_layers": fields["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": fields.get("llama.attention.key_length", width // heads),
        "max_position_embeddings": fields["llama.context_length"],
        "rms_norm_eps": fields["llama.attention.layer_norm_rms_epsilon"],
        # transformers 5 takes the base from rope_parameters, older versions from rope_theta
        "rope_theta": fields.get("llama.rope.freq_base", 10000.0),
        "rope_parameters": {"rope_type": "default", "rope_theta": fields.get("llama.rope.freq_base", 10000.0)},
        "tie_word_embeddings": "lm_head.weight" not in state,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": fields.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": fields.get("tokenizer.ggml.eos_token_id"),
        "pad_token_id": fields.get("tokenizer.ggml.padding_token_id"),
    }
    return HfModel(
        config=config,
        state=state,
        tokens=fields.get("tokenizer.ggml.tokens", []),
        merges=fields.get("tokenizer.ggml.merges", []),
        token_types=fields.get("tokenizer.ggml.token_type", []),
        metadata={name: value for name, value in fields.items() if not isinstance(value, list)},
    )


if __name__ == "__main__":
    loaded = load_gguf(sys.argv[1])
    print(loaded.config)
    print(len(loaded.state), "tensors,", sum(values.size for values in loaded.state.values()), "weights")

"""Writes tests/golden/families/NAME.gguf: decoder models of make_families.py as GGUF, with the same weights.

    python make_family_gguf.py              every case of CASES
    python make_family_gguf.py gpt2_tied    these cases

The golden values of families/NAME/ therefore hold for NAME.gguf as well. Only configurations that GGUF can express
are here: its families fix the activation, and Gemma's score scale is that of the head size.

The rules are those of llama.cpp's converter (names from the gguf package's own tensor name map):
  - gpt2: matrices are Conv1D [in, out] in Hugging Face's files and are transposed; q, k and v stay one tensor.
  - gptneox: a head's rows are q, k, v in Hugging Face's file; here all heads' q come first, then k, then v. Missing
    attention biases are written as zeros, since llama.cpp wants the tensors.
  - llama (Mistral as well): rows of q and k, and their biases, go from two halves a head to pairs, which is how
    llama.cpp turns them. The other families turn halves and stay as they are.
  - llama3 scaling is no key: rope_freqs.weight has a divisor for each frequency. Linear and YaRN scaling are keys.
  - gemma2 and gemma3: norms multiply by 1 + weight, and the file has the sum. The output is the embedding.
    gemma3 says both rotary bases and which layers are local (sliding_window_pattern; 6 where it is absent).
Matrices keep the stored type of the case (F32 or F16); vectors are F32.
"""
import argparse
import math

import gguf
import numpy as np
import transformers

import family_trace
from family_cases import CASES as FAMILY_CASES
from make_golden import FOLDER

CASES = ["gpt2_tied", "gpt_neox_parallel", "gpt_neox_sequential", "llama_grouped", "llama_biases_linear",
         "llama_yarn", "llama_llama3", "mistral_full", "qwen2_plain", "qwen3_plain", "gemma2_capped", "gemma3_linear"]
ARCHITECTURES = {"gpt2": "gpt2", "gpt_neox": "gptneox", "llama": "llama", "mistral": "llama", "qwen2": "qwen2",
                 "qwen3": "qwen3", "gemma2": "gemma2", "gemma3_text": "gemma3"}
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def add_vocabulary(writer, size):
    """Three control tokens, the first printable bytes of GPT-2's spelling and one merge: `size` tokens."""
    tokens = [*SPECIAL, *(chr(byte) for byte in range(ord("A"), ord("A") + size - len(SPECIAL) - 1)), "AB"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL] * len(SPECIAL) + [gguf.TokenType.NORMAL] * (size - len(SPECIAL)))
    writer.add_token_merges(["A B"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)


def add_rotary(writer, config, d_head):
    """Keys of the rotary embedding; returns the divisors of llama3 scaling, or None."""
    rotary = config.rope_parameters
    if config.model_type == "gemma3_text":
        writer.add_rope_freq_base_swa(rotary["sliding_attention"]["rope_theta"])
        rotary = rotary["full_attention"]
    dimensions = int(d_head * rotary.get("partial_rotary_factor", 1.0))
    if config.model_type in ("llama", "mistral", "gpt_neox"):
        writer.add_rope_dimension_count(dimensions)
    writer.add_rope_freq_base(rotary["rope_theta"])
    if rotary["rope_type"] in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(rotary["rope_type"]))
        writer.add_rope_scaling_factor(rotary["factor"])
    if rotary["rope_type"] == "yarn":
        writer.add_rope_scaling_orig_ctx_len(rotary["original_max_position_embeddings"])
        writer.add_rope_scaling_yarn_beta_fast(rotary["beta_fast"])
        writer.add_rope_scaling_yarn_beta_slow(rotary["beta_slow"])
    if rotary["rope_type"] != "llama3":
        return None
    low, high, context = (rotary[name] for name in ("low_freq_factor", "high_freq_factor",
                                                    "original_max_position_embeddings"))
    divisors = []
    for number in range(dimensions // 2):
        turns = context * rotary["rope_theta"] ** (-2 * number / dimensions) / (2 * math.pi)  # within the context
        share = min(max((turns - low) / (high - low), 0.0), 1.0)
        divisors.append(1 / ((1 - share) / rotary["factor"] + share))
    return np.array(divisors, np.float32)


def add_keys(writer, config):
    d_head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    mlp = getattr(config, "n_inner", None) or getattr(config, "intermediate_size", 4 * config.hidden_size)
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(mlp)
    writer.add_head_count(config.num_attention_heads)
    if config.model_type in ("gpt2", "gpt_neox"):
        writer.add_layer_norm_eps(getattr(config, "layer_norm_eps", None) or config.layer_norm_epsilon)
    else:
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        if getattr(config, "head_dim", None):
            writer.add_key_length(d_head)
            writer.add_value_length(d_head)
    if config.model_type == "gpt_neox":
        writer.add_parallel_residual(config.use_parallel_residual)
    if config.model_type.startswith("gemma"):
        writer.add_sliding_window(config.sliding_window)
        if config.final_logit_softcapping:
            writer.add_final_logit_softcapping(config.final_logit_softcapping)
        if config.model_type == "gemma2":
            writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        else:
            pattern = config.layer_types.index("full_attention") + 1
            assert config.layer_types == ["full_attention" if layer % pattern == pattern - 1 else "sliding_attention"
                                          for layer in range(config.num_hidden_layers)]
            writer.add_sliding_window_pattern(pattern)
        assert config.query_pre_attn_scalar == d_head
    return d_head


def in_pairs(weight, heads):
    """Rows of q or k from two halves a head to pairs."""
    return weight.reshape(heads, 2, -1, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def parts_together(weight, heads):
    """Rows of NeoX's fused projection from q, k, v a head to all q, all k, all v."""
    return weight.reshape(heads, 3, -1, *weight.shape[1:]).swapaxes(0, 1).reshape(weight.shape)


def converted(name, weight, config):
    if config.model_type == "gpt2" and name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
        return weight.T
    if config.model_type in ("llama", "mistral"):
        if ".q_proj." in name:
            return in_pairs(weight, config.num_attention_heads)
        if ".k_proj." in name:
            return in_pairs(weight, config.num_key_value_heads)
    if config.model_type == "gpt_neox" and ".query_key_value." in name:
        return parts_together(weight, config.num_attention_heads)
    if config.model_type.startswith("gemma") and name.endswith("norm.weight"):
        return weight + 1
    return weight


def tensors_of(model, config):
    """[(GGUF name, array)] of every weight; a tied output is not repeated."""
    names = gguf.get_tensor_name_map(
        next(kind for kind, name in gguf.MODEL_ARCH_NAMES.items() if name == ARCHITECTURES[config.model_type]),
        config.num_hidden_layers)
    tied = model.get_output_embeddings().weight.data_ptr() == model.get_input_embeddings().weight.data_ptr()
    for name, tensor in model.state_dict().items():
        if tied and name == "lm_head.weight":
            continue
        target = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert target is not None, name
        yield target, converted(name, tensor.numpy(), config)
    if config.model_type == "gpt_neox" and not config.attention_bias:
        for layer in range(config.num_hidden_layers):
            yield f"blk.{layer}.attn_qkv.bias", np.zeros(3 * config.hidden_size, np.float32)
            yield f"blk.{layer}.attn_output.bias", np.zeros(config.hidden_size, np.float32)


def write(case):
    model = family_trace.load(FOLDER / "families" / case.name)
    config, path = model.config, FOLDER / "families" / f"{case.name}.gguf"
    writer = gguf.GGUFWriter(path, ARCHITECTURES[config.model_type])
    writer.add_name(case.name)
    d_head = add_keys(writer, config)
    divisors = None if config.model_type == "gpt2" else add_rotary(writer, config, d_head)
    half = case.dtype == "float16"
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16 if half else gguf.LlamaFileType.ALL_F32)
    add_vocabulary(writer, config.vocab_size)
    for name, weight in tensors_of(model, config):
        writer.add_tensor(name, np.ascontiguousarray(weight, np.float16 if half and weight.ndim > 1 else np.float32))
    if divisors is not None:
        writer.add_tensor("rope_freqs.weight", divisors)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help="default: all")
    chosen = parser.parse_args().cases or CASES
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for case in FAMILY_CASES:
        if case.name in chosen:
            write(case)

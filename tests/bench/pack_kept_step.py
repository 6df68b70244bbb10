#!/usr/bin/env python3
"""Packs the weights that `headlight train` kept behind one step as a GGUF file of its own, small enough for assets/models.

    python tests/bench/pack_kept_step.py --run FOLDER --step 1000 --out assets/models/tiny_stories/steps/1000.gguf

Of a llama with a byte-level BPE vocabulary. Matrices become Q4_0 (4.5 bits a number), the gains of norms stay float32. Early
weights bear that well: of tiny-stories after 100, 300 and 1,000 steps, 50 held-out stories cost 0.1 to 0.6 % more. Needs
gguf, numpy and safetensors. Prints the line for assets/catalog.json.
"""
import argparse
import hashlib
import json
import pathlib
import sys

import gguf
import safetensors.numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))
from gguf_to_hf import permute_rows  # noqa: E402

NAMES = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
         "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def name_of(theirs):
    whole = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    if theirs in whole:
        return whole[theirs]
    _, _, layer, rest = theirs.split(".", 3)
    return f"blk.{layer}.{NAMES[rest.removesuffix('.weight')]}.weight"


def add_vocabulary(writer, folder):
    file = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    special = {token["content"] for token in file["added_tokens"]}
    tokens = sorted(file["model"]["vocab"], key=file["model"]["vocab"].get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in file["model"]["merges"]])
    writer.add_token_types([gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in tokens])
    writer.add_bos_token_id(tokens.index("<bos>"))
    writer.add_eos_token_id(tokens.index("<eos>"))
    writer.add_pad_token_id(tokens.index("<pad>"))
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)


def write(o):
    config = json.loads((o.run / "config.json").read_text(encoding="utf-8"))
    weights = safetensors.numpy.load_file(o.run / f"training/steps/{o.step:06}/model.safetensors")
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    o.out.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(str(o.out), "llama")
    writer.add_name(f"{o.name}, step {o.step} of {o.of}")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_rope_dimension_count(config["hidden_size"] // heads)
    writer.add_vocab_size(config["vocab_size"])
    add_vocabulary(writer, o.run)
    packed = gguf.GGMLQuantizationType.Q4_0
    for theirs, values in weights.items():
        name, values = name_of(theirs), values.astype("float32")
        if name.endswith(("attn_q.weight", "attn_k.weight")):
            values = permute_rows(values, heads if "attn_q" in name else kv_heads)
        if values.ndim == 2:
            writer.add_tensor(name, gguf.quants.quantize(values, packed), raw_dtype=packed)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=pathlib.Path, required=True, help="the folder of --out of `headlight train`")
    parser.add_argument("--step", type=int, required=True, help="one that the config keeps")
    parser.add_argument("--name", default="Tiny Stories")
    parser.add_argument("--of", type=int, default=5000, help="all steps of the run")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    write(options)
    content = options.out.read_bytes()
    print(json.dumps({"step": options.step, "path": f"steps/{options.out.name}", "bytes": len(content),
                      "sha256": hashlib.sha256(content).hexdigest()}))

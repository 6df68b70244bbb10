#!/usr/bin/env python3
"""head_sweep.json: what transformers says when each head is knocked out by itself.

    python3 make_head_sweep.py [SmolLM2-135M-Instruct.Q4_1.gguf]

A head is knocked out where its result enters the output projection of its attention: those numbers become 0 at every
position. Then log p(target) with the head minus without it, and KL(with || without), both in nats, float64.
"""
import json
import pathlib

import torch

import family_trace
from make_lens_golden import write_cases

FOLDER = pathlib.Path(__file__).parent
PROJECTIONS = {  # family -> the module of a layer that reads all heads' results
    "gpt2_tied": lambda m: [block.attn.c_proj for block in m.transformer.h],
    "llama_grouped": lambda m: [block.self_attn.o_proj for block in m.model.layers],
    "mistral_window": lambda m: [block.self_attn.o_proj for block in m.model.layers],
    "qwen3_plain": lambda m: [block.self_attn.o_proj for block in m.model.layers],
    "gemma2_capped": lambda m: [block.self_attn.o_proj for block in m.model.layers],
    "gpt_neox_parallel": lambda m: [block.attention.dense for block in m.gpt_neox.layers],
    "bert_masked": lambda m: [block.attention.output.dense for block in m.bert.encoder.layer],
}


def log_probabilities(model, ids, position):
    with torch.no_grad():
        return torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0, position], -1)


def sweep(model, projections, ids, position):
    whole = log_probabilities(model, ids, position)
    target = int(whole.argmax())
    heads = model.config.num_attention_heads
    lost, divergence = [], []
    for projection in projections:
        lost.append([])
        divergence.append([])
        for head in range(heads):
            def without(_, arguments, head=head):
                z = arguments[0].clone()
                width = z.shape[-1] // heads
                z[..., head * width:(head + 1) * width] = 0
                return (z,) + arguments[1:]
            handle = projection.register_forward_pre_hook(without)
            now = log_probabilities(model, ids, position)
            handle.remove()
            lost[-1].append(float(whole[target] - now[target]))
            divergence[-1].append(float((whole.exp() * (whole - now)).sum()))
    return {"ids": ids, "source_ids": [], "position": position, "target": target,
            "log_probability": float(whole[target]), "lost": lost, "kl": divergence}


def family_case(name):
    folder = FOLDER / "families" / name
    ids = json.loads((folder / "golden.json").read_text(encoding="utf-8"))["cases"][0]["ids"]
    model = family_trace.in_float64(family_trace.load(folder))
    position = len(ids) // 2 if name == "bert_masked" else len(ids) - 1
    return {"model": name} | sweep(model, PROJECTIONS[name](model), ids, position)


def smollm2_case(path):
    from gguf_to_hf import load_gguf
    loaded = load_gguf(path)
    model = loaded.to_model(torch.float64)
    text = json.loads((FOLDER / "prompts.json").read_text(encoding="utf-8"))["short"]
    ids = loaded.to_tokenizer().encode(text).ids
    projections = [block.self_attn.o_proj for block in model.model.layers]
    return {"model": "smollm2"} | sweep(model, projections, ids, len(ids) - 1)


if __name__ == "__main__":
    write_cases("head_sweep.json", PROJECTIONS, family_case, smollm2_case)

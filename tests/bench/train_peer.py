#!/usr/bin/env python3
"""How fast PyTorch trains a decoder of the llama kind on this machine: tokens a second, for `headlight train` to be beside.

    peers/bin/python tests/bench/train_peer.py --layers 4 --d-model 256 --heads 4 --d-mlp 704 --vocab 6144

The virtual environment is that of peers.py (torch and transformers suffice). A step is a batch of random tokens (seeded, a
new one each step), the forward pass, mean cross-entropy, the backward pass, clipping of the norm to 1 and AdamW, fused where
this PyTorch has it for the CPU. Everything in float32. The median of all steps after the warm-up counts:

sdpa, eager      transformers' LlamaForCausalLM with either attention
lean             the same model as short as PyTorch can say it: q, k, v in one product, gate and up in one, fused attention
                 and norm, nothing converted or copied that need not be
compiled         `lean` through torch.compile (needs a C++ compiler; its time is not counted)
bfloat16         `lean` under autocast: for information, its numbers are others

--ours PATH      headlight_bench_train (cmake --build build/release --target headlight_bench_train), in turn with each peer

The model is `lean`'s before anything is measured: for the same weights both give the same loss and gradient norm.
"""
import argparse
import json
import os
import statistics
import subprocess
import time

import torch
from torch.nn import functional

PEERS = ["sdpa", "eager", "lean", "compiled", "bfloat16"]
EPSILON, BASE = 1e-5, 10000.0


def norm(x, weight):
    return functional.rms_norm(x, weight.shape, weight, EPSILON)


class Block(torch.nn.Module):
    def __init__(self, o):
        super().__init__()
        self.heads, self.kv_heads, self.d_head = o.heads, o.kv_heads, o.d_model // o.heads
        self.ln1, self.ln2 = (torch.nn.Parameter(torch.ones(o.d_model)) for _ in range(2))
        self.qkv = torch.nn.Linear(o.d_model, (o.heads + 2 * o.kv_heads) * self.d_head, bias=False)
        self.o = torch.nn.Linear(o.d_model, o.d_model, bias=False)
        self.gate_up = torch.nn.Linear(o.d_model, 2 * o.d_mlp, bias=False)
        self.down = torch.nn.Linear(o.d_mlp, o.d_model, bias=False)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        turned, v = self.qkv(norm(x, self.ln1)).view(batch, length, -1, self.d_head).transpose(1, 2).split(
            [self.heads + self.kv_heads, self.kv_heads], dim=1)
        first, second = turned.chunk(2, dim=-1)
        turned = turned * cos + torch.cat((-second, first), dim=-1) * sin
        q, k = turned.split([self.heads, self.kv_heads], dim=1)
        z = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=self.heads != self.kv_heads)
        x = x + self.o(z.transpose(1, 2).reshape(batch, length, -1))
        gate, up = self.gate_up(norm(x, self.ln2)).chunk(2, dim=-1)
        return x + self.down(functional.silu(gate) * up)


class Lean(torch.nn.Module):
    def __init__(self, o):
        super().__init__()
        self.embedding = torch.nn.Parameter(torch.randn(o.vocab, o.d_model) * 0.02)
        self.blocks = torch.nn.ModuleList(Block(o) for _ in range(o.layers))
        self.ln_final = torch.nn.Parameter(torch.ones(o.d_model))
        d_head = o.d_model // o.heads
        turns = torch.outer(torch.arange(o.context), BASE ** (-torch.arange(0, d_head, 2) / d_head)).repeat(1, 2)
        self.register_buffer("cos", turns.cos())
        self.register_buffer("sin", turns.sin())
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                torch.nn.init.normal_(weight, std=0.02)

    def forward(self, ids, targets):
        x = functional.embedding(ids, self.embedding)
        for block in self.blocks:
            x = block(x, self.cos, self.sin)
        logits = functional.linear(norm(x, self.ln_final), self.embedding)
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


class Library(torch.nn.Module):
    def __init__(self, o, attention):
        import transformers

        super().__init__()
        self.model = transformers.LlamaForCausalLM(transformers.LlamaConfig(
            vocab_size=o.vocab, hidden_size=o.d_model, intermediate_size=o.d_mlp, num_hidden_layers=o.layers,
            num_attention_heads=o.heads, num_key_value_heads=o.kv_heads, max_position_embeddings=o.context,
            rms_norm_eps=EPSILON, tie_word_embeddings=True, attn_implementation=attention, use_cache=False))

    def forward(self, ids, targets):
        logits = self.model(input_ids=ids).logits
        return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())

    def lean(self, o):
        """The same weights in the other form."""
        theirs, result = self.model.state_dict(), Lean(o)
        taken = {"embedding": theirs["model.embed_tokens.weight"], "ln_final": theirs["model.norm.weight"]}
        for layer in range(o.layers):
            of = lambda *names: torch.cat([theirs[f"model.layers.{layer}.{name}.weight"] for name in names])
            taken |= {f"blocks.{layer}.{ours}": tensor for ours, tensor in {
                "ln1": of("input_layernorm"), "ln2": of("post_attention_layernorm"),
                "qkv.weight": of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
                "o.weight": of("self_attn.o_proj"), "gate_up.weight": of("mlp.gate_proj", "mlp.up_proj"),
                "down.weight": of("mlp.down_proj")}.items()}
        missing = result.load_state_dict(taken, strict=False).missing_keys
        assert sorted(missing) == ["cos", "sin"], missing
        return result


def batches(o):
    generator = torch.Generator().manual_seed(o.seed)
    while True:
        tokens = torch.randint(o.vocab, (o.batch, o.context + 1), generator=generator)
        yield tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()


def check(o):
    """Both forms are the same model: loss and gradient norm of one batch."""
    library = Library(o, "eager")
    found = []
    for model in (library, library.lean(o)):
        loss = model(*next(batches(o)))
        loss.backward()
        found.append((loss.item(), torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item()))
    (loss, length), (lean_loss, lean_length) = found
    if abs(loss - lean_loss) > 1e-5 * loss or abs(length - lean_length) > 1e-4 * length:
        raise SystemExit(f"train_peer: transformers has loss {loss}, gradient norm {length}, the lean model {lean_loss}, "
                         f"{lean_length}: they are not the same model")


def adamw(model, o):
    groups = [{"params": [weight for weight in model.parameters() if weight.dim() == 2], "weight_decay": 0.1},
              {"params": [weight for weight in model.parameters() if weight.dim() != 2], "weight_decay": 0.0}]
    try:
        return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), fused=True)
    except RuntimeError:
        return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), foreach=True)


def measure(name, o):
    torch.manual_seed(o.seed)
    model = Library(o, name) if name in ("sdpa", "eager") else Lean(o)
    parameters = list(model.parameters())
    optimizer, source = adamw(model, o), batches(o)
    run = torch.compile(model) if name == "compiled" else model
    seconds, losses = [], []
    for number in range(o.warm_up + o.steps):
        ids, targets = next(source)
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=name == "bfloat16"):
            loss = run(ids, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss.item())
        if number >= o.warm_up:
            seconds.append(time.perf_counter() - start)
    tokens = o.batch * o.context
    return {"tokens_a_second": tokens / statistics.median(seconds), "best": tokens / min(seconds), "seconds": seconds,
            "loss": losses[-1], "parameters": sum(weight.numel() for weight in parameters)}


def measure_ours(o):
    if o.kv_heads != o.heads:
        raise SystemExit("train_peer: headlight_bench_train has as many key heads as heads")
    sizes = [o.layers, o.d_model, o.heads, o.d_mlp, o.vocab, o.context, o.batch, o.threads, o.steps, o.warm_up]
    ran = subprocess.run([o.ours, *map(str, sizes)], capture_output=True, text=True, check=True)
    return float(ran.stdout.split()[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {"layers": 4, "d-model": 256, "heads": 4, "d-mlp": 704, "vocab": 6144, "context": 256, "batch": 8,
                        "threads": 2, "steps": 15, "warm-up": 3, "seed": 1}.items():
        parser.add_argument("--" + name, type=int, default=value, help=f"{value}")
    parser.add_argument("--kv-heads", type=int, help="as many as heads")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--ours", help="headlight_bench_train: measured in turn with each peer, and compared")
    parser.add_argument("--json", help="write everything, every step's seconds too, into this file")
    o = parser.parse_args()
    o.kv_heads = o.kv_heads or o.heads
    names = [name for name in o.peers.split(",") if name]
    if set(names) - set(PEERS):
        parser.error(f"--peers takes some of {','.join(PEERS)}")
    torch.set_num_threads(o.threads)
    torch.manual_seed(o.seed)
    check(o)
    load, found = os.getloadavg()[0], {}
    if load > 0.5:
        print(f"the load average is {load:.1f}: something else is at work here; run this again when it is quiet")
    print(f"torch {torch.__version__}, {o.threads} threads, {o.layers} layers of {o.d_model}, {o.heads} heads on {o.kv_heads}, "
          f"MLP {o.d_mlp}, {o.vocab} tokens, batch {o.batch} x {o.context}, {o.steps} steps after {o.warm_up}")
    ours = []
    for name in names:
        if o.ours:
            ours.append(measure_ours(o))
            print(f"headlight  {ours[-1]:9.0f} tokens/s", flush=True)
        try:
            one = found[name] = measure(name, o)
        except Exception as error:  # torch.compile fails in many ways of its own where it has no compiler
            if name != "compiled":
                raise
            print(f"{name:10} skipped: {type(error).__name__}: {str(error).strip().splitlines()[0][:200]}")
            continue
        print(f"{name:10} {one['tokens_a_second']:9.0f} tokens/s, best {one['best']:9.0f}, loss {one['loss']:.4f}, "
              f"{one['parameters'] / 1e6:.2f} M parameters", flush=True)
    exact = {name: one for name, one in found.items() if name != "bfloat16"}
    if exact:
        fastest = max(exact, key=lambda name: exact[name]["tokens_a_second"])
        print(f"fastest in float32: {fastest}")
        if ours:
            ratio = statistics.median(ours) / exact[fastest]["tokens_a_second"]
            print(f"headlight against it: {ratio:.2f} (median of {len(ours)} turns)")
    if o.json:
        with open(o.json, "w", encoding="utf-8") as file:
            json.dump({"torch": torch.__version__, "options": vars(o), "load_before": load, "peers": found}, file, indent=1)


if __name__ == "__main__":
    main()

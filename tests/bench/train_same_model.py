#!/usr/bin/env python3
"""The model of a training config, trained by PyTorch and transformers on the same sequences: what `headlight train` is beside.

    peers/bin/python tests/bench/train_same_model.py --config assets/training/tiny_stories_first.json --corpora CORPORA
        --model assets/models/tiny_stories --seconds 3600 --threads 2

The virtual environment is that of peers.py. Taken from our run: its vocabulary (--model), the documents, the packed sequences
in their order, the batches, AdamW's numbers, the limit on the gradient, warm-up and cosine. Transformers' own: the first
weights (normal, deviation 0.02), the model and its gradients; PyTorch's fused AdamW where there is one for this processor.

--seconds S   the same time: as many steps as fit; the cosine follows the share of the time that is gone
--steps N     the same data: so many steps, as many as the config says if 0; the cosine follows the step

--compile     the fastest PyTorch on a processor; what its compiling takes is counted
--state FILE  where to put it down every 100 steps and go on from when it was stopped; with --steps alone, since
              the clock stands still meanwhile

Either way the held-out loss a byte is measured at the end, as bundled_models.py does it, and printed as Markdown.
"""
import argparse
import math
import time
from pathlib import Path

import torch
import transformers
from torch.nn import functional

from card.corpus import Tokens, held_out, packed_pass, read_corpus
from card.loss import measured
from card.sections import config_of, context_of, table


def batches(documents, ids, context, size, seed, one_shape):
    """Without end; what does not fill a batch at the end of a pass is left out. one_shape: all as long as the context."""
    number = 0
    while True:
        batch = []
        for one in packed_pass(documents, ids, number, context, seed):
            batch.append(one)
            if len(batch) == size:
                longest = context if one_shape else max(len(tokens) for tokens, _ in batch)
                yield (torch.tensor([tokens + [0] * (longest - len(tokens)) for tokens, _ in batch]),
                       torch.tensor([labels + [-100] * (longest - len(labels)) for _, labels in batch]),
                       sum(len(tokens) for tokens, _ in batch))
                batch = []
        number += 1


def rate(training, step, share):
    warm_up = training.get("warm_up", min(training["steps"] // 10, 100))
    final = training.get("final_share", 0.1)
    falling = final + (1 - final) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
    return training["learning_rate"] * min(1.0, step / max(warm_up, 1)) * (falling if step > warm_up else 1.0)


def optimizer_of(model, training):
    groups = [{"params": [weight for weight in model.parameters() if weight.dim() == 2],
               "weight_decay": training.get("weight_decay", 0.1)},
              {"params": [weight for weight in model.parameters() if weight.dim() != 2], "weight_decay": 0.0}]
    of = {"lr": training["learning_rate"], "betas": (training.get("beta1", 0.9), training.get("beta2", 0.95))}
    try:
        return torch.optim.AdamW(groups, fused=True, **of)
    except RuntimeError:
        return torch.optim.AdamW(groups, foreach=True, **of)


def put_down(file, model, optimizer, step, tokens):
    new = Path(f"{file}.new")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "tokens": tokens}, new)
    new.replace(file)


def take_up(file, model, optimizer, source):
    """The step and the tokens behind it; 0 and 0 where nothing was put down."""
    if not file or not Path(file).exists():
        return 0, 0
    state = torch.load(file, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    for _ in range(state["step"]):
        next(source)
    print(f"going on behind step {state['step']}", flush=True)
    return state["step"], state["tokens"]


def train(model, source, training, o):
    optimizer, begin, losses = optimizer_of(model, training), time.perf_counter(), []
    step, tokens = take_up(o.state, model, optimizer, source)
    tokens_before = tokens
    steps = o.steps or training["steps"]
    warm_up = training.get("warm_up", 100)
    gone = 0.0
    while gone < o.seconds if o.seconds else step < steps:
        step += 1
        share = gone / o.seconds if o.seconds else (step - warm_up) / max(steps - warm_up, 1)
        for group in optimizer.param_groups:
            group["lr"] = rate(training, step, share)
        ids, labels, count = next(source)
        logits = model(input_ids=ids, use_cache=False).logits
        value = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), training.get("largest_gradient", 1.0))
        optimizer.step()
        tokens, gone = tokens + count, time.perf_counter() - begin
        losses.append(value.item())
        if o.state and step % 100 == 0:
            put_down(o.state, model, optimizer, step, tokens)
        if step % o.say_every == 0:
            print(f"step {step}  loss {sum(losses[-o.say_every:]) / o.say_every:.3f}  {tokens / 1e6:.1f} M tokens  "
                  f"{(tokens - tokens_before) / gone:.0f} tokens/s  {gone:.0f} s", flush=True)
    return step, tokens, gone


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--corpora", required=True)
    parser.add_argument("--model", required=True, help="folder of ours, for its tokenizer.json")
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
    parser.add_argument("--compile", action="store_true", help="torch.compile; needs a C++ compiler")
    parser.add_argument("--say-every", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1, help="of the first weights; the data's is the config's")
    parser.add_argument("--state", help="file to go on from; needs --steps")
    parser.add_argument("--out", help="folder for the trained model")
    o = parser.parse_args()
    if o.state and o.seconds:
        parser.error("--state needs --steps: the clock stands still while nothing runs")
    torch.set_num_threads(o.threads)
    torch.manual_seed(o.seed)
    config = config_of(o.config)
    training, context = config["training"], context_of(config, o.model)
    if config["model"].get("model_type") != "llama" or not training.get("together", True):
        raise SystemExit(f"{o.config}: this trains decoders of the llama kind on packed texts")
    corpus, tokens = read_corpus(o.config, o.corpora), Tokens(o.model)
    ids = tokens(document.text for document in corpus["train"])
    described = dict(config["model"], vocab_size=tokens.tokenizer.get_vocab_size())
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**described, attn_implementation=o.attention)).train()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {o.threads} threads, "
          f"{sum(weight.numel() for weight in model.parameters()):,} parameters", flush=True)
    source = batches(corpus["train"], ids, context, training.get("batch", 16), training.get("seed", 1),
                     one_shape=o.compile)
    # What compiling takes is counted: it is a minute of the hour, and nobody gets it back.
    steps, count, gone = train(torch.compile(model) if o.compile else model, source, training, o)
    rows = measured(model.eval(), held_out(corpus["valid"], tokens, context))
    print(f"\n{steps} steps, {count:,} tokens" +
          ("\n" if o.state else f", {gone:.0f} seconds, {count / gone:.0f} tokens a second\n"))
    print(table(["source", "language", "bytes", "nats a byte", "tokens right"],
                [[row["source"], row["language"], f"{row['bytes']:,}", f"{row['nats_per_byte']:.4f}",
                  f"{100 * row['accuracy']:.1f} %"] for row in rows]))
    if o.out:
        model.save_pretrained(o.out)
        (Path(o.out) / "tokenizer.json").write_bytes((Path(o.model) / "tokenizer.json").read_bytes())


if __name__ == "__main__":
    main()

"""Writes tests/golden/families/NAME/: small random models of every family and what transformers computes with them.

    python make_families.py              every case of family_cases.py
    python make_families.py llama_yarn   these cases

Each folder has config.json and model.safetensors in one of the layouts in which such models are published (with
modules.json and 1_Pooling/config.json for sentence encoders), golden.json and golden.bin. The format is that of
make_golden.py's files. Besides, a file says its "family", transformers' "class", the "spelling" of its config.json
and what it "covers"; a case of an encoder-decoder has the encoder's ids as "source_tokens", and its hooks are called
encoder.blocks.{l}.hook_... and decoder.blocks.{l}.hook_.... Where a model has no `logits`, top_ids is empty.

The short prompt has every hook. The long one, which is longer than every window, has what LONG names. Models with
their norms after the sum (BERT, BART, Marian) have no ln_final: the last hidden state is ln2 of the last block.

The values are those of the files: they are read back with from_pretrained before anything is computed.
"""
import argparse
import hashlib
import json
import pathlib
import shutil
import warnings

import numpy as np
import safetensors.torch
import torch
import transformers

import family_trace
from family_cases import CASES
from make_golden import FOLDER, Words, error_of, versions

SEED = 20261122
LENGTHS = {"short": 7, "long": 19}
DECODER_LENGTHS = {"short": (9, 6), "long": (19, 13)}  # source, decoder
LONG = ("hook_embed", "hook_resid_pre", "hook_resid_post", "hook_pattern", "ln_final.hook_normalized", "logits",
        "class_logits", "sentence_embedding")


def fill(model, case, random):
    """Random weights, each large enough that the logits would notice if it were left out."""
    def normal(shape, spread):
        return torch.from_numpy((random.standard_normal(tuple(shape)) * spread).astype(np.float32))
    zero_centred = "gemma" in model.config.model_type  # the norm multiplies by 1 + weight
    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.Embedding)}
    tokens = {id(module.weight) for name, module in model.named_modules()
              if name.endswith(("wte", "embed_in", "embed_tokens", "word_embeddings", "shared"))}
    sinusoidal = getattr(model.config, "sinusoidal_pos_embds", False)
    with torch.no_grad():
        for name, weight in [*model.named_parameters(), *model.named_buffers()]:
            place = name.split(".")[-2] if "." in name else name
            norm = any(part in place.lower() for part in ("norm", "ln_"))
            if name.endswith("final_logits_bias"):
                value = normal(weight.shape, 0.5)
            elif not isinstance(weight, torch.nn.Parameter):
                continue
            elif model.config.model_type == "marian" and "embed_positions" in name or (
                    sinusoidal and "position_embeddings" in name):
                continue
            elif norm and name.endswith("weight"):
                value = (0.0 if zero_centred else 1.0) + normal(weight.shape, 0.3)
            elif weight.dim() == 1:
                value = normal(weight.shape, 0.3)
            elif id(weight) in tokens:
                value = normal(weight.shape, case.embed_std)
            elif id(weight) in embeddings:
                value = normal(weight.shape, 1.0 if "relative_attention_bias" in name else 0.5)
            else:
                inputs = weight.shape[0 if type(model).__name__.startswith("GPT2") and "lm_head" not in name else 1]
                value = normal(weight.shape, case.scale / np.sqrt(inputs))
            weight.copy_(value)


def older_config(config, case):
    """config.json as it was written before transformers 5."""
    config = {name: value for name, value in config.items() if name not in case.drop}
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.41.2"
    config.pop("layer_types", None)
    config.pop("scale_decoder_outputs", None)
    rotary = config.pop("rope_parameters", None)
    if rotary is not None and "full_attention" in rotary:
        config["rope_local_base_freq"] = rotary["sliding_attention"]["rope_theta"]
        config["sliding_window_pattern"] = case.config["sliding_window_pattern"]
        rotary = rotary["full_attention"]
    if rotary is not None:
        kind, theta = rotary["rope_type"], rotary["rope_theta"]
        scaling = {name: value for name, value in rotary.items()
                   if name not in ("rope_type", "rope_theta", "partial_rotary_factor")}
        if config["model_type"] == "gpt_neox":
            config |= {"rotary_emb_base": theta, "rotary_pct": rotary["partial_rotary_factor"]}
        else:
            config["rope_theta"] = theta
        first = "type" if kind in ("linear", "dynamic") else "rope_type"
        config["rope_scaling"] = None if kind == "default" else {first: kind} | scaling
    return dict(sorted((config | case.add).items()))


def older_tensors(tensors, case, config):
    """Names, and tensors that are no weights, as in published files from before transformers 5."""
    layers = range(config.num_hidden_layers)
    positions = torch.arange(config.max_position_embeddings)[None] if case.sentence else None
    causal = torch.ones((1, 1, 32, 32), dtype=torch.bool).tril()
    if case.model == "GPT2LMHeadModel":  # openai-community/gpt2: no prefix, the causal mask as h.0.attn.bias
        tensors = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
        tensors |= {f"h.{layer}.attn.bias": causal.float() for layer in layers}
    if case.model == "GPTNeoXForCausalLM":  # EleutherAI/pythia
        for layer in layers:
            attention = f"gpt_neox.layers.{layer}.attention."
            tensors |= {attention + "bias": causal.clone(), attention + "masked_bias": torch.tensor(-1e9),
                        attention + "rotary_emb.inv_freq": torch.ones(1)}
    if case.model == "LlamaForCausalLM":
        tensors |= {f"model.layers.{layer}.self_attn.rotary_emb.inv_freq": torch.ones(2) for layer in layers}
    if case.name == "bert_masked":  # google-bert/bert-base-uncased
        tensors = {name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"):
                   tensor for name, tensor in tensors.items() if name != "cls.predictions.decoder.bias"}
    if positions is not None:  # sentence-transformers/all-MiniLM-L6-v2
        tensors["embeddings.position_ids"] = positions
    if case.name == "t5_relu":  # google-t5/t5-small
        tensors["decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"] = torch.ones((8, 4))
    if case.name == "bart_gelu":  # facebook/bart-base
        tensors = {name.removeprefix("model."): tensor for name, tensor in tensors.items()
                   if name != "final_logits_bias"}
    return dict(sorted(tensors.items()))


def save(model, case, folder):
    model.to(getattr(torch, case.dtype)).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if case.model == "T5ForConditionalGeneration" and case.config.get("tie_word_embeddings") is False:
        # transformers 5 ties T5 whatever the file says, unless the file has both matrices
        tensors = safetensors.torch.load_file(folder / "model.safetensors")
        random = torch.Generator().manual_seed(SEED)
        tensors["lm_head.weight"] = torch.randn(tensors["shared.weight"].shape, generator=random) * 0.4
        safetensors.torch.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    if case.older:
        tensors = safetensors.torch.load_file(folder / "model.safetensors")
        tensors = older_tensors(tensors, case, model.config)
        safetensors.torch.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        config = older_config(config, case)
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    if case.sentence:
        pooling, normalize = case.sentence
        modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")][:3 if normalize else 2]
        text = json.dumps([{"idx": number, "name": str(number), "path": path,
                            "type": f"sentence_transformers.models.{kind}"}
                           for number, (path, kind) in enumerate(modules)], indent=2)
        (folder / "modules.json").write_text(text + "\n", encoding="utf-8")
        (folder / "1_Pooling").mkdir()
        flags = {f"pooling_mode_{kind}": kind == f"{pooling}_token{'s' if pooling == 'mean' else ''}"
                 for kind in ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(
            {"word_embedding_dimension": model.config.hidden_size} | flags, indent=2) + "\n", encoding="utf-8")
    return config


def read_back(folder, case, built):
    """The model of the files; what they leave out or spell differently must not have changed it."""
    model = family_trace.load(folder)
    state = model.state_dict()
    for name, weight in built.state_dict().items():
        changed = case.name == "bart_gelu" and name == "final_logits_bias" or (
            case.name == "t5_gated" and name == "lm_head.weight")
        assert changed or torch.equal(state[name], weight.float()), (case.name, name)
    read, meant = model.config.to_dict(), built.config.to_dict()
    ignored = {"dtype", "transformers_version", "architectures", "_name_or_path", *case.add}
    if case.older and isinstance(read.get("rope_parameters"), dict):
        read["rope_parameters"].pop("type", None)  # the older name is kept beside rope_type
    for name, value in meant.items():
        assert name in ignored or read.get(name) == value, (case.name, name, read.get(name), value)
    return model


def by_hook(values):
    """[("blocks.{l}.hook_q", [layer 0's array, layer 1's ...]), ...] in the order of computation."""
    groups = {}
    for name, array in values.items():
        parts = name.split(".")
        if "blocks" in parts:
            parts[parts.index("blocks") + 1] = "{l}"
        groups.setdefault(".".join(parts), []).append(array)
    return groups.items()


def golden_prompt(model, exact_model, case, words, name, ids, source):
    traces = [family_trace.trace(each, ids, source) for each in (model, exact_model)]
    if case.sentence:
        last = f"blocks.{model.config.num_hidden_layers - 1}.ln2.hook_normalized"
        for values in traces:
            values["sentence_embedding"] = family_trace.sentence_embedding(values[last], *case.sentence)
    hooks, errors = [], {}
    has_ln_final = any(hook.endswith("ln_final.hook_normalized") for hook in traces[0])
    for (hook, layers), (_, exact_layers) in zip(by_hook(traces[0]), by_hook(traces[1])):
        if name != "short" and not hook.endswith(LONG if has_ln_final else (*LONG, "ln2.hook_normalized")):
            continue
        assert all(np.isfinite(layer).all() for layer in layers) or hook.endswith("scores"), (case.name, hook)
        pairs = [error_of(*pair) for pair in zip(layers, exact_layers)]
        errors[hook] = {"absolute": float(f"{max(a for a, _ in pairs):.1e}"),
                        "relative": float(f"{max(r for _, r in pairs):.1e}")}
        flat = [layer.reshape(-1) for layer in layers]
        largest = [int(np.argmax(np.where(np.isfinite(layer), np.abs(layer), -1))) for layer in flat]
        hooks.append({"hook": hook, "layers": len(layers), "shape": list(layers[0].shape), "count": flat[0].size,
                      "indices_at": None, "values_at": words.append(np.concatenate(flat)),
                      "largest_at": words.append(np.array(largest, np.int32))})
        words.append(np.array([layer[index] for layer, index in zip(flat, largest)], np.float32))
    last = traces[0].get("logits", np.zeros((1, 0)))[-1]
    top = np.argsort(-last, kind="stable")[:10]
    prompt = {"name": name, "text": None, "ids": ids}
    if source is not None:
        prompt["source_tokens"] = source
    return prompt | {"top_ids": top.tolist(), "top_logits": [float(last[number]) for number in top],
                     "float32_against_float64": errors, "hooks": hooks}


def prompts(case, config, random):
    low = max(4, (config.pad_token_id or 0) + 1) if config.model_type != "marian" else 1
    sources = config.vocab_size - (1 if config.model_type == "marian" else 0)
    high = min(sources, getattr(config, "decoder_vocab_size", sources) - 1) if config.is_encoder_decoder else sources
    for name, length in LENGTHS.items():
        if config.is_encoder_decoder:
            source, length = DECODER_LENGTHS[name]
            start = [config.decoder_start_token_id]
            yield name, start + random.integers(low, high, length - 1).tolist(), random.integers(
                low, sources, source).tolist()
        else:
            yield name, random.integers(low, high, length).tolist(), None


def architecture_of(config):
    names = {"layers": "num_hidden_layers", "d_model": "hidden_size", "heads": "num_attention_heads",
             "kv_heads": "num_key_value_heads", "d_head": "head_dim", "vocabulary": "vocab_size"}
    return {ours: getattr(config, theirs, None) for ours, theirs in names.items() if getattr(config, theirs, None)}


def write(case, number):
    folder = FOLDER / "families" / case.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    random = np.random.default_rng([SEED, number])
    built = case.build()
    fill(built, case, random)
    built.tie_weights()
    save(built, case, folder)
    (folder / "model.safetensors").chmod(0o644)
    model = read_back(folder, case, built)
    exact, words = family_trace.in_float64(model), Words()
    cases = [golden_prompt(model, exact, case, words, *prompt) for prompt in prompts(case, model.config, random)]
    golden = {"format": "headlight golden values 1", "model": "model.safetensors",
              "sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
              "family": model.config.model_type, "class": case.model, "covers": case.covers, "dtype": case.dtype,
              "spelling": "before transformers 5" if case.older else "transformers 5",
              "made_with": versions(), "seed": [SEED, number], "architecture": architecture_of(model.config),
              "words": words.size, "cases": cases}
    (folder / "golden.bin").write_bytes(b"".join(words.parts))
    lines = json.dumps(golden, ensure_ascii=False, separators=(",", ":")).replace('{"hook"', '\n{"hook"')
    (folder / "golden.json").write_text(lines.replace('{"name"', '\n{"name"') + "\n", encoding="utf-8")
    worst = max(error["relative"] for one in cases for error in one["float32_against_float64"].values())
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{case.name:22} {size:7} bytes, float32 against float64: {worst:.1e} of the largest value")


def write_chosen(cases, write_one, about):
    """Those that the command line names, else all; a case keeps its number, which its random numbers come from."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help="default: all")
    chosen = parser.parse_args().cases
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    for number, case in enumerate(cases):
        if not chosen or case.name in chosen:
            write_one(case, number)


if __name__ == "__main__":
    write_chosen(CASES, write, __doc__)

"""Writes lens.json: what transformers makes of its own hidden states with a logit lens, and direct logit attributions.

    python3 make_lens_golden.py [SmolLM2-135M-Instruct.Q4_1.gguf]

Lens: output_hidden_states -> the model's own final norm and output layer, in float64. Attribution: each part's
vector, as transformers computed it, carried forwards through every norm with the scale that the norm had, then
through the output layer, in float64. Headlight goes the other way, from the logit backwards.
"""
import json
import pathlib
import sys

import numpy as np
import torch

import family_trace
from make_golden import versions

FOLDER = pathlib.Path(__file__).parent
LENS = {  # family -> (final norm and output layer of a hidden state)
    "gpt2_tied": lambda m, x: m.lm_head(m.transformer.ln_f(x)),
    "llama_grouped": lambda m, x: m.lm_head(m.model.norm(x)),
    "gemma2_capped": lambda m, x: capped(m, m.lm_head(m.model.norm(x))),
    "bert_masked": lambda m, x: m.cls(x),
    "bart_gelu": lambda m, x: m.lm_head(x) + m.final_logits_bias,
}


def capped(model, logits):
    cap = model.config.final_logit_softcapping
    return cap * torch.tanh(logits / cap)


def lens_numbers(rows):
    """rows [cell, pos, vocabulary], the last the model's output; the target is its own top token a position."""
    log_p = torch.log_softmax(rows, dim=-1)
    own = log_p[-1]
    target = own.argmax(-1)
    ranks = (rows > rows.gather(-1, target.expand(rows.shape[0], -1)[..., None])).sum(-1) + 1
    return {
        "target": target.tolist(), "top": rows.argmax(-1).tolist(), "rank": ranks.tolist(),
        "log_probability": log_p.gather(-1, target.expand(rows.shape[0], -1)[..., None])[..., 0].tolist(),
        "entropy": (-(log_p.exp() * log_p).sum(-1)).tolist(),
        "divergence": (own.exp() * (own - log_p)).sum(-1).tolist()}


class Norm:
    """A norm as a linear map: the scale that it had at one position, its weight, and whether it takes the mean off."""

    def __init__(self, module, x, gain_offset=0.0):
        self.mean = isinstance(module, torch.nn.LayerNorm)
        epsilon = getattr(module, "eps", None) or getattr(module, "variance_epsilon", None)
        centred = x - x.mean() if self.mean else x
        self.scale = np.sqrt((centred ** 2).mean() + epsilon)
        self.gain = module.weight.detach().numpy() + gain_offset
        self.bias = module.bias.detach().numpy() if self.mean else np.zeros_like(self.gain)

    def __call__(self, part):
        return (part - part.mean() if self.mean else part) / self.scale * self.gain


def numpy_of(parameter):
    return parameter.detach().numpy()


def attribution(values, layers, wiring, output, final, target, distractor, position, prefix=""):
    """wiring(layer) -> dict with w_o [d_model, heads * d_head], b_o, and norms; later norms of later layers count, too."""
    direction = output["weight"][target] - output["weight"][distractor]
    constant = output["bias"][target] - output["bias"][distractor]
    parts = {}

    def at(name):
        return values[prefix + name][position]

    norms = {layer: wiring(layer) for layer in range(layers)}
    # What a vector that enters the stream in a layer still has to pass, in order.
    def ahead(layer, stage):
        order = []
        for later in range(layer, layers):
            for name in ("ln1", "ln_cross", "ln2"):
                if later == layer and ("ln1", "ln_cross", "ln2").index(name) < stage:
                    continue
                if name in norms[later]:
                    order.append(norms[later][name])
        return order + ([final] if final else [])

    def carried(part, order):
        for norm in order:
            part = norm(part)
        return float(part @ direction)

    for layer in range(layers):
        own = norms[layer]
        z = at(f"blocks.{layer}.attn.hook_z")
        width = z.shape[1]
        behind = [own["ln1_post"]] if "ln1_post" in own else []
        heads = [carried(own["w_o"][:, h * width:(h + 1) * width] @ z[h], behind + ahead(layer, 0))
                 for h in range(z.shape[0])]
        bias = carried(own["b_o"], behind + ahead(layer, 0))
        entry = {"heads": heads, "attention_bias": bias, "mlp": carried(at(f"blocks.{layer}.hook_mlp_out"), ahead(layer, 2))}
        if "cross_w_o" in own:
            z = at(f"blocks.{layer}.cross_attn.hook_z")
            entry["cross"] = [carried(own["cross_w_o"][:, h * width:(h + 1) * width] @ z[h], ahead(layer, 1))
                              for h in range(z.shape[0])]
            entry["cross_bias"] = carried(own["cross_b_o"], ahead(layer, 1))
        parts[layer] = entry
    return [parts[layer] for layer in range(layers)], ahead, carried, constant, direction


def family_case(name):
    folder = FOLDER / "families" / name
    golden = json.loads((folder / "golden.json").read_text(encoding="utf-8"))["cases"][0]
    model = family_trace.in_float64(family_trace.load(folder))
    ids, source = golden["ids"], golden.get("source_tokens")
    values = family_trace.trace(model, ids, source)
    inputs = {"input_ids": torch.tensor([ids])}
    if source:
        inputs = {"input_ids": torch.tensor([source]), "decoder_input_ids": torch.tensor([ids])}
    with torch.no_grad():
        out = model(**inputs, output_hidden_states=True)
        hidden = out.decoder_hidden_states if source else out.hidden_states
        rows = [LENS[name](model, h)[0] for h in hidden[:-1]] + [out.logits[0]]
    case = {"model": name, "ids": ids, "source_ids": source or [], "lens": lens_numbers(torch.stack(rows))}
    if name != "bert_masked":
        order = out.logits[0, -1].argsort(descending=True)
        case["attribution"] = attribute(name, model, values, int(order[0]), int(order[1]), len(ids) - 1)
    return case


def attribute(name, model, values, target, distractor, position):
    config = model.config
    prefix = "decoder." if name == "bart_gelu" else ""
    layers = getattr(config, "decoder_layers", config.num_hidden_layers)

    def at(hook):
        return values[prefix + hook][position]

    def wiring(layer):
        zeros = np.zeros(config.hidden_size)
        if name == "gpt2_tied":
            projection = model.transformer.h[layer].attn.c_proj
            return {"w_o": numpy_of(projection.weight).T, "b_o": numpy_of(projection.bias)}
        if name == "bart_gelu":
            block = model.model.decoder.layers[layer]
            return {"w_o": numpy_of(block.self_attn.out_proj.weight), "b_o": numpy_of(block.self_attn.out_proj.bias),
                    "cross_w_o": numpy_of(block.encoder_attn.out_proj.weight),
                    "cross_b_o": numpy_of(block.encoder_attn.out_proj.bias),
                    "ln1": Norm(block.self_attn_layer_norm, at(f"blocks.{layer}.hook_resid_mid")),
                    "ln_cross": Norm(block.encoder_attn_layer_norm, at(f"blocks.{layer}.hook_resid_mid_cross")),
                    "ln2": Norm(block.final_layer_norm, at(f"blocks.{layer}.hook_resid_post"))}
        block = model.model.layers[layer]
        own = {"w_o": numpy_of(block.self_attn.o_proj.weight), "b_o": zeros}
        if name == "gemma2_capped":
            own["ln1_post"] = Norm(block.post_attention_layernorm, at(f"blocks.{layer}.hook_attn_out_raw"), 1.0)
        return own

    last = at(f"blocks.{layers - 1}.hook_resid_post")
    final = {"gpt2_tied": lambda: Norm(model.transformer.ln_f, last), "llama_grouped": lambda: Norm(model.model.norm, last),
             "gemma2_capped": lambda: Norm(model.model.norm, last, 1.0), "bart_gelu": lambda: None}[name]()
    bias = numpy_of(model.final_logits_bias)[0] if name == "bart_gelu" else np.zeros(config.vocab_size)
    output = {"weight": numpy_of(model.get_output_embeddings().weight), "bias": bias}
    parts, ahead, carried, constant, direction = attribution(values, layers, wiring, output, final, target, distractor,
                                                             position, prefix)
    first = [Norm(model.model.decoder.layernorm_embedding, at("hook_embed") + at("hook_pos_embed"))] if name == "bart_gelu" else []
    embedding = carried(at("hook_embed"), first + ahead(0, 0))
    positions = carried(at("hook_pos_embed"), first + ahead(0, 0)) if prefix + "hook_pos_embed" in values else 0.0
    # Every norm's bias on its own way to the logit, and the output layer's.
    order = first + ahead(0, 0)
    constants = constant + sum(carried(norm.bias, order[i + 1:]) for i, norm in enumerate(order))
    if name == "gemma2_capped":
        logits = output["weight"] @ values["ln_final.hook_normalized"][position]
    else:
        logits = values["logits"][position]
    total = embedding + positions + constants + sum(
        sum(p["heads"]) + p["attention_bias"] + p["mlp"] + sum(p.get("cross", [])) + p.get("cross_bias", 0.0) for p in parts)
    difference = float(logits[target] - logits[distractor])
    assert abs(total - difference) < 1e-9 * (1 + sum(abs(h) for p in parts for h in p["heads"])), (name, total, difference)
    return {"target": target, "distractor": distractor, "position": position, "layers": parts, "embedding": embedding,
            "positions": positions, "constant": constants, "logit": difference}


def smollm2_case(path):
    from gguf_to_hf import load_gguf
    loaded = load_gguf(path)
    model = loaded.to_model(torch.float64)
    text = json.loads((FOLDER / "prompts.json").read_text(encoding="utf-8"))["short"]
    ids = loaded.to_tokenizer().encode(text).ids
    mixed, mlp, attn = {}, {}, {}
    for layer, block in enumerate(model.model.layers):
        block.self_attn.o_proj.register_forward_pre_hook(lambda _, a, layer=layer: mixed.__setitem__(layer, a[0][0]))
        block.mlp.register_forward_hook(lambda _, __, o, layer=layer: mlp.__setitem__(layer, o[0]))
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_hidden_states=True)
        rows = [model.lm_head(model.model.norm(h))[0] for h in out.hidden_states[:-1]] + [out.logits[0]]
    numbers = lens_numbers(torch.stack(rows)[:, -1:])
    target, distractor = (int(i) for i in out.logits[0, -1].argsort(descending=True)[:2])
    before_norm = out.hidden_states[-2][0, -1] + (mixed[29][-1] @ model.model.layers[-1].self_attn.o_proj.weight.T) + mlp[29][-1]
    final = Norm(model.model.norm, before_norm.detach().numpy())
    direction = numpy_of(model.lm_head.weight[target] - model.lm_head.weight[distractor])
    width = model.config.head_dim

    def share(part):
        return float(final(part) @ direction)

    layers = []
    for layer, block in enumerate(model.model.layers):
        z, w_o = mixed[layer][-1].detach().numpy(), numpy_of(block.self_attn.o_proj.weight)
        layers.append({"heads": [share(w_o[:, h:h + width] @ z[h:h + width]) for h in range(0, len(z), width)],
                       "attention_bias": 0.0, "mlp": share(mlp[layer][-1].detach().numpy())})
    embedding = share(out.hidden_states[0][0, -1].detach().numpy())
    logit = float(out.logits[0, -1, target] - out.logits[0, -1, distractor])
    total = embedding + sum(sum(p["heads"]) + p["mlp"] for p in layers)
    # transformers takes its norms and softmax in float32 even of a float64 model: 1e-5 of the parts
    assert abs(total - logit) < 1e-4, (total, logit)
    return {"model": "smollm2", "ids": ids, "source_ids": [], "lens": numbers,
            "attribution": {"target": target, "distractor": distractor, "position": len(ids) - 1, "layers": layers,
                            "embedding": embedding, "positions": 0.0, "constant": 0.0, "logit": logit}}


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def write_cases(name, families, family_case, smollm2_case):
    """A case of each family, and one of SmolLM2 where its file is named on the command line."""
    cases = [family_case(family) for family in families]
    if len(sys.argv) > 1:
        cases.append(smollm2_case(sys.argv[1]))
    text = json.dumps({"made_with": versions(), "cases": rounded(cases)}, separators=(",", ":"))
    (FOLDER / name).write_text(text.replace('{"model"', '\n{"model"') + "\n", encoding="utf-8")
    print(f"{name}: {len(text)} bytes")


if __name__ == "__main__":
    write_cases("lens.json", LENS, family_case, smollm2_case)

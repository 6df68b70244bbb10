"""One pass of a transformers model of any family as {hook name: array}, under Headlight's hook names.

Everything is what transformers itself computes: inputs and outputs of its modules, what its attention function
is given and returns, what that function hands to softmax (the scores), and what goes into and comes out of its
rotary embedding. WIRING says, for each family, which module's input or output is which hook.

    model = load(folder)               the class that config.json names, float32, eager attention
    exact = in_float64(model)          the same weights in double precision, also the steps pinned to float32
    values = trace(model, ids)         or trace(model, ids, source_ids) for encoder-decoders
"""
import contextlib
import copy
import json
import pathlib
import sys

import numpy as np
import torch
import transformers
from torch.overrides import TorchFunctionMode

# "where side hook": a module below the layer ("." is the layer), its input or output, the name below blocks.{l}.
GATED_MLP = ["mlp.gate_proj out mlp.hook_pre", "mlp.up_proj out mlp.hook_pre_linear", "mlp.down_proj in mlp.hook_post"]
LLAMA_LAYER = [". in hook_resid_pre", "input_layernorm out ln1.hook_normalized", "self_attn out hook_attn_out",
               "post_attention_layernorm in hook_resid_mid", "post_attention_layernorm out ln2.hook_normalized",
               *GATED_MLP, "mlp out hook_mlp_out", ". out hook_resid_post"]
ATTENTION_ONLY_LAYER = [line for line in LLAMA_LAYER if "mlp" not in line and "ln2" not in line]
# Sandwich norms: the block's own outputs are normalised before they are added.
GEMMA_LAYER = [". in hook_resid_pre", "input_layernorm out ln1.hook_normalized", "self_attn out hook_attn_out_raw",
               "post_attention_layernorm out hook_attn_out", "pre_feedforward_layernorm in hook_resid_mid",
               "pre_feedforward_layernorm out ln2.hook_normalized", *GATED_MLP, "mlp out hook_mlp_out_raw",
               "post_feedforward_layernorm out hook_mlp_out", ". out hook_resid_post"]
GPT2_LAYER = [". in hook_resid_pre", "ln_1 out ln1.hook_normalized", "attn out hook_attn_out", "ln_2 in hook_resid_mid",
              "ln_2 out ln2.hook_normalized", "mlp.c_fc out mlp.hook_pre", "mlp.c_proj in mlp.hook_post",
              "mlp out hook_mlp_out", ". out hook_resid_post"]
NEOX_PARALLEL = [". in hook_resid_pre", "input_layernorm out ln1.hook_normalized", "attention out hook_attn_out",
                 "post_attention_layernorm out ln2.hook_normalized", "mlp.dense_h_to_4h out mlp.hook_pre",
                 "mlp.dense_4h_to_h in mlp.hook_post", "mlp out hook_mlp_out", ". out hook_resid_post"]
NEOX_LAYER = NEOX_PARALLEL + ["post_attention_layernorm in hook_resid_mid"]
# Post-norm: the norm reads the sum, and what it gives is the next part's stream.
BERT_LAYER = [". in hook_resid_pre", "attention.output.dense out hook_attn_out",
              "attention.output.LayerNorm in hook_resid_mid", "attention.output.LayerNorm out ln1.hook_normalized",
              "intermediate.dense out mlp.hook_pre", "output.dense in mlp.hook_post", "output.dense out hook_mlp_out",
              "output.LayerNorm in hook_resid_post", "output.LayerNorm out ln2.hook_normalized"]
DISTILBERT_LAYER = [". in hook_resid_pre", "attention out hook_attn_out", "sa_layer_norm in hook_resid_mid",
                    "sa_layer_norm out ln1.hook_normalized", "ffn.lin1 out mlp.hook_pre", "ffn.lin2 in mlp.hook_post",
                    "ffn.lin2 out hook_mlp_out", "output_layer_norm in hook_resid_post",
                    "output_layer_norm out ln2.hook_normalized"]
BART_ENCODER = [". in hook_resid_pre", "self_attn out hook_attn_out", "self_attn_layer_norm in hook_resid_mid",
                "self_attn_layer_norm out ln1.hook_normalized", "fc1 out mlp.hook_pre", "fc2 in mlp.hook_post",
                "fc2 out hook_mlp_out", "final_layer_norm in hook_resid_post",
                "final_layer_norm out ln2.hook_normalized"]
BART_DECODER = BART_ENCODER + ["encoder_attn out hook_cross_attn_out",
                               "encoder_attn_layer_norm in hook_resid_mid_cross",
                               "encoder_attn_layer_norm out ln_cross.hook_normalized"]


def t5_layer(decoder, gated):
    mlp = f"layer.{2 if decoder else 1}."
    dense = mlp + "DenseReluDense"
    cross = ["layer.1.layer_norm in hook_resid_mid", "layer.1.layer_norm out ln_cross.hook_normalized",
             "layer.1.EncDecAttention out hook_cross_attn_out"] if decoder else []
    return [". in hook_resid_pre", "layer.0.layer_norm out ln1.hook_normalized",
            "layer.0.SelfAttention out hook_attn_out", *cross,
            f"{mlp}layer_norm in {'hook_resid_mid_cross' if decoder else 'hook_resid_mid'}",
            f"{mlp}layer_norm out ln2.hook_normalized",
            *([f"{dense}.wi_0 out mlp.hook_pre", f"{dense}.wi_1 out mlp.hook_pre_linear"] if gated
              else [f"{dense}.wi out mlp.hook_pre"]),
            f"{dense}.wo in mlp.hook_post", f"{dense} out hook_mlp_out", ". out hook_resid_post"]


def stack(prefix, layers, layer, attention, outside, cross=None):
    return {"prefix": prefix, "layers": layers, "layer": layer, "attention": attention, "outside": outside,
            "cross": cross}


def llama_stack(layer=None):
    return [stack("", "model.layers", layer or LLAMA_LAYER, "self_attn",
                  ["model.embed_tokens out hook_embed", "model.norm out ln_final.hook_normalized"])]


def bert_like(base, model):
    dot = base + "." if base else ""
    outside = [f"{dot}embeddings.word_embeddings out hook_embed",
               f"{dot}embeddings.position_embeddings out hook_pos_embed",
               f"{dot}embeddings.LayerNorm out ln_embed.hook_normalized"]
    if model.config.model_type == "distilbert":
        return [stack("", dot + "transformer.layer", DISTILBERT_LAYER, "attention", outside)]
    outside.insert(2, f"{dot}embeddings.token_type_embeddings out hook_token_type_embed")
    return [stack("", dot + "encoder.layer", BERT_LAYER, "attention.self", outside)]


def seq2seq(model, layer_of, attention, cross, layers, outside):
    return [stack(side + ".", f"{side if model.config.model_type == 't5' else 'model.' + side}.{layers}",
                  layer_of(side == "decoder"), attention, [line.format(side) for line in outside],
                  cross if side == "decoder" else None) for side in ("encoder", "decoder")]


def wiring_of(model):
    kind, config = model.config.model_type, model.config
    if kind in ("llama", "mistral", "qwen2", "qwen3"):
        # Of an MLP without neurons, and of the norm before it, nothing is shown.
        return llama_stack(None if config.intermediate_size else ATTENTION_ONLY_LAYER)
    if kind in ("gemma2", "gemma3_text"):
        return llama_stack(GEMMA_LAYER)
    if kind == "gpt2":
        return [stack("", "transformer.h", GPT2_LAYER, "attn",
                      ["transformer.wte out hook_embed", "transformer.wpe out hook_pos_embed",
                       "transformer.ln_f out ln_final.hook_normalized"])]
    if kind == "gpt_neox":
        return [stack("", "gpt_neox.layers", NEOX_PARALLEL if config.use_parallel_residual else NEOX_LAYER,
                      "attention", ["gpt_neox.embed_in out hook_embed",
                                    "gpt_neox.final_layer_norm out ln_final.hook_normalized"])]
    if kind in ("bert", "roberta", "distilbert"):
        return bert_like("" if type(model).__name__ in ("BertModel", "RobertaModel") else kind, model)
    if kind == "t5":
        return seq2seq(model, lambda decoder: t5_layer(decoder, config.is_gated_act), "layer.0.SelfAttention",
                       "layer.1.EncDecAttention", "block",
                       ["{}.embed_tokens out hook_embed", "{}.final_layer_norm out ln_final.hook_normalized"])
    if kind in ("bart", "marian"):
        outside = ["model.{}.embed_tokens out hook_embed", "model.{}.embed_positions out hook_pos_embed"]
        if kind == "bart":
            outside.append("model.{}.layernorm_embedding out ln_embed.hook_normalized")
        return seq2seq(model, lambda decoder: BART_DECODER if decoder else BART_ENCODER, "self_attn", "encoder_attn",
                       "layers", outside)
    raise ValueError(f"no wiring for {kind}")


HEADS = {
    "BertForMaskedLM": ["cls.predictions.transform.dense out mlm_head.hook_pre",
                        "cls.predictions.transform.LayerNorm in mlm_head.hook_post",
                        "cls.predictions.transform.LayerNorm out mlm_head.ln.hook_normalized"],
    "RobertaForMaskedLM": ["lm_head.dense out mlm_head.hook_pre", "lm_head.layer_norm in mlm_head.hook_post",
                           "lm_head.layer_norm out mlm_head.ln.hook_normalized"],
    "DistilBertForMaskedLM": ["vocab_transform out mlm_head.hook_pre", "vocab_layer_norm in mlm_head.hook_post",
                              "vocab_layer_norm out mlm_head.ln.hook_normalized"],
    "BertForSequenceClassification": ["bert.pooler.dense out pooler.hook_pre", "classifier in pooler.hook_post"],
    "RobertaForSequenceClassification": ["classifier.dense out pooler.hook_pre",
                                         "classifier.out_proj in pooler.hook_post"],
    "DistilBertForSequenceClassification": ["pre_classifier out pooler.hook_pre", "classifier in pooler.hook_post"],
}


class _InFloat64(TorchFunctionMode):
    """Runs torch code that asks for float32 in float64 instead."""

    def __torch_function__(self, function, types, arguments=(), keywords=None):
        def widened(value):
            return torch.float64 if value is torch.float32 else value
        if function is torch.Tensor.float:
            function = torch.Tensor.double
        return function(*[widened(value) for value in arguments],
                        **{name: widened(value) for name, value in (keywords or {}).items()})


@contextlib.contextmanager
def _precision(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with _InFloat64() if dtype == torch.float64 else contextlib.nullcontext():
            yield
    finally:
        torch.set_default_dtype(before)


def load(folder):
    """The model of a directory as transformers itself reads it."""
    config = json.loads((pathlib.Path(folder) / "config.json").read_text(encoding="utf-8"))
    model_class = getattr(transformers, config["architectures"][0])
    return model_class.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def in_float64(model):
    """Built again in double precision, so that rotary frequencies and other tables are exact as well."""
    with _precision(torch.float64):
        exact = type(model)(copy.deepcopy(model.config))
        exact.config._attn_implementation = "eager"
        if hasattr(model, "lm_head") and model.config.model_type == "t5":
            if not torch.equal(model.lm_head.weight, model.shared.weight):  # T5 ties by default, even v1.1
                exact.lm_head.weight = torch.nn.Parameter(exact.lm_head.weight.clone())
        exact.load_state_dict(model.state_dict(), strict=True)
    return exact.eval()


class _Recorder:
    def __init__(self, model):
        self.model, self.values, self.handles = model, {}, []
        self.modeling = sys.modules[type(model).__module__]
        self.attention_names = {}  # attention module -> "decoder.blocks.1.cross_attn."
        self.turned = None         # what the rotary embedding was last given and gave
        self.softmax_input = None

    def keep(self, name, tensor):
        assert name not in self.values, name
        self.values[name] = (tensor.detach()[0] if tensor.dim() > 2 else tensor.detach()).numpy().copy()

    def listen(self, root, line, prefix):
        where, side, name = line.split()
        module = root if where == "." else root.get_submodule(where)
        # Marian multiplies outside of its embedding module.
        scale = 1.0
        if name == "hook_embed" and self.model.config.model_type == "marian":
            scale = root.get_submodule(where.rsplit(".", 1)[0]).embed_scale

        def on_output(_, __, output):
            self.keep(prefix + name, (output[0] if isinstance(output, tuple) else output) * scale)

        def on_input(_, arguments, keywords):
            self.keep(prefix + name, arguments[0] if arguments else keywords["hidden_states"])
        self.handles.append(module.register_forward_hook(on_output) if side == "out"
                            else module.register_forward_pre_hook(on_input, with_kwargs=True))

    def attach(self):
        for part in wiring_of(self.model):
            for line in part["outside"]:
                self.listen(self.model, line, part["prefix"])
            for number, layer in enumerate(self.model.get_submodule(part["layers"])):
                block = f"{part['prefix']}blocks.{number}."
                for line in part["layer"]:
                    self.listen(layer, line, block)
                self.attention_names[layer.get_submodule(part["attention"])] = block + "attn."
                if part["cross"]:
                    self.attention_names[layer.get_submodule(part["cross"])] = block + "cross_attn."
        for line in HEADS.get(type(self.model).__name__, []):
            self.listen(self.model, line, "")

    @contextlib.contextmanager
    def patched(self):
        """transformers' own functions, listened to."""
        modeling, eager = self.modeling, self.modeling.eager_attention_forward
        rotate = getattr(modeling, "apply_rotary_pos_emb", None)
        softmax = torch.nn.functional.softmax

        def listening_softmax(scores, *arguments, **keywords):
            self.softmax_input = scores
            return softmax(scores, *arguments, **keywords)

        def listening_rotate(q, k, *arguments, **keywords):
            turned = rotate(q, k, *arguments, **keywords)
            self.turned = (q, k, *turned)
            return turned

        def listening_attention(module, query, key, value, *arguments, **keywords):
            name = self.attention_names[module]
            z, pattern = eager(module, query, key, value, *arguments, **keywords)
            before = (query, key)
            if self.turned:
                before, after, self.turned = self.turned[:2], self.turned[2:], None
                assert after[0] is query and after[1] is key
                self.keep(name + "hook_rot_q", query.transpose(1, 2))
                self.keep(name + "hook_rot_k", key.transpose(1, 2))
            self.keep(name + "hook_q", before[0].transpose(1, 2))
            self.keep(name + "hook_k", before[1].transpose(1, 2))
            self.keep(name + "hook_v", value.transpose(1, 2))
            scores = self.softmax_input
            self.keep(name + "hook_attn_scores", scores.masked_fill(scores < -1e30, -torch.inf))
            self.keep(name + "hook_pattern", pattern)
            self.keep(name + "hook_z", z)
            return z, pattern
        modeling.eager_attention_forward, torch.nn.functional.softmax = listening_attention, listening_softmax
        if rotate:
            modeling.apply_rotary_pos_emb = listening_rotate
        try:
            yield
        finally:
            modeling.eager_attention_forward, torch.nn.functional.softmax = eager, softmax
            if rotate:
                modeling.apply_rotary_pos_emb = rotate
            for handle in self.handles:
                handle.remove()


def _check(values, output, prefix, hidden_states, attentions, kind="attn"):
    """The library's public outputs say the same as the modules that were listened to."""
    for layer, pattern in enumerate(attentions):
        assert np.array_equal(values[f"{prefix}blocks.{layer}.{kind}.hook_pattern"], pattern[0].numpy())
        if kind == "attn":
            assert np.array_equal(values[f"{prefix}blocks.{layer}.hook_resid_pre"], hidden_states[layer][0].numpy())
    if kind == "attn":
        last = prefix + "ln_final.hook_normalized"
        if last not in values:
            last = f"{prefix}blocks.{len(attentions) - 1}.ln2.hook_normalized"
        assert np.array_equal(values[last], hidden_states[-1][0].numpy())


def trace(model, ids, source_ids=None):
    """{hook name: array without a batch axis} of one pass over `ids`, in the model's own precision."""
    recorder = _Recorder(model)
    recorder.attach()
    inputs = {"input_ids": torch.tensor([ids])}
    if source_ids is not None:
        inputs = {"input_ids": torch.tensor([source_ids]), "decoder_input_ids": torch.tensor([ids])}
    if model.config.model_type not in ("bert", "roberta", "distilbert"):
        inputs["use_cache"] = False
    with torch.no_grad(), _precision(model.dtype), recorder.patched():
        output = model(**inputs, output_attentions=True, output_hidden_states=True)
    values = recorder.values
    if source_ids is None:
        _check(values, output, "", output.hidden_states, output.attentions)
    else:
        _check(values, output, "encoder.", output.encoder_hidden_states, output.encoder_attentions)
        _check(values, output, "decoder.", output.decoder_hidden_states, output.decoder_attentions)
        _check(values, output, "decoder.", None, output.cross_attentions, "cross_attn")
    if "logits" in output:
        classes = type(model).__name__.endswith("ForSequenceClassification")
        values["class_logits" if classes else "logits"] = (output.logits if classes else output.logits[0]).numpy()
    return values


def sentence_embedding(hidden, pooling, normalize):
    """sentence-transformers' pooling of a last hidden state [pos, d_model] without padding: [1, d_model]."""
    hidden = torch.from_numpy(hidden)
    pooled = hidden.mean(0, keepdim=True) if pooling == "mean" else hidden[:1]
    return (torch.nn.functional.normalize(pooled, p=2, dim=1) if normalize else pooled).numpy()

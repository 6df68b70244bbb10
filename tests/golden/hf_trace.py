"""Runs a transformers LlamaForCausalLM and returns every value under Headlight's hook names.

All values are what transformers itself computes (module inputs and outputs, and what its eager attention
returns). Two are not handed out by any module and are computed here: `hook_scale` of the norms, and the
attention scores, with the same expressions as the library's source.
"""
import numpy as np
import torch
from transformers import Phi3Config
from transformers.models.llama import modeling_llama
from transformers.models.phi3 import modeling_phi3

EAGER = modeling_llama.eager_attention_forward
ROTATE_ALL = modeling_llama.apply_rotary_pos_emb


def _float64_attention(module, query, key, value, attention_mask, scaling, dropout=0.0, **_):
    """The library's eager attention, but for its softmax, which it always takes in float32."""
    groups = module.num_key_value_groups
    keys, values = (modeling_llama.repeat_kv(x, groups) for x in (key, value))
    scores = torch.matmul(query, keys.transpose(2, 3)) * scaling + attention_mask
    pattern = torch.softmax(scores, dim=-1)
    return torch.matmul(pattern, values).transpose(1, 2).contiguous(), pattern


def _float64_norm(module):
    def forward(x):
        return module.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + module.variance_epsilon))
    return forward


def _float64_rotary(config, dimensions):
    base = config.rope_parameters["rope_theta"]
    frequencies = base ** (-torch.arange(0, dimensions, 2, dtype=torch.float64) / dimensions)

    def forward(_, position_ids):
        angles = position_ids[..., None].double() * frequencies
        angles = torch.cat((angles, angles), dim=-1)
        return angles.cos(), angles.sin()
    return forward


def in_float64(model):
    """The same model with every step in double precision, also those that the library pins to float32."""
    model = model.double()
    dimensions = 2 * model.model.rotary_emb.inv_freq.numel()
    model.model.rotary_emb.forward = _float64_rotary(model.config, dimensions)
    for module in model.modules():
        if isinstance(module, modeling_llama.LlamaRMSNorm):
            module.forward = _float64_norm(module)
    return model


def with_partial_rotary(model, dimensions):
    """A Llama whose heads turn only their first dimensions, with the library's own code for that: Phi-3's."""
    if dimensions != model.config.head_dim:
        config = model.config
        model.model.rotary_emb = modeling_phi3.Phi3RotaryEmbedding(Phi3Config(
            hidden_size=config.hidden_size, num_attention_heads=config.num_attention_heads, pad_token_id=None,
            rope_parameters={"rope_type": "default", "rope_theta": config.rope_parameters["rope_theta"],
                             "partial_rotary_factor": dimensions / config.head_dim}))
        assert 2 * model.model.rotary_emb.inv_freq.numel() == dimensions
    return model


class _Recorder:
    def __init__(self, model):
        self.model = model
        self.values = {}
        self.handles = []

    def keep(self, name, tensor, *shape):
        array = tensor.detach()[0] if tensor.dim() > 2 else tensor.detach()
        self.values[name] = (array.reshape(shape) if shape else array).numpy().copy()

    def on_output(self, module, name, *shape):
        def hook(_, __, output):
            self.keep(name, output[0] if isinstance(output, tuple) else output, *shape)
        self.handles.append(module.register_forward_hook(hook))

    def on_input(self, module, name):
        def hook(_, arguments, keywords):
            self.keep(name, arguments[0] if arguments else keywords["hidden_states"])
        self.handles.append(module.register_forward_pre_hook(hook, with_kwargs=True))

    def on_norm(self, module, name):
        def hook(_, arguments, output):
            x = arguments[0]
            self.keep(name + ".hook_scale", torch.sqrt(x.pow(2).mean(-1, keepdim=True) + module.variance_epsilon))
            self.keep(name + ".hook_normalized", output)
        self.handles.append(module.register_forward_hook(hook))

    def attention(self, module, query, key, value, attention_mask, scaling, **keywords):
        name = f"blocks.{module.layer_idx}.attn."
        compute = EAGER if query.dtype == torch.float32 else _float64_attention
        if attention_mask is None:  # a single token needs no mask
            attention_mask = torch.zeros((1, 1, query.shape[2], key.shape[2]), dtype=query.dtype)
        z, pattern = compute(module, query, key, value, attention_mask, scaling, **keywords)
        keys = modeling_llama.repeat_kv(key, module.num_key_value_groups)
        scores = torch.matmul(query, keys.transpose(2, 3)) * scaling
        positions = query.shape[2]
        future = torch.ones((positions, positions), dtype=torch.bool).triu(1)
        self.keep(name + "hook_rot_q", query.transpose(1, 2))
        self.keep(name + "hook_rot_k", key.transpose(1, 2))
        self.keep(name + "hook_attn_scores", scores.masked_fill(future, -torch.inf))
        self.keep(name + "hook_pattern", pattern)
        self.keep(name + "hook_z", z)
        return z, pattern

    def attach(self):
        model, config = self.model, self.model.config
        d_head = config.head_dim
        self.on_output(model.model.embed_tokens, "hook_embed")
        for number, layer in enumerate(model.model.layers):
            block, attention, mlp = f"blocks.{number}.", layer.self_attn, layer.mlp
            self.on_input(layer, block + "hook_resid_pre")
            self.on_norm(layer.input_layernorm, block + "ln1")
            self.on_output(attention.q_proj, block + "attn.hook_q", -1, config.num_attention_heads, d_head)
            self.on_output(attention.k_proj, block + "attn.hook_k", -1, config.num_key_value_heads, d_head)
            self.on_output(attention.v_proj, block + "attn.hook_v", -1, config.num_key_value_heads, d_head)
            self.on_output(attention, block + "hook_attn_out")
            self.on_input(layer.post_attention_layernorm, block + "hook_resid_mid")
            self.on_norm(layer.post_attention_layernorm, block + "ln2")
            self.on_output(mlp.gate_proj, block + "mlp.hook_pre")
            self.on_output(mlp.up_proj, block + "mlp.hook_pre_linear")
            self.on_input(mlp.down_proj, block + "mlp.hook_post")
            self.on_output(mlp, block + "hook_mlp_out")
            self.on_output(layer, block + "hook_resid_post")
        self.on_norm(model.model.norm, "ln_final")
        self.on_output(model.lm_head, "logits")

    def detach(self):
        for handle in self.handles:
            handle.remove()


def trace(model, ids):
    """{hook name: array without a batch axis} of one pass over `ids`, in the model's own precision."""
    model.config._attn_implementation = "eager"
    recorder = _Recorder(model.eval())
    recorder.attach()
    modeling_llama.eager_attention_forward = recorder.attention
    if 2 * model.model.rotary_emb.inv_freq.numel() != model.config.head_dim:
        modeling_llama.apply_rotary_pos_emb = modeling_phi3.apply_rotary_pos_emb
    try:
        with torch.no_grad():
            output = model(torch.tensor([ids]), use_cache=False, output_attentions=True,
                           output_hidden_states=True)
    finally:
        modeling_llama.eager_attention_forward = EAGER
        modeling_llama.apply_rotary_pos_emb = ROTATE_ALL
        recorder.detach()
    values = recorder.values
    # The library's public outputs say the same as the modules that were listened to.
    for layer, pattern in enumerate(output.attentions):
        assert np.array_equal(values[f"blocks.{layer}.attn.hook_pattern"], pattern[0].numpy())
        assert np.array_equal(values[f"blocks.{layer}.hook_resid_pre"], output.hidden_states[layer][0].numpy())
    assert np.array_equal(values["ln_final.hook_normalized"], output.hidden_states[-1][0].numpy())
    assert np.array_equal(values["logits"], output.logits[0].numpy())
    return values

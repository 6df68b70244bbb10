"""Writes what transformers computes for a model, for `headlight models check MODEL --against FILE.npz`.

    python write_reference.py MODEL --text "The cat sat on" --out FILE.npz
    python write_reference.py MODEL --source-text "A cat." --text "Eine" --out FILE.npz     encoder-decoders
    python write_reference.py MODEL --ids 1,7,12 --out FILE.npz                             without a tokenizer

MODEL is a directory or a name on the Hugging Face hub. Needs torch and transformers (5 or later). The file has the
token ids, the embedding, the residual stream before and after each block, every attention pattern, the last norm and
the logits, under the names that `headlight trace` uses, in float32. Models with their norms after the sum have
ln2.hook_normalized in place of hook_resid_post and ln_final.
"""
import argparse

import numpy as np
import torch
import transformers


def ids_of(model_name, ids, text, start=()):
    if ids is None and text is None:
        return None
    if ids is not None:
        return [int(number) for number in ids.split(",")]
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_name)
    if start:  # a decoder begins with its start token and not with the tokenizer's
        return [*start, *tokenizer(text_target=text, add_special_tokens=False).input_ids]
    return tokenizer(text).input_ids


def stack_values(prefix, stack, ids, hidden, patterns, last_input):
    scale = getattr(stack, "embed_scale", 1.0)  # of Marian, which multiplies outside of its embedding
    values = {prefix + "hook_embed": stack.get_input_embeddings()(ids) * scale}
    for layer, pattern in enumerate(patterns):
        block = f"{prefix}blocks.{layer}."
        values |= {block + "hook_resid_pre": hidden[layer], block + "attn.hook_pattern": pattern}
        if last_input is None:
            values[block + "ln2.hook_normalized"] = hidden[layer + 1]
        else:
            values[block + "hook_resid_post"] = hidden[layer + 1] if layer + 1 < len(patterns) else last_input
    return values if last_input is None else values | {prefix + "ln_final.hook_normalized": hidden[-1]}


def reference(model, ids, source_ids=None):
    stacks = {"": model.base_model} if source_ids is None else {
        "encoder.": model.get_encoder(), "decoder.": model.get_decoder()}
    last_inputs = {}
    for prefix, stack in stacks.items():
        for name in ("norm", "ln_f", "final_layer_norm"):
            if hasattr(stack, name):
                getattr(stack, name).register_forward_pre_hook(
                    lambda _, inputs, prefix=prefix: last_inputs.update({prefix: inputs[0]}))
    tokens = torch.tensor([ids])
    inputs = {"input_ids": tokens} if source_ids is None else {
        "input_ids": torch.tensor([source_ids]), "decoder_input_ids": tokens}
    with torch.no_grad():
        output = model(**inputs, output_hidden_states=True, output_attentions=True)
        values = {}
        for prefix, stack in stacks.items():
            kind = prefix.replace(".", "_")
            values |= stack_values(prefix, stack, inputs["input_ids"] if prefix != "decoder." else tokens,
                                   output[kind + "hidden_states"], output[kind + "attentions"],
                                   last_inputs.get(prefix))
    for layer, pattern in enumerate(output.get("cross_attentions") or ()):
        values[f"decoder.blocks.{layer}.cross_attn.hook_pattern"] = pattern
    if "logits" in output:
        values["logits" if output.logits.dim() > 2 else "class_logits"] = output.logits
    arrays = {name: (value[0] if value.dim() > 2 else value).float().numpy() for name, value in values.items()}
    arrays["tokens"] = np.array(ids, np.int64)
    return arrays if source_ids is None else arrays | {"source_tokens": np.array(source_ids, np.int64)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    for option in ("--text", "--ids", "--source-text", "--source-ids"):
        parser.add_argument(option)
    parser.add_argument("--out", required=True)
    chosen = parser.parse_args()
    config = transformers.AutoConfig.from_pretrained(chosen.model)
    model = getattr(transformers, config.architectures[0]).from_pretrained(
        chosen.model, dtype=torch.float32, attn_implementation="eager").eval()
    start = [config.decoder_start_token_id] if config.is_encoder_decoder else ()
    ids, source_ids = (ids_of(chosen.model, chosen.ids, chosen.text, start),
                       ids_of(chosen.model, chosen.source_ids, chosen.source_text))
    if ids is None or config.is_encoder_decoder != (source_ids is not None):
        parser.error("give --text or --ids, and --source-text or --source-ids for an encoder-decoder only")
    np.savez(chosen.out, **reference(model, ids, source_ids))

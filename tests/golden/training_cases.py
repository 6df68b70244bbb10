"""The models and batches of make_training.py: each kind of block that can be trained, each objective that reads tokens.

A case with a `model` is new; one without uses the files of families/ that `folder` names.
"""
import dataclasses

import numpy as np

from family_cases import BERT, CASES, LLAMA, MARIAN, Case

IGNORED = -100  # a position without a target
MASK_ID = 3     # stands where a masked LM is asked for a token
STEPS = 10


@dataclasses.dataclass
class TrainingCase:
    name: str
    objective: str  # next_token, masked_lm, classes or translation
    covers: str
    model: Case = None
    folder: str = None
    optimizer: bool = False  # STEPS updates as well


def new(name, objective, covers, model, config, optimizer=False, **more):
    return TrainingCase(name, objective, covers, model=Case(name, model, config, covers, **more),
                        folder=f"training/{name}", optimizer=optimizer)


def of_family(name, objective, training_name=None):
    covers = next(case.covers for case in CASES if case.name == name)
    return TrainingCase(training_name or name, objective, covers, folder=f"families/{name}")


TRAINING_CASES = [
    new("llama_tied", "next_token", "RMSNorm, rotary, SwiGLU, 4 heads on 2, tied output; sizes that are no powers of two",
        "LlamaForCausalLM", LLAMA | dict(vocab_size=51, hidden_size=24, intermediate_size=40, tie_word_embeddings=True),
        optimizer=True, embed_std=0.3),
    new("bert_masked", "masked_lm", "LayerNorm after the sum, learned positions, token types, exact gelu, masked-LM head",
        "BertForMaskedLM", BERT | dict(hidden_act="gelu", vocab_size=50), optimizer=True,
        embed_std=0.3),
    of_family("marian_shared", "translation"),
    new("marian_gelu", "translation", "sinusoidal positions, cross-attention, exact gelu, embedding scale, two layers each",
        "MarianMTModel", MARIAN | dict(encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
                                       decoder_attention_heads=4, decoder_ffn_dim=24, scale_embedding=True,
                                       activation_function="gelu"), embed_std=0.3),
    new("llama_untied", "next_token", "as many key/value heads as heads, own output matrix", "LlamaForCausalLM",
        LLAMA | dict(num_key_value_heads=4, tie_word_embeddings=False)),
    of_family("qwen2_plain", "next_token"),
    of_family("mistral_window", "next_token"),
    of_family("gpt2_tied", "next_token"),
    new("bert_classes", "classes", "pooler and classifier with 2 labels, exact gelu", "BertForSequenceClassification",
        BERT | dict(hidden_act="gelu", num_labels=2)),
    of_family("distilbert_masked", "masked_lm"),
    of_family("bart_gelu", "translation"),
    of_family("t5_gated", "translation"),
]


def next_token(random, config, low, length):
    ids = random.integers(low, config.vocab_size, length)
    targets = np.append(ids[1:], IGNORED)
    targets[random.choice(length - 1, length // 4, replace=False)] = IGNORED
    return {"ids": ids, "targets": targets}


def masked_lm(random, config, low, length):
    """A third has targets; of those about two thirds are masked, the others another token or the same (Devlin 2019)."""
    targets, ids = np.full(length, IGNORED), random.integers(low, config.vocab_size, length)
    for number, place in enumerate(sorted(random.choice(length, length // 3, replace=False))):
        targets[place] = ids[place]
        ids[place] = ids[place] if number % 4 == 3 else MASK_ID
    return {"ids": ids, "targets": targets}


def translation(random, config, low, length):
    """The decoder reads the start token and then its own targets; one target is left out."""
    start, end = config.decoder_start_token_id, config.eos_token_id
    high = config.vocab_size - 1  # Marian's last token is the padding
    targets = np.append(random.integers(low, high, length - 1), end)
    ids = np.append(start, targets[:-1])
    targets[length // 2] = IGNORED
    return {"source": random.integers(low, high, 16 - length), "ids": ids, "targets": targets}


def classes(random, config, low, length):
    return {"ids": random.integers(low, config.vocab_size, length), "label": int(random.integers(config.num_labels))}


def batch(case, config, random):
    """Two sequences of different lengths."""
    make = {"next_token": next_token, "masked_lm": masked_lm, "translation": translation, "classes": classes}
    low = 1 if config.model_type == "marian" else 4
    sequences = [make[case.objective](random, config, low, length) for length in (11, 7)]
    if case.objective == "classes":
        sequences[1]["label"] = (sequences[0]["label"] + 1) % config.num_labels
    return [{key: value if isinstance(value, int) else value.tolist() for key, value in sequence.items()}
            for sequence in sequences]

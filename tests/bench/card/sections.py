"""What the parts of a card share: models, tables, both languages."""
import json
from pathlib import Path
from types import SimpleNamespace

import torch
import transformers
from safetensors.torch import load_file

transformers.utils.logging.disable_progress_bar()


class Recurrent(torch.nn.Module):
    """A recurrent network of headlight train, as torch.nn.GRU computes it; asked like a decoder of transformers."""

    def __init__(self, folder, config):
        super().__init__()
        width, layers = config["hidden_size"], config["num_layers"]
        self.embedding = torch.nn.Embedding(config["vocab_size"], width)
        self.gru = torch.nn.GRU(width, width, layers, batch_first=True)
        self.config = SimpleNamespace(max_position_embeddings=2**31)  # no longest text
        self.load_state_dict({name: value.float() for name, value in load_file(Path(folder) / "model.safetensors").items()})

    def forward(self, input_ids, past_key_values=None, use_cache=False):
        states, last = self.gru(self.embedding(input_ids), past_key_values)
        return SimpleNamespace(logits=states @ self.embedding.weight.T, past_key_values=last)


def load(folder, kind="AutoModelForCausalLM", **options):
    """The model in float32, ready to be asked."""
    config = config_of(Path(folder) / "config.json")
    if config["model_type"] == "gru":
        return Recurrent(folder, config).eval()
    return getattr(transformers, kind).from_pretrained(folder, dtype=torch.float32, **options).eval()


def config_of(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


def context_of(config, model):
    """The most tokens of a text, as the trainer has them; a config with "start_from" leaves them to the model in this folder."""
    most = config["training"].get("context") or config["model"].get("max_position_embeddings")
    return most or config_of(Path(model) / "config.json")["max_position_embeddings"]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


# What the configs and the tables call in English, for the Korean half of a card.
KOREAN_NAMES = {
    "picture books, Korean": "한국어 그림책", "film reviews": "영화 리뷰", "children's stories, English": "영어 어린이 이야기",
    "plan stories, Korean": "한국어 줄거리 이야기", "picture book pages": "그림책",
    "held-out sentences by a grammar": "떼어 둔 문법 문장", "held-out everyday sentences": "떼어 둔 일상 문장",
    "everyday sentences for the end": "마지막 확인용 일상 문장", "eye (눈)": "보는 눈", "snow (눈)": "내리는 눈", "both": "둘 다", "all": "모두",
}


def korean_table(head, rows):
    in_korean = lambda cells: [KOREAN_NAMES.get(cell, cell) for cell in cells]
    return table(in_korean(head), [in_korean(row) for row in rows])


def show(title, body, korean_title, korean_body):
    print(f"## {title}\n\n{body}\n\n## {korean_title}\n\n{korean_body}\n", flush=True)


def quoted(text):
    return text.replace("\n", " ⏎ ").replace("|", "\\|").strip()


@torch.inference_mode()
def continued(model, ids, tokens, temperature, seed, end):
    """Up to so many tokens behind these, drawn from softmax(logits / temperature); 0: always the likeliest."""
    generator = torch.Generator().manual_seed(seed)
    room = min(tokens, model.config.max_position_embeddings - len(ids))
    drawn, cache, given = [], None, torch.tensor([ids])
    for _ in range(room):
        output = model(input_ids=given, past_key_values=cache, use_cache=True)
        cache, logits = output.past_key_values, output.logits[0, -1]
        if temperature > 0:
            chosen = torch.multinomial(torch.softmax(logits / temperature, -1), 1, generator=generator).item()
        else:
            chosen = logits.argmax().item()
        if chosen == end:
            break
        drawn.append(chosen)
        given = torch.tensor([[chosen]])
    return drawn

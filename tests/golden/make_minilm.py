"""Writes minilm.json: sentence embeddings of all-MiniLM-L6-v2 as transformers computes them.

    python make_minilm.py DIRECTORY        the model's folder, as `headlight models get all-minilm-l6-v2` leaves it

The mean over all tokens and the division by the length are done here in float64, from transformers' float32 states.
"""
import json
import pathlib
import platform
import sys

import torch
import transformers

SENTENCES = [
    "The cat sleeps on the warm window sill.",
    "A kitten is taking a nap in the sun.",
    "고양이가 따뜻한 창가에서 잠을 잡니다.",
    "Interest rates rose again this quarter.",
    "We won! 🎉👩🏽‍🚀 See you at the launch 🚀",
    "f(x) = x² + 1; naïve café, 3,141.59",
]


def main():
    folder = pathlib.Path(sys.argv[1])
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    entries = []
    for sentence in SENTENCES:
        ids = tokenizer(sentence, return_tensors="pt")
        with torch.no_grad():
            states = model(**ids).last_hidden_state[0].double()
        mean = states.mean(dim=0)
        embedding = mean / mean.norm()
        entries.append({"text": sentence, "ids": ids["input_ids"][0].tolist(),
                        "embedding": [float(f"{value:.9g}") for value in embedding.tolist()]})
    made_with = {"python": platform.python_version(), "torch": torch.__version__,
                 "transformers": transformers.__version__}
    out = pathlib.Path(__file__).with_name("minilm.json")
    out.write_text(json.dumps({"made_with": made_with, "sentences": entries}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

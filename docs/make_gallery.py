#!/usr/bin/env python3
"""Draws every view of the program off screen, in both themes, both languages and two sizes, and writes a page that
shows them side by side: for the eye, after a change of the interface.

    ./run build
    python3 docs/make_gallery.py [--out FOLDER] [--only lens] [--sizes 1280x720] [--themes dark] [--languages en]

Reads build/release/headlight, writes FOLDER/*.png and FOLDER/index.html (FOLDER: build/gallery).
"""

import argparse
import concurrent.futures
import html
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build/release/headlight"

CAPITAL = ["--text", "The capital of France is", "--layer", "23", "--head", "4"]
SHOPS = ["--text", "When John and Mary went to the shops, John gave the bag to", "--layer", "24", "--head", "4"]
FOX = ["--text", "The quick brown fox jumped over the lazy dog. The quick brown fox jumped over the lazy", "--layer", "17",
       "--head", "4"]
KOREAN = ["--text", "안녕하세요. 나는 학교에 갑니다.", "--layer", "3", "--head", "2"]
LONG = ["--text", " ".join(f"Step {n}: the lamp on the table of room {n * 7 % 31} is lit." for n in range(25)), "--layer", "17",
        "--head", "4"]
ENCODER = ["--model", "all-minilm-l6-v2", "--text", "The cat sat on the mat.\nA dog lay on the rug.\n고양이가 앉았다."]

FOX_TEXT, CAPITAL_TEXT = FOX[1], CAPITAL[1]
# What has no option of its own, as a session. (Those of the prompt are chosen beneath it.)
SESSIONS = {
    "wall_effect": {"text": "When Mary and John went to the shop, John gave a drink to", "view": "attention",
                    "attention_mode": "wall", "layer": 23, "head": 3, "attention": {"order": "effect"},
                    "lens": {"target": 5099, "distractor": 2322}},  # Mary, John
    "points_3d": {"text": FOX_TEXT, "view": "embeddings", "embedding_layer": 18, "layer": 17, "head": 4,
                  "embedding": {"picture": "points", "dimensions": 3}},
    "points_umap": {"text": LONG[1], "view": "embeddings", "embedding_layer": 18, "layer": 17, "head": 4,
                    "embedding": {"picture": "points", "method": "umap"}},
    "points_paths": {"text": CAPITAL_TEXT, "view": "embeddings", "embedding_layer": 30, "layer": 29,
                     "embedding": {"picture": "points", "trajectories": True}},
    "prompt_history": {"text": FOX_TEXT, "view": "flow", "layer": 23, "head": 4, "prompt": {"detail": "history"}},
    "prompt_bytes": {"text": KOREAN[1], "view": "flow", "layer": 3, "head": 2, "prompt": {"detail": "hangul"}},
    "prompt_tokenizers": {"text": KOREAN[1], "view": "flow", "layer": 3, "head": 2,
                          "prompt": {"detail": "second_tokenizer", "second_model": "all-minilm-l6-v2"}},
    "prompt_surprisal": {"text": FOX_TEXT, "view": "flow", "layer": 23, "head": 4,
                         "prompt": {"color_by_surprisal": True}},
    "learning_gru": {"model": "tiny-induction", "text": "kqzmtkqzmt", "view": "learning", "learning": {"rival": True}},
}

# name: options. Every tab and every picture of attention, embeddings and lens stands here once at least, and no
# picture twice (tests/gallery_rules.py). A scene with a size of its own is drawn in that one alone.
SCENES = {
    "flow": ["--view", "flow", *CAPITAL],
    "flow_attention": ["--view", "flow", "--part", "attention", *CAPITAL],
    "flow_mlp": ["--view", "flow", "--part", "mlp", *CAPITAL],
    "flow_long": ["--view", "flow", *LONG],
    "flow_encoder": ["--view", "flow", *ENCODER],
    "wall": ["--view", "wall", *FOX],
    "wall_long": ["--view", "wall", *LONG],
    "wall_effect": ["--session", "wall_effect"],
    "matrix": ["--view", "matrix", *SHOPS],
    "matrix_long": ["--view", "matrix", *LONG],
    "row": ["--view", "row", *SHOPS],
    "arcs": ["--view", "arcs", *SHOPS],
    "arcs_encoder": ["--view", "arcs", *ENCODER],
    "heat": ["--view", "heat", *FOX],
    "neuron": ["--view", "neuron", *SHOPS],
    "rollout": ["--view", "rollout", *SHOPS],
    "points": ["--view", "points", *FOX],
    "points_korean": ["--view", "points", *KOREAN],
    "similarity": ["--view", "similarity", *SHOPS],
    "neighbors": ["--view", "neighbors", *CAPITAL],
    "arithmetic": ["--view", "arithmetic", *CAPITAL],
    "positions": ["--view", "positions", *CAPITAL],
    "block": ["--view", "block", *CAPITAL],
    "grid": ["--view", "grid", *SHOPS],
    "grid_long": ["--view", "grid", *LONG],
    "ranks": ["--view", "ranks", *SHOPS],
    "attribution": ["--view", "attribution", *SHOPS],
    "loss": ["--view", "loss", *SHOPS],
    "learning": ["--view", "learning", "--model", "tiny-induction", "--text", "kqzmtkqzmt"],
    "learning_run": ["--view", "learning", "--train-steps", "400", "--model", "tiny-induction", "--text", "kqzmtkqzmt"],
    "lesson": ["--lesson", "attention_by_hand", "--step", "1"],
    "presenter": ["--presenter", "--view", "flow", *CAPITAL],
    "presenter_wall": ["--presenter", "--view", "wall", *FOX],
    "sampling": ["--view", "flow", "--size", "1280x1440", *CAPITAL],  # open where there is room for it
    "model": ["--dialog", "model", *CAPITAL],
    "model_picture": ["--dialog", "model", "--part", "picture", *CAPITAL],
    "model_tensors": ["--dialog", "model", "--part", "tensors", *CAPITAL],
    "model_others": ["--dialog", "model", "--part", "others", *CAPITAL],
    "model_check": ["--dialog", "model", "--part", "check", *CAPITAL],
    "catalog": ["--dialog", "catalog", *CAPITAL],
    "help": ["--dialog", "help", *CAPITAL],
    "empty": ["--view", "flow", "--text", ""],
    "korean": ["--view", "flow", *KOREAN],
    **{name: ["--session", name] for name in SESSIONS},
    "learning_gru": ["--session", "learning_gru", "--train-steps", "100"],
}


def write_sessions(folder):
    """The scenes whose options name a session, with its file instead."""
    scenes = {}
    for name, options in SCENES.items():
        scenes[name] = list(options)
        if name in SESSIONS:
            file = folder / f"{name}.headlight.json"
            document = {"model": "smollm2-135m", **SESSIONS[name]}
            session = {"format": "headlight session", "version": 1, "document": document}
            file.write_text(json.dumps(session, ensure_ascii=False), encoding="utf-8")
            scenes[name] = ["--session", str(file), *options[2:]]
    return scenes


def draw(job):
    picture, options = job
    command = [str(PROGRAM), *options, "--screenshot", str(picture)]
    try:
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return picture, "no picture after 300 s"
    return picture, "" if ran.returncode == 0 else ran.stderr.strip() or f"exit code {ran.returncode}"


def page(jobs, failures):
    rows = []
    for picture, _ in jobs:
        name = html.escape(picture.name)
        body = (f"<p>{html.escape(failures[picture])}</p>" if picture in failures
                else f'<a href="{name}"><img src="{name}" loading="lazy" alt="{name}"></a>')
        rows.append(f"<figure>{body}<figcaption>{name}</figcaption></figure>")
    return ("<!doctype html><meta charset=utf-8><title>Headlight</title><style>body{background:#888;margin:1em}"
            "figure{display:inline-block;margin:.5em;width:47%}img{width:100%}</style>" + "\n".join(rows))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, default=ROOT / "build/gallery")
    arguments.add_argument("--only", nargs="*", default=[], help="scenes whose names begin so")
    arguments.add_argument("--sizes", nargs="*", default=["1280x720", "1920x1080"])
    arguments.add_argument("--themes", nargs="*", default=["dark", "light"])
    arguments.add_argument("--languages", nargs="*", default=["en", "ko"])
    arguments.add_argument("--jobs", type=int, default=2)
    with_options = arguments.parse_args()
    if not PROGRAM.exists():
        sys.exit(f"{PROGRAM} is not built: ./run build")
    with_options.out.mkdir(parents=True, exist_ok=True)
    jobs = []
    for scene, options in write_sessions(with_options.out).items():
        if with_options.only and not scene.startswith(tuple(with_options.only)):
            continue
        sizes = with_options.sizes
        if "--size" in options:
            at = options.index("--size")
            sizes, options = [options[at + 1]], options[:at] + options[at + 2:]
        for theme in with_options.themes:
            for language in with_options.languages:
                for size in sizes:
                    picture = with_options.out / f"{scene}_{theme}_{language}_{size}.png"
                    jobs.append((picture, [*options, "--theme", theme, "--lang", language, "--size", size]))
    failures = {}
    with concurrent.futures.ThreadPoolExecutor(with_options.jobs) as pool:
        for picture, failure in pool.map(draw, jobs):
            print(picture.name, failure or "ok", flush=True)
            if failure:
                failures[picture] = failure
    (with_options.out / "index.html").write_text(page(jobs, failures), encoding="utf-8")
    print(f"{len(jobs) - len(failures)} of {len(jobs)} pictures: {with_options.out / 'index.html'}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

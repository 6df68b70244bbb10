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

# name: options. Every tab and every picture of attention stands here once at least (tests/gallery_rules.py).
SCENES = {
    "flow": ["--view", "flow", *CAPITAL],
    "flow_long": ["--view", "flow", *LONG],
    "flow_encoder": ["--view", "flow", *ENCODER],
    "attention": ["--view", "attention", *SHOPS],
    "wall": ["--view", "wall", *FOX],
    "wall_long": ["--view", "wall", *LONG],
    "matrix": ["--view", "matrix", *SHOPS],
    "matrix_long": ["--view", "matrix", *LONG],
    "row": ["--view", "row", *SHOPS],
    "arcs": ["--view", "arcs", *SHOPS],
    "arcs_encoder": ["--view", "arcs", *ENCODER],
    "heat": ["--view", "heat", *FOX],
    "neuron": ["--view", "neuron", *SHOPS],
    "rollout": ["--view", "rollout", *SHOPS],
    "embeddings": ["--view", "embeddings", *FOX],
    "embeddings_korean": ["--view", "embeddings", *KOREAN],
    "points": ["--view", "points", *SHOPS],
    "similarity": ["--view", "similarity", *SHOPS],
    "neighbors": ["--view", "neighbors", *CAPITAL],
    "arithmetic": ["--view", "arithmetic", *CAPITAL],
    "positions": ["--view", "positions", *CAPITAL],
    "block": ["--view", "block", *CAPITAL],
    "lens": ["--view", "lens", *CAPITAL],
    "lens_long": ["--view", "lens", *LONG],
    "grid": ["--view", "grid", *SHOPS],
    "ranks": ["--view", "ranks", *SHOPS],
    "attribution": ["--view", "attribution", *SHOPS],
    "loss": ["--view", "loss", *SHOPS],
    "learning": ["--view", "learning", "--model", "tiny-induction", "--text", "kqzmtkqzmt"],
    "learning_run": ["--view", "learning", "--train-steps", "400", "--model", "tiny-induction", "--text", "kqzmtkqzmt"],
    "lesson": ["--lesson", "attention_by_hand", "--step", "1"],
    "presenter": ["--presenter", "--view", "flow", *CAPITAL],
    "presenter_wall": ["--presenter", "--view", "wall", *FOX],
    "model": ["--dialog", "model", *CAPITAL],
    "catalog": ["--dialog", "catalog", *CAPITAL],
    "help": ["--dialog", "help", *CAPITAL],
    "empty": ["--view", "flow", "--text", ""],
    "korean": ["--view", "flow", *KOREAN],
}


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
    for scene, options in SCENES.items():
        if with_options.only and not scene.startswith(tuple(with_options.only)):
            continue
        for theme in with_options.themes:
            for language in with_options.languages:
                for size in with_options.sizes:
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

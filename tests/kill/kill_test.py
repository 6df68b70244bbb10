#!/usr/bin/env python3
"""Kills a program at random moments while it edits, and each time opens what it left.

    kill_test.py --typist BUILD/session_typist [--window BUILD/window_typist --model M.gguf] [--kills N] [--window-kills M]

Each time the session must open, be whole, and have everything that was edited a second before the kill. HEADLIGHT_KILLS
and HEADLIGHT_WINDOW_KILLS replace the numbers.
"""
import argparse
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST_LOST = 1.0  # seconds


def read_lines(program, seconds):
    """What a program prints within `seconds`, as (number, seconds on the steady clock)."""
    end = time.monotonic() + seconds
    text = b""
    while (left := end - time.monotonic()) > 0:
        if select.select([program.stdout], [], [], left)[0]:
            piece = os.read(program.stdout.fileno(), 1 << 16)
            if not piece:
                break
            text += piece
    return text


def parse(text):
    lines = text.decode().split("\n")[:-1]  # the last one may be cut
    return [(int(number), int(when) / 1e9) for number, when in (line.split() for line in lines)]


def kill_once(words, environment, seconds, lines_within, lines=1):
    """Runs, waits for `lines` lines, kills `seconds` later. Returns all lines and the moment of the kill."""
    program = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment)
    try:
        text = b""
        deadline = time.monotonic() + lines_within
        while text.count(b"\n") < lines and time.monotonic() < deadline and program.poll() is None:
            text += read_lines(program, 0.05)
        if text.count(b"\n") < lines:
            raise AssertionError(f"{words[0]} printed less than {lines} lines (exit {program.poll()})")
        text += read_lines(program, seconds)
        if program.poll() is not None:
            raise AssertionError(f"{words[0]} ended by itself with {program.poll()}")
    finally:
        killed = time.monotonic()
        program.send_signal(signal.SIGKILL)
        text += program.stdout.read()
        program.wait()
    return parse(text), killed


def ask(words):
    result = subprocess.run(words, capture_output=True, text=True)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: {result.stderr.strip()}")
    return int(result.stdout)


class Report:
    def __init__(self, title):
        self.title, self.lost, self.edits, self.before_first = title, [], 0, 0

    def check(self, lines, killed, saved):
        """`saved`: the number that the disk has, or None when there is no file yet."""
        due = [number for number, when in lines if when <= killed - MOST_LOST]
        if saved is None:
            assert not due, f"{len(due)} edits older than a second, and no file"
            self.before_first += 1
            return
        assert not due or saved >= max(due), f"edit {max(due)} was a second old, the file has {saved}"
        newer = [when for number, when in lines if number > saved]
        self.lost.append(killed - min(newer) if newer else 0.0)
        self.edits += len(lines)

    def say(self):
        lost = sorted(self.lost)
        middle, most = (lost[len(lost) // 2], lost[-1]) if lost else (0, 0)
        print(f"{self.title}: {len(lost) + self.before_first} kills, {self.edits} edits, every session opened; "
              f"lost at most {most:.2f} s, half the time under {middle:.2f} s", flush=True)


def kill_typist(typist, kills, folder):
    report = Report("document and autosave")
    session = Path(folder) / "session.json"
    for _ in range(kills):
        lines, killed = kill_once([typist, str(folder)], None, random.uniform(0.0, 1.6), 20)
        report.check(lines, killed, ask([typist, "--check", session]) if session.exists() else None)
    left = [name for name in os.listdir(folder) if ".unfinished-" in name]
    assert len(left) <= 1, f"interrupted writes pile up: {left}"
    report.say()


def kill_window(window, typist, model, kills, folder):
    report = Report("the window")
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder / "config"), "XDG_STATE_HOME": str(folder / "state"),
                   "LIBGL_ALWAYS_SOFTWARE": "1"}
    session = folder / "state" / "headlight" / "session.json"
    before = None
    for _ in range(kills):
        before_typing = random.random() < 0.2  # while it starts
        lines, killed = kill_once([window, model], environment, random.uniform(0.0, 2.5), 60, 1 if before_typing else 2)
        if before is not None:
            assert lines[0][0] == before, f"{before} bytes were saved, the window opened with {lines[0][0]}"
        before = ask([typist, "--length", session]) if session.exists() else None
        report.check(lines[1:], killed, before)
    report.say()


def start_display():
    """A display of our own: its process, or None without Xvfb."""
    if not shutil.which("Xvfb"):
        return None
    read_end, write_end = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
                              pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    with os.fdopen(read_end) as told:
        os.environ["DISPLAY"] = ":" + told.readline().strip()
    return server


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--typist", required=True)
    parser.add_argument("--window")
    parser.add_argument("--model")
    parser.add_argument("--kills", type=int, default=int(os.environ.get("HEADLIGHT_KILLS", 20)))
    parser.add_argument("--window-kills", type=int, default=int(os.environ.get("HEADLIGHT_WINDOW_KILLS", 3)))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kill_typist(options.typist, options.kills, folder)
    if not options.window:
        return
    server = start_display()
    if server is None:
        print("the window is not killed: there is no Xvfb to open it on")
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            kill_window(options.window, options.typist, options.model, options.window_kills, Path(folder))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        print(f"FAILED: {error}")
        sys.exit(1)

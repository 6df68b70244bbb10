#!/usr/bin/env python3
"""The words of the interface and the code that shows them: nothing asked for that is not written, nothing written that
is not shown. `python3 tests/string_rules.py` lists every breach. (That both languages are there, with the same fields,
is a test of gui_tests.)

A key stands in the code whole, "status.tokens", or as a beginning that ends in a dot or an underscore, "help.word.",
to which the code adds a name; or it is such a key with an ending that stands there, ".masked".
"""

import json
import re
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
BEGINNING = re.compile(r"[a-z][a-z0-9_]*\.([a-z0-9_]+[._])*([a-z0-9_]+[._])?")
# Keys that are put together in other ways: hook_words.cpp picks a sentence of a hook, and its title in the flow, by what
# the model is.
BUILT = ("hook.", "flow.part.")
ENDING = re.compile(r"[._][a-z][a-z0-9_]*")
FILE_NAMES = (".headlight",)


def keys_of(root):
    keys = set()
    for file in sorted((root / "assets/strings").glob("*.json")):
        keys |= set(json.loads(file.read_text(encoding="utf-8")))
    return keys


def literals_of(root):
    """Every string in the sources of the window, with the file that it stands in."""
    found = {}
    for folder in ("gui", "core/session", "core/analysis", "core/forward"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".cpp", ".h"):
                continue
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.lstrip().startswith(("#include", "//")):
                    continue
                for literal in LITERAL.findall(line):
                    found.setdefault(literal, file.relative_to(root))
    return found


def missing_keys(root):
    """Strings of the window that look like a key of an area, and name none."""
    keys = keys_of(root)
    areas = {key.split(".")[0] for key in keys}
    breaches = []
    for literal, file in literals_of(root).items():
        if literal.endswith(FILE_NAMES) or not KEY.fullmatch(literal) or literal.split(".")[0] not in areas or not str(file).startswith("gui"):
            continue
        if literal not in keys and not any(key.startswith((literal + ".", literal)) for key in keys):
            breaches.append(f"{file}: there is no text '{literal}' in assets/strings")
    return breaches


def unused_keys(root):
    literals = set(literals_of(root))
    beginnings = tuple(l for l in literals if BEGINNING.fullmatch(l) and l[-1] in "._")
    endings = {l for l in literals if ENDING.fullmatch(l)}

    def is_used(key):
        if key in literals or key.startswith(beginnings) or key.startswith(BUILT):
            return True
        return any(key.endswith(ending) and is_used(key[: -len(ending)]) for ending in endings)

    return [f"assets/strings: nothing in the code shows '{key}'" for key in sorted(keys_of(root)) if not is_used(key)]


RULES = (missing_keys, unused_keys)


class StringsTest(unittest.TestCase):
    def test_repository_keeps_every_rule(self):
        for rule in RULES:
            self.assertEqual(rule(ROOT), [], rule.__name__)

    def test_every_rule_can_fail(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "assets/strings").mkdir(parents=True)
            (root / "gui").mkdir()
            (root / "assets/strings/area.json").write_text('{"area.here": {}, "area.list.one": {}, "area.alone": {}}')
            (root / "gui/view.cpp").write_text('text("area.here"); text("area.gone"); text("area.list." + name);\n')
            self.assertEqual(missing_keys(root), ["gui/view.cpp: there is no text 'area.gone' in assets/strings"])
            self.assertEqual(unused_keys(root), ["assets/strings: nothing in the code shows 'area.alone'"])


if __name__ == "__main__":
    unittest.main()

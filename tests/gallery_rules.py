#!/usr/bin/env python3
"""docs/make_gallery.py draws every tab and every picture of attention that the program has."""

import importlib.util
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def view_names():
    header = (ROOT / "core/session/document_names.h").read_text(encoding="utf-8")
    return re.findall(r'Named<(?:CenterView|AttentionMode|EmbeddingPicture|LensPart)>\{"(\w+)"', header)


class GalleryTest(unittest.TestCase):
    def test_every_view_has_a_scene(self):
        spec = importlib.util.spec_from_file_location("make_gallery", ROOT / "docs/make_gallery.py")
        gallery = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(gallery)
        shown = {options[options.index("--view") + 1] for options in gallery.SCENES.values() if "--view" in options}
        names = view_names()
        self.assertGreaterEqual(len(names), 8)
        self.assertEqual([name for name in names if name not in shown], [])
        self.assertEqual([name for name in shown if name not in names], [])


if __name__ == "__main__":
    unittest.main()

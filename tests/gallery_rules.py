#!/usr/bin/env python3
"""docs/make_gallery.py draws every tab and every picture of attention, embeddings and lens, and none twice."""

import importlib.util
import json
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


# Tabs whose view is one of several pictures: --view with the tab's name draws the first of these.
TABS_OF_PICTURES = {"attention": "AttentionMode", "embeddings": "EmbeddingPicture", "lens": "LensPart"}


def view_names(kinds="CenterView|AttentionMode|EmbeddingPicture|LensPart"):
    header = (ROOT / "core/session/document_names.h").read_text(encoding="utf-8")
    return re.findall(rf'Named<(?:{kinds})>\{{"(\w+)"', header)


class GalleryTest(unittest.TestCase):
    def setUp(self):
        spec = importlib.util.spec_from_file_location("make_gallery", ROOT / "docs/make_gallery.py")
        self.gallery = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.gallery)

    def test_every_view_has_a_scene(self):
        shown = [options[options.index("--view") + 1] for options in self.gallery.SCENES.values() if "--view" in options]
        names = view_names()
        self.assertGreaterEqual(len(names), 8)
        for tab, kind in TABS_OF_PICTURES.items():
            self.assertIn(tab, names)
            self.assertGreaterEqual(len(view_names(kind)), 4)
        self.assertEqual([name for name in names if name not in shown and name not in TABS_OF_PICTURES], [])
        self.assertEqual([name for name in shown if name not in names], [])
        self.assertEqual([name for name in shown if name in TABS_OF_PICTURES], [], "one of its pictures is the same")

    def test_no_picture_is_drawn_twice(self):
        seen = {}
        for name, options in self.gallery.SCENES.items():
            session = json.dumps(self.gallery.SESSIONS.get(name))
            same = seen.setdefault((tuple(options), session) if name not in self.gallery.SESSIONS else session, name)
            self.assertEqual(same, name)

    def test_sessions_and_parts_have_scenes(self):
        self.assertEqual([name for name in self.gallery.SESSIONS if name not in self.gallery.SCENES], [])
        source = (ROOT / "core/command_line/command_line.cpp").read_text(encoding="utf-8")
        parts = re.findall(r'"(\w+)"', re.search(r'options\.part.*?IsMember\(\{(.*?)\}\)', source, re.S).group(1))
        shown = {options[options.index("--part") + 1] for options in self.gallery.SCENES.values() if "--part" in options}
        self.assertEqual(sorted(parts), sorted(shown))


if __name__ == "__main__":
    unittest.main()

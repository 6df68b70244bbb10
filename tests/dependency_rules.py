#!/usr/bin/env python3
"""The rules of the house that a compiler does not check. `python3 tests/dependency_rules.py` lists every breach.

Each rule is a function from a tree of files to sentences; the second half feeds every rule a small bad tree, so that
a rule that can no longer fail is itself noticed.
"""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ["base", "text", "model_files", "model", "backends", "forward", "analysis", "training", "session", "command_line"]
MOST_LINES = 600
GRAPHICS = re.compile(r"imgui|implot|GLFW/|GL/|GLES|EGL/|epoxy/|glad/", re.IGNORECASE)
EIGEN_ROOMS = ("core/backends/cpu/", "core/analysis/", "core/training/")
# What the window may know of core besides session and analysis.
GUI_MAY_INCLUDE = ("core/base/errors.h", "core/base/bytes_text.h", "core/base/bilingual.h", "core/base/said_in_both.h", "core/base/base64.h", "core/base/whole_file.h", "core/session/", "core/analysis/", "core/text/tokenizer.h", "core/text/token_ids.h", "core/text/graphemes.h",
                   "core/forward/hooks.h", "core/forward/trace.h", "core/forward/trace_file.h", "core/forward/derived_values.h", "core/forward/derived_pattern.h", "core/model/model.h",
                   "core/model/has_weights.h", "core/model/catalog.h")
WHERE_THE_PROGRAM_STARTS = ("gui/main.cpp", "gui/app.h", "gui/app.cpp", "gui/frame_cost.h")  # these may also read the command line
# Bytes become numbers in byte_reader.h, and blocks of weights in number_formats.cpp. The parsing rooms may not even copy
# bytes (model may move whole rows), but may look at them as characters.
RAW_BYTES_ARE_READ_IN = ("core/base/byte_reader.h", "core/model_files/number_formats.cpp")
PARSING_ROOMS = ("core/model_files/", "core/text/")
FAMILIES = ("llama", "gpt2", "gpt_neox", "pythia", "mistral", "qwen", "gemma", "bert", "distilbert", "t5", "bart", "marian",
            "smollm")
# Written in two halves, so that this file does not break its own rule.
REGISTRY_HOSTS = ("pypi." + "org", "files.python" + "hosted", "npmjs." + "org", "crates." + "io")
MODEL_HUB = "hugging" + "face.co"
MODEL_HUB_IS_NAMED_IN = "core/model/hub_settings.cpp"  # once: the default that HF_ENDPOINT replaces
MACHINE_PATHS = ("/wo" + "rk/", "/tm" + "p/dl", "/tm" + "p/helpers", "/ro" + "ot/")


def read_tree(root):
    """Every text file that git tracks or would track, as {path: text}."""
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"]
    listing = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    files = {}
    for path in sorted(filter(None, listing.split("\0"))):
        try:
            files[path] = (Path(root) / path).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # a picture or golden values; a file that is deleted but still in the index
    return files


def sources(files, *folders):
    return {path: text for path, text in files.items()
            if path.endswith((".h", ".cpp", ".inc", ".cu", ".cuh")) and path.startswith(folders)}


def without_comments(text):
    """Comments become spaces; line numbers stay."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match.group()), text, flags=re.DOTALL)


def includes(files, *folders):
    for path, text in sources(files, *folders).items():
        for number, line in enumerate(text.splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if match:
                yield path, number, match.group(1)


def found_in_code(files, folders, pattern, allowed=()):
    for path, text in sources(files, *folders).items():
        if path.startswith(allowed):
            continue
        for number, line in enumerate(without_comments(text).splitlines(), 1):
            if re.search(pattern, line):
                yield path, number, line.strip()


def core_never_includes_the_window(files):
    for path, number, name in includes(files, "core/"):
        if name.startswith("gui/") or GRAPHICS.search(name):
            yield f"{path}:{number} includes {name}: core never includes gui, ImGui, OpenGL or GLFW"


def includes_point_to_lower_rooms(files):
    for path, number, name in includes(files, "core/"):
        room = path.split("/")[1]
        if room not in ROOMS:
            yield f"{path}:{number} is in a room that ROOMS does not know: {room}"
        elif name.startswith("core/"):
            other = name.split("/")[1]
            if other not in ROOMS or ROOMS.index(other) > ROOMS.index(room):
                yield f"{path}:{number} includes {name}: {other} is above {room}"


def gui_includes_only_what_it_may(files):
    for path, number, name in includes(files, "gui/"):
        if path in WHERE_THE_PROGRAM_STARTS and name == "core/command_line/command_line.h":
            continue
        if name.startswith("core/") and not name.startswith(GUI_MAY_INCLUDE):
            yield f"{path}:{number} includes {name}: the window reads {', '.join(GUI_MAY_INCLUDE)}"


def eigen_stays_in_its_rooms(files):
    for path, number, name in includes(files, "core/", "gui/"):
        if re.match(r"(unsupported/)?Eigen/|eigen3/", name) and not path.startswith(EIGEN_ROOMS):
            yield f"{path}:{number} includes {name}: Eigen only under {', '.join(EIGEN_ROOMS)}"


def cuda_stays_in_its_room(files):
    for path, number, name in includes(files, "core/", "gui/"):
        if re.match(r"cuda|cublas|nvrtc", name) and not path.startswith("core/backends/cuda/"):
            yield f"{path}:{number} includes {name}: CUDA only under core/backends/cuda"


def raw_bytes_go_through_byte_reader(files):
    """Where untrusted files are parsed, nothing re-interprets memory except byte_reader.h."""
    characters = r"(const )?(char|unsigned char|std::byte)\s*\*|PCRE2_SPTR"
    cast = rf"\breinterpret_cast<(?!({characters})\s*>)"
    found = [*found_in_code(files, PARSING_ROOMS, rf"{cast}|\bmemcpy\b", RAW_BYTES_ARE_READ_IN),
             *found_in_code(files, ("core/model/",), cast)]
    for path, number, line in found:
        yield f"{path}:{number} touches raw bytes ({line}): only {' and '.join(RAW_BYTES_ARE_READ_IN)} do"


THE_TABLE = tuple(f"core/model/describe_{part}.cpp"
                  for part in ("decoder", "encoder", "encoder_decoder", "gguf", "hugging_face"))


def families_differ_only_in_the_table(files):
    names = "|".join(FAMILIES)
    pattern = rf'\b(if|switch|case|while)\b.*"({names})|"({names})[a-z0-9_]*"\s*[=!]=|[=!]=\s*"({names})'
    for path, number, line in found_in_code(files, ("core/", "gui/"), pattern, THE_TABLE):
        yield f"{path}:{number} asks for a family by name ({line}): families differ only in core/model/describe_*.cpp"


def files_are_short(files):
    for path, text in files.items():
        if path.endswith((".h", ".cpp", ".cu", ".py", ".vert", ".frag", ".cmake")) or path == "run":
            lines = text.count("\n")
            if lines > MOST_LINES:
                yield f"{path} has {lines} lines; {MOST_LINES} is the most: split it by job"


def every_view_is_listed(files):
    views = [path for path in files if re.fullmatch(r"gui/views/\w+_view\.cpp", path)]
    if views and "gui/view_list.cpp" not in files:
        yield f"{views[0]} exists, but gui/view_list.cpp does not"
        return
    for path in views:
        header = path.replace(".cpp", ".h")
        if not re.search(rf'#include "{re.escape(header)}"', files["gui/view_list.cpp"]):
            yield f"{path}: gui/view_list.cpp does not name it, so no one can open it"


def no_registry_hosts(files):
    for path, text in files.items():
        for host in REGISTRY_HOSTS:
            if host in text:
                yield f"{path}:{text[:text.index(host)].count(chr(10)) + 1} names the host {host}"
        if text.count(MODEL_HUB) > (1 if path == MODEL_HUB_IS_NAMED_IN else 0):
            yield f"{path}: the model hub's host is named once, in {MODEL_HUB_IS_NAMED_IN}"


def no_paths_of_one_machine(files):
    for path, text in files.items():
        for place in MACHINE_PATHS:
            if place in text:
                yield f"{path}:{text[:text.index(place)].count(chr(10)) + 1} names {place}, which exists on one machine only"


RANDOM = re.compile(r"\b(s?rand|drand48|getrandom)\s*\(|mt19937|minstd_rand|ranlux|random_device|default_random_engine|"
                    r"\w+_distribution\s*<|#\s*include\s*<random>")
# A list of three numbers or more that is not made of anything: what a mock-up would draw.
LITERAL_NUMBERS = re.compile(r"\b(?:float|double)\b[^;{}()]*(?:\([^;{}()]*\))?[^;{}()]*\{+\s*(?:[-+]?[\d.][\w.+-]*\s*,\s*){2,}[-+]?[\d.]")
# Lists of numbers in the window that are not what a view draws, and why they are there.
LITERAL_NUMBERS_ALLOWED = {"gui/views/next_token_view.cpp": "the speeds that a button steps through"}


def views_draw_no_made_up_numbers(files):
    for path, number, line in found_in_code(files, ("gui/",), RANDOM):
        yield f"{path}:{number}: every number that the window draws is the model's own: {line}"
    for path, text in sources(files, "gui/").items():
        if path in LITERAL_NUMBERS_ALLOWED:
            continue
        code = without_comments(text)
        for match in LITERAL_NUMBERS.finditer(code):
            yield f"{path}:{code[:match.end()].count(chr(10)) + 1}: a list of numbers that come from nowhere"


RULES = [core_never_includes_the_window, includes_point_to_lower_rooms, gui_includes_only_what_it_may,
         eigen_stays_in_its_rooms, cuda_stays_in_its_room, raw_bytes_go_through_byte_reader,
         families_differ_only_in_the_table, files_are_short, every_view_is_listed, no_registry_hosts,
         no_paths_of_one_machine, views_draw_no_made_up_numbers]

# For every rule, trees that break it: {file: text}. Each must be reported.
BAD_TREES = {
    core_never_includes_the_window: [
        {"core/base/a.h": '#include "gui/app.h"\n'}, {"core/forward/a.cpp": "#include <imgui.h>\n"},
        {"core/session/a.cpp": "#  include <GLFW/glfw3.h>\n"}, {"core/analysis/a.cpp": "#include <epoxy/gl.h>\n"}],
    includes_point_to_lower_rooms: [
        {"core/base/a.h": '#include "core/text/tokenizer.h"\n'},
        {"core/backends/cpu/a.cpp": '#include "core/forward/hooks.h"\n'}, {"core/cellar/a.h": '#include "core/base/tensor.h"\n'}],
    gui_includes_only_what_it_may: [
        {"gui/a.cpp": '#include "core/backends/backend.h"\n'},
        {"gui/views/a_view.cpp": '#include "core/forward/forward_pass.h"\n'},
        {"gui/views/a_view.cpp": '#include "core/command_line/command_line.h"\n'}],
    eigen_stays_in_its_rooms: [
        {"core/forward/a.cpp": "#include <Eigen/Core>\n"}, {"gui/a.cpp": "#include <unsupported/Eigen/FFT>\n"},
        {"core/backends/cpu_reference.cpp": "#include <Eigen/Dense>\n"}],
    cuda_stays_in_its_room: [{"core/backends/a.cpp": "#include <cuda_runtime.h>\n"}],
    raw_bytes_go_through_byte_reader: [
        {"core/model_files/a.cpp": "auto n = *reinterpret_cast<const int*>(bytes);\n"},
        {"core/text/a.cpp": "std::memcpy(&n, bytes, 4); // one\n"}, 
        {"core/model/a.cpp": "auto* n = reinterpret_cast<const std::uint32_t*>(four);\n"}],
    families_differ_only_in_the_table: [
        {"core/forward/a.cpp": 'if (description.family == "llama") x();\n'}, {"gui/a.cpp": 'bool b = "qwen2" == family;\n'}],
    files_are_short: [{"core/base/a.cpp": "int a;\n" * (MOST_LINES + 1)}],
    every_view_is_listed: [
        {"gui/views/flow_view.cpp": "", "gui/view_list.cpp": '#include "gui/views/matrix_view.h"\n'},
        {"gui/views/flow_view.cpp": ""}],
    views_draw_no_made_up_numbers: [
        {"gui/views/a_view.cpp": "std::mt19937 generator(7);\n"}, {"gui/a.cpp": "const int n = rand() % 6;\n"},
        {"gui/views/a_view.cpp": "std::uniform_real_distribution<float> any(0, 1);\n"},
        {"gui/views/a_view.cpp": "const std::array<float, 3> bars = {0.1F, 0.7F, 0.2F};\n"},
        {"gui/views/a_view.cpp": "const std::vector<double> row{1, 2.5,\n  -3e-2};\n"},
        {"gui/views/a_view.cpp": "static const float heights[] = {.3f, .2f, .5f, .1f};\n"}],
    no_registry_hosts: [
        {"README.md": "see https://" + REGISTRY_HOSTS[0] + "/\n"}, {"README.md": "see https://" + MODEL_HUB + "/\n"},
        {MODEL_HUB_IS_NAMED_IN: f'"{MODEL_HUB}" "{MODEL_HUB}"\n'}],
    no_paths_of_one_machine: [{"core/README.md": "in " + MACHINE_PATHS[0] + "main\n"}],
}

GOOD_TREE = {
    MODEL_HUB_IS_NAMED_IN: f'"https://{MODEL_HUB}"\n',
    "core/base/byte_reader.h": "std::memcpy(&n, bytes, 4);\n",
    "core/backends/cpu/a.cpp": '#include <Eigen/Core>\n#include "core/model/weight.h"\n',
    "core/model/describe_gguf.cpp": 'if (name == "llama") return llama();\n',
    "core/model/a.cpp": '// reinterpret_cast<int*> and if (family == "llama") in a comment are no code\nint a;\n',
    "core/text/a.cpp": "const auto* letters = reinterpret_cast<const char*>(bytes.data());\n",
    "gui/views/flow_view.cpp": '#include "core/forward/trace.h"\n#include <imgui.h>\n',
    "gui/view_list.cpp": '#include "gui/views/flow_view.h"\n',
}


class TheTreeObeys(unittest.TestCase):
    def test_every_rule(self):
        files = read_tree(ROOT)
        self.assertGreater(len(sources(files, "core/")), 10, "the tree was not read")
        for rule in RULES:
            with self.subTest(rule.__name__):
                self.assertEqual([], list(rule(files)))


class EveryRuleCanFail(unittest.TestCase):
    def test_bad_trees_are_reported(self):
        self.assertEqual(set(RULES), set(BAD_TREES))
        for rule, trees in BAD_TREES.items():
            for tree in trees:
                with self.subTest(rule.__name__, tree=sorted(tree)):
                    self.assertNotEqual([], list(rule(tree)))

    def test_a_good_tree_is_left_in_peace(self):
        for rule in RULES:
            with self.subTest(rule.__name__):
                self.assertEqual([], list(rule(GOOD_TREE)))

    def test_the_files_of_a_real_tree_are_read(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "-C", folder, "init", "-q"], check=True)
            (Path(folder) / "core").mkdir()
            (Path(folder) / "core" / "a.h").write_text("int a;\n")
            (Path(folder) / "picture.png").write_bytes(b"\x89\xff")
            self.assertEqual({"core/a.h": "int a;\n"}, read_tree(folder))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Runs every test program that `./run test` has built and adds up what they report.

The last line is `N passed, N failed, N skipped`; the exit code is 1 when anything failed.
A program that crashes, hangs, or runs no test at all counts as one failure.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
# Models that tests run on, and the variables in which those tests look for their paths.
MODELS = {"smollm2-135m": ("HEADLIGHT_TEST_MODEL", "HEADLIGHT_SMOLLM2"), "all-minilm-l6-v2": ("HEADLIGHT_MINILM",)}
# Forward passes of the real model, which sanitizers make twenty times slower: left to the optimised build.
ON_REAL_WEIGHTS = "*RealModel*:SmolLM2*:LessonsOnTheModel*"
# What is run again with the kernels of each instruction set; Oracle and PrefixReuse go through all sets themselves.
WITH_EACH_SET = "Golden/Families*:Golden/TinyModels*:SmolLM2Golden*:MiniLmRealModel*:-*ReferenceBackend*"
# An emulator takes fifty times as long: without the largest model and ten thousand edits.
IN_THE_EMULATOR = "-SmolLM2Golden*:*PrefixReuse*"
SECONDS_FOR_ONE_PROGRAM = 1500
SHARDS = min(os.cpu_count() or 1, 8)  # processes that share the tests of a program
SECONDS_OF_FUZZING = 60
# Seeds of fuzz targets besides those in tests/fuzz/corpus/TARGET/ ("gguf_fuzz" or "gguf").
MORE_SEEDS = {"gguf_fuzz": "tests/golden/families/*.gguf", "description_fuzz": "tests/golden/families/*/config.json"}


class Result(NamedTuple):
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Result(*(mine + theirs for mine, theirs in zip(self, other)))

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def say(text):
    print(text, flush=True)


def read_report(path):
    """The counts of a GoogleTest XML report; prints the reason of every skipped test."""
    result = Result()
    for case in ElementTree.parse(path).iter("testcase"):
        if case.find("failure") is not None:
            result += Result(failed=1)
        elif case.get("status") == "notrun" and case.get("result") == "suppressed":
            if case.get("name", "").startswith("DISABLED_"):
                say(f"  skipped {case.get('classname')}.{case.get('name')}: disabled in its source")
                result += Result(skipped=1)
        elif case.get("result") == "skipped":
            skipped = case.find("skipped")
            text = skipped.get("message", "") if skipped is not None else ""
            reason = " ".join(line for line in text.splitlines() if not line.startswith(str(ROOT))).strip()
            say(f"  skipped {case.get('classname')}.{case.get('name')}: {reason or 'NO REASON GIVEN'}")
            result += Result(skipped=1) if reason else Result(failed=1)
        else:
            result += Result(passed=1)
    return result


def tests_of(build):
    """What CMake knows as tests in build/BUILD: {name: words to run}; no words when the program was not built."""
    listing = subprocess.run(["ctest", "--show-only=json-v1"], cwd=ROOT / "build" / build, capture_output=True, check=True)
    return {test["name"]: test.get("command", []) for test in json.loads(listing.stdout)["tests"]}


def run_command(title, words):
    """A test that is not a GoogleTest program: it passes when it ends with 0."""
    say(f"\n== {title}")
    if not words:
        say("  FAILED: it was not built")
        return Result(failed=1)
    started = time.monotonic()
    try:
        code = subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=SECONDS_FOR_ONE_PROGRAM).returncode
    except (subprocess.TimeoutExpired, OSError) as error:
        code = error
    result = Result(passed=1) if code == 0 else Result(failed=1)
    if result.failed:
        say(f"  FAILED: {code}")
    say(f"   {title}: {result}; {time.monotonic() - started:.1f} s")
    return result


def run_program(title, program, only="", settings=None, emulator=()):
    """Runs a GoogleTest program from the root of the clone: on each core a share of its tests, in a process of its own."""
    say(f"\n== {title}" + (f" (only {only})" if only else ""))
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            shards = [start_shard(Path(folder), index, [*emulator, str(program)], only, settings or {})
                      for index in range(SHARDS)]
        except OSError as error:
            say(f"  FAILED: cannot be started: {error}")
            return Result(failed=1)
        result = Result()
        for shard in shards:
            result += end_of_shard(shard, started + SECONDS_FOR_ONE_PROGRAM)
    if sum(result) == 0:
        say("  FAILED: no test was run")
        result += Result(failed=1)
    say(f"   {title}: {result}; {time.monotonic() - started:.1f} s")
    return result


class Shard(NamedTuple):
    process: subprocess.Popen
    output: Path
    report: Path


def start_shard(folder, index, command, only, settings):
    """One of SHARDS processes; what it prints, its report and its temporary files lie in a folder of its own."""
    own = folder / str(index)
    (own / "tmp").mkdir(parents=True)
    command = command + ["--gtest_brief=1", f"--gtest_output=xml:{own / 'report.xml'}"]
    if only:
        command.append(f"--gtest_filter={only}")
    environment = {**os.environ, **settings, "GTEST_TOTAL_SHARDS": str(SHARDS), "GTEST_SHARD_INDEX": str(index),
                   "TMPDIR": str(own / "tmp")}
    with open(own / "output", "wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT)
    return Shard(process, own / "output", own / "report.xml")


def end_of_shard(shard, deadline):
    """Waits for it, prints what it printed, and reads its report."""
    try:
        code = shard.process.wait(max(1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        shard.process.kill()
        shard.process.wait()
        code = None
    sys.stdout.write(shard.output.read_text(errors="replace"))
    if code is None:
        say(f"  FAILED: no end after {SECONDS_FOR_ONE_PROGRAM} s, stopped")
        return Result(failed=1)
    try:
        result = read_report(shard.report)
    except (OSError, ElementTree.ParseError):
        say(f"  FAILED: ended with {code} and left no report (a crash?)")
        return Result(failed=1)
    if code != 0 and result.failed == 0:
        say(f"  FAILED: every test passed, but the program ended with {code}")
        result += Result(failed=1)
    return result


def instruction_sets():
    """{name: "available: why" or "missing: why"}, plainest first, as core_tests tells it."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        subprocess.run([str(ROOT / "build" / "release" / "core_tests"), f"--gtest_output=xml:{report}",
                        "--gtest_filter=InstructionSets.EachSaysWhetherItIsHereAndWhy"],
                       cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=60)
        return {item.get("name"): item.get("value") for item in ElementTree.parse(report).iter("property")}


def run_on_each_instruction_set():
    """The golden values with the kernels of each instruction set forced; those that are not here are skipped."""
    try:
        sets = instruction_sets()
    except (subprocess.SubprocessError, OSError, ElementTree.ParseError) as error:
        sets, reason = {}, error
    else:
        reason = "core_tests names no instruction set"
    if not sets:
        say(f"  FAILED: {reason}")
        return Result(failed=1)
    total = Result()
    for name, state in sets.items():
        if state.startswith("available"):
            total += run_program(f"core_tests, {name} kernels", ROOT / "build" / "release" / "core_tests",
                                 only=WITH_EACH_SET, settings={"HEADLIGHT_ISA": name})
        else:
            say(f"\n== core_tests, {name} kernels\n  skipped golden values with {name}: {state}")
            total += Result(skipped=1)
    return total


def run_arm_kernels(full):
    """kernel_tests of the aarch64 build, in the emulator that CMake names."""
    if platform.machine() == "aarch64":
        return Result()  # every test above ran on NEON
    reason = "" if full else "this processor has no NEON; ./run test --full runs them in an emulator"
    if full and not (ROOT / "build" / "aarch64" / "kernel_tests").exists():
        reason = "build/aarch64/kernel_tests was not built; ./run says above why"
    if reason:
        say(f"\n== kernel_tests, NEON\n  skipped golden values with neon: {reason}")
        return Result(skipped=1)
    total = Result()
    for name, words in tests_of("aarch64").items():
        if name == "kernels":
            total += run_program("kernel_tests, NEON in an emulator", words[-1], only=IN_THE_EMULATOR,
                                 emulator=words[:-1])
        else:
            total += run_command(f"{name}, aarch64", words)
    return total


def run_python_tests():
    """Every tests/*.py, as unittest modules."""
    say("\n== rules (tests/*.py)")
    suite = unittest.defaultTestLoader.discover(str(ROOT / "tests"), pattern="*.py", top_level_dir=str(ROOT / "tests"))
    outcome = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    for test, reason in outcome.skipped:
        say(f"  skipped {test}: {reason}")
    broken = [test for test, _ in outcome.failures + outcome.errors] + outcome.unexpectedSuccesses
    failed = len({getattr(test, "test_case", test).id() for test in broken})  # a test fails once, whatever its sub-tests
    result = Result(outcome.testsRun - failed - len(outcome.skipped), failed, len(outcome.skipped))
    if outcome.testsRun == 0:
        say("  FAILED: no test was run")
        result += Result(failed=1)
    say(f"   rules: {result}")
    return result


def run_fuzz_target(name):
    """A minute of libFuzzer from the committed seeds; it passes when nothing was found. A finding stays in build/fuzz."""
    findings = ROOT / "build" / "fuzz" / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        folders = [ROOT / "tests" / "fuzz" / "corpus" / folder for folder in (name, name.removesuffix("_fuzz"))]
        seeds = [path for folder in folders for path in folder.glob("*") if path.is_file()]
        seeds += ROOT.glob(MORE_SEEDS[name]) if name in MORE_SEEDS else []
        for number, seed in enumerate(seeds):
            shutil.copy(seed, Path(corpus) / f"seed{number}")
        say(f"\n== {name}, {SECONDS_OF_FUZZING} s from {len(seeds)} seeds")
        words = [str(ROOT / "build" / "fuzz" / name), f"-max_total_time={SECONDS_OF_FUZZING}", "-timeout=20",
                 "-rss_limit_mb=4096", "-print_final_stats=1", f"-artifact_prefix={findings}/{name}-", corpus]
        try:
            fuzzing = subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, timeout=SECONDS_OF_FUZZING + 300)
            code, output = fuzzing.returncode, fuzzing.stdout.decode(errors="replace")
        except (subprocess.TimeoutExpired, OSError) as error:
            code, output = error, ""
    if code != 0:
        say(f"{output[-6000:]}\n  FAILED: {code}; the input is in {findings}")
        return Result(failed=1)
    inputs = re.search(r"number_of_executed_units:\s*(\d+)", output)
    say(f"   {name}: {inputs.group(1) if inputs else 'an unknown number of'} inputs, no finding")
    return Result(passed=1)


def fetch_model(name):
    """The model's path for the tests on real weights; empty without a network, and then they skip."""
    headlight = ROOT / "build" / "release" / "headlight"
    say(f"== the model {name}")
    try:
        fetch = subprocess.run([str(headlight), "models", "get", name], stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE)
    except OSError as error:
        say(f"   {error}")
        return ""
    if fetch.returncode != 0:
        say(f"   {name} could not be fetched: the tests that need its weights will be skipped")
        return ""
    say(f"   {fetch.stdout.strip()}")
    return fetch.stdout.strip()


def main():
    started = time.monotonic()
    for name, variables in MODELS.items():
        if path := fetch_model(name):
            os.environ.update(dict.fromkeys(variables, path))
    full = "--full" in sys.argv[1:]
    if full:
        os.environ.setdefault("HEADLIGHT_KILLS", "200")
        os.environ.setdefault("HEADLIGHT_WINDOW_KILLS", "20")
    builds = ["release"] + (["clang"] if full else [])
    total = run_python_tests()
    for build in builds:
        for name, words in tests_of(build).items():
            program = Path(words[0] if words else "")
            if program.is_relative_to(ROOT / "build"):
                total += run_program(f"{program.name}, {build}", program)
            else:
                total += run_command(f"{name}, {build}", words)
    total += run_on_each_instruction_set()
    total += run_arm_kernels(full)
    total += run_program("core_tests, AddressSanitizer and UBSan", ROOT / "build" / "asan" / "core_tests",
                         only=f"-{ON_REAL_WEIGHTS}", settings={"UBSAN_OPTIONS": "print_stacktrace=1"})
    total += run_program("thread_tests, ThreadSanitizer", ROOT / "build" / "tsan" / "thread_tests",
                         settings={"TSAN_OPTIONS": "halt_on_error=1"})
    if full:
        for source in sorted((ROOT / "tests" / "fuzz").glob("*_fuzz.cpp")):
            total += run_fuzz_target(source.stem)
    say(f"\nrun, build excluded: {time.monotonic() - started:.0f} s")
    say(str(total))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())

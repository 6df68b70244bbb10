#!/usr/bin/env python3
"""Headlight beside other engines, on this machine, in this run: the same weights, the same token ids, in turn.

    python3 -m venv peers
    CMAKE_ARGS=-DGGML_NATIVE=ON peers/bin/pip install llama-cpp-python
    peers/bin/pip install torch transformers transformer_lens onnxruntime onnx onnxscript gguf safetensors
    peers/bin/python tests/bench/peers.py --model SmolLM2-135M-Instruct.Q4_1.gguf --headlight build/release/headlight

    peers/bin/python tests/bench/peers.py --device cuda --model M.gguf     # transformers alone, both on the GPU

Nothing here is needed to build or to test. What is measured (median of all runs of all rounds; engines take turns in
every round, each in a process of its own, so that a machine that slows down slows all and peak memory is their own):

headlight     everything kept: all attention maps, residual streams, q, k, v, z, MLP, logits at every position
transformers  eager attention, output_attentions and output_hidden_states, float32; appends and edits with its cache
lens          TransformerLens: run_with_cache through TransformerBridge, without weight processing, float32
onnx          ONNX Runtime on the exported model, logits and all attentions as outputs, float32
llama         llama.cpp on the same GGUF file, logits at every position, nothing captured; activations in 8 bits
llama_maps    the same, and all attention maps, copied out through its callback (flash attention off)
"""
import argparse
import ctypes
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

PEERS = ["transformers", "lens", "onnx", "llama", "llama_maps"]
BASE = 128  # tokens before an append; an edit is in their middle
CHAIN = 8   # appended tokens before it begins again
GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"


def token_ids(count, vocabulary):
    """The ids that `headlight bench` runs."""
    return [(101 + 7919 * i) % vocabulary for i in range(count)]


def log(text):
    print(f"peers: {text}", file=sys.stderr, flush=True)


def peak_bytes():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


# ---- What runs in a process of its own -------------------------------------------------------------------------------


class Clock:
    """As `headlight bench` measures: once uncounted, then `repeats` times and until half a second is full, at most six
    times as often; the processor's time with one thread, which other work hardly touches, the wall's with more, and on
    a GPU, until that has done everything."""

    def __init__(self, settings):
        self.repeats = settings["repeats"]
        on_gpu = settings["device"] == "cuda"
        self.now = time.process_time if settings["threads"] == 1 and not on_gpu else time.perf_counter
        self.finish = lambda: None
        if on_gpu:
            import torch
            self.finish = torch.cuda.synchronize
        self.samples = {}

    def measure(self, case, run, prepare=lambda: None):
        seconds = []
        for number in range(6 * self.repeats + 1):
            if len(seconds) >= self.repeats and sum(seconds) >= 0.5:
                break
            prepare()
            start = self.now()
            run()
            self.finish()
            if number > 0:
                seconds.append(self.now() - start)
        self.samples[case] = seconds

    def measure_all(self, settings, cold, others=lambda: None):
        """Short texts first; the peak with BASE tokens is read before anything longer runs."""
        peak = None
        for tokens in sorted(set(settings["tokens"]) | {BASE}):
            if tokens > BASE and peak is None:
                peak = peak_bytes()
                others()
            cold(tokens)
        if peak is None:
            peak = peak_bytes()
            others()
        return {"samples": self.samples, "peak_bytes": peak, "peak_bytes_at_the_end": peak_bytes()}


def load_transformers(settings):
    import torch
    import transformers

    torch.set_num_threads(settings["threads"])
    torch.set_grad_enabled(False)
    transformers.logging.set_verbosity_error()
    return transformers.AutoModelForCausalLM.from_pretrained(
        settings["work"] + "/hf", attn_implementation="eager", dtype=torch.float32).eval().to(settings["device"])


def run_transformers(settings):
    import torch
    import transformers

    model = load_transformers(settings)
    config = model.config
    kept = {"output_attentions": True, "output_hidden_states": True}
    clock = Clock(settings)
    batch = lambda ids: torch.tensor([ids], device=settings["device"])
    ids = lambda count: token_ids(count, config.vocab_size)

    def cold(tokens):
        text = batch(ids(tokens))
        clock.measure(f"cold {tokens}", lambda: model(text, use_cache=False, **kept))

    def others():
        result = model(batch(ids(BASE)), use_cache=True, **kept)
        assert len(result.attentions) == config.num_hidden_layers and len(result.hidden_states) > len(result.attentions)
        cache = result.past_key_values

        def shorten():
            if cache.get_seq_length() >= BASE + CHAIN:
                cache.crop(BASE - cache.get_seq_length())  # negative: so many tokens fewer

        clock.measure("append",
                      lambda: model(batch([ids(BASE + CHAIN)[cache.get_seq_length()]]), past_key_values=cache,
                                    use_cache=True, **kept), shorten)
        cache.crop(BASE - cache.get_seq_length())
        assert cache.get_seq_length() == BASE
        tail = batch(ids(BASE)[BASE // 2:])

        def edit():
            cache.crop(BASE // 2 - cache.get_seq_length())
            model(tail, past_key_values=cache, use_cache=True, **kept)

        clock.measure("edit", edit)
        assert cache.get_seq_length() == BASE
        cold(BASE + 1)
        sweep()

    def sweep():
        """64 texts of 64 tokens at once, another head's result set to 0 in each: what `headlight bench` sweeps."""
        layers, heads = config.num_hidden_layers, config.num_attention_heads
        count = min(64, layers * heads)
        text = batch(ids(64)).repeat(count, 1)
        handles = []
        for run in range(count):
            layer, head = divmod(run * layers * heads // count, heads)

            def without(_, arguments, run=run, head=head):
                width = arguments[0].shape[-1] // heads
                arguments[0][run, :, head * width:(head + 1) * width] = 0
            handles.append(model.model.layers[layer].self_attn.o_proj.register_forward_pre_hook(without))
        clock.measure("sweep", lambda: model(text, use_cache=False, logits_to_keep=1))
        for handle in handles:
            handle.remove()

    result = clock.measure_all(settings, cold, others)
    return result | {"version": f"transformers {transformers.__version__}, torch {torch.__version__}"}


def run_lens(settings):
    import torch
    import transformer_lens
    from importlib.metadata import version
    from transformer_lens.model_bridge import TransformerBridge

    model = load_transformers(settings)
    bridge = TransformerBridge.boot_transformers(settings["work"] + "/hf", hf_model=model, device="cpu")
    torch.set_grad_enabled(False)
    clock = Clock(settings)

    def cold(tokens):
        text = torch.tensor([token_ids(tokens, model.config.vocab_size)])
        logits, cache = bridge.run_with_cache(text)
        assert logits.shape[1] == tokens and len(cache) > 10 * model.config.num_hidden_layers
        clock.measure(f"cold {tokens}", lambda: bridge.run_with_cache(text))

    result = clock.measure_all(settings, cold)
    assert transformer_lens
    return result | {"version": f"TransformerLens {version('transformer_lens')}, torch {torch.__version__}"}


def run_onnx(settings):
    import numpy as np
    import onnxruntime

    reason = pathlib.Path(settings["work"], "onnx_failed.txt")
    if reason.exists():
        return {"skipped": "the export failed: " + reason.read_text()}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings["threads"]
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(settings["work"] + "/model.onnx", options,
                                           providers=["CPUExecutionProvider"])
    layers = len(session.get_outputs()) - 1
    clock = Clock(settings)

    def cold(tokens):
        text = np.array([token_ids(tokens, settings["vocabulary"])], dtype=np.int64)
        outputs = session.run(None, {"input_ids": text})
        assert outputs[0].shape[1] == tokens and outputs[layers].shape[-2:] == (tokens, tokens)
        assert np.allclose(outputs[layers].sum(-1), 1.0, atol=1e-4)
        clock.measure(f"cold {tokens}", lambda: session.run(None, {"input_ids": text}))

    return clock.measure_all(settings, cold) | {"version": f"ONNX Runtime {onnxruntime.__version__}"}


def run_llama(settings, maps=False):
    import numpy as np
    import llama_cpp

    folder = pathlib.Path(llama_cpp.__file__).parent / "lib"
    ggml = ctypes.CDLL(str(folder / "libggml-base.so"))
    ggml.ggml_get_name.argtypes, ggml.ggml_get_name.restype = [ctypes.c_void_p], ctypes.c_char_p
    ggml.ggml_nbytes.argtypes, ggml.ggml_nbytes.restype = [ctypes.c_void_p], ctypes.c_size_t
    ggml.ggml_backend_tensor_get.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]
    ggml.ggml_backend_tensor_get.restype = None
    captured = []

    @llama_cpp.ggml_backend_sched_eval_callback
    def on_node(tensor, ask, _):
        if ask:
            return ggml.ggml_get_name(tensor).startswith(b"kq_soft_max")
        values = np.empty(ggml.ggml_nbytes(tensor) // 4, dtype=np.float32)
        ggml.ggml_backend_tensor_get(tensor, values.ctypes.data, 0, values.nbytes)
        captured.append(values)
        return True

    quiet = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(settings["model"].encode(), llama_cpp.llama_model_default_params())
    vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    layers = llama_cpp.llama_model_n_layer(model)
    longest = max(settings["tokens"] + [BASE + CHAIN])
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx = -(-(longest + CHAIN) // 256) * 256
    parameters.n_batch = parameters.n_ubatch = max(512, longest)
    parameters.n_threads = parameters.n_threads_batch = settings["threads"]
    if maps:
        parameters.flash_attn_type = 0  # disabled: it never makes the maps
        parameters.cb_eval = on_node
    context = llama_cpp.llama_init_from_model(model, parameters)
    memory = llama_cpp.llama_get_memory(context)
    batch = llama_cpp.llama_batch_init(longest, 0, 1)
    ids = token_ids(longest, vocabulary)

    def decode(first, last):
        """Positions [first, last), logits of all."""
        for i in range(last - first):
            batch.token[i], batch.pos[i], batch.logits[i] = ids[first + i], first + i, 1
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        batch.n_tokens = last - first
        captured.clear()
        if llama_cpp.llama_decode(context, batch) != 0:
            raise RuntimeError("llama_decode failed")
        return llama_cpp.llama_get_logits(context)

    cut = lambda position: llama_cpp.llama_memory_seq_rm(memory, 0, position, -1)
    clock = Clock(settings)

    def cold(tokens):
        clock.measure(f"cold {tokens}", lambda: decode(0, tokens), lambda: cut(0))
        logits = np.ctypeslib.as_array(decode_again(tokens), shape=(tokens, vocabulary))
        assert np.isfinite(logits).all() and logits[-1].std() > 0.1
        if maps:
            assert len(captured) == layers, f"{len(captured)} maps"
            last = captured[-1]  # [head, query, keys with padding]
            heads = llama_cpp.llama_model_n_head(model)
            assert np.allclose(last.reshape(heads, tokens, -1).sum(-1), 1.0, atol=1e-3)

    def decode_again(tokens):
        cut(0)
        return decode(0, tokens)

    def others():
        cut(0)
        decode(0, BASE)
        length = [BASE]

        def shorten():
            if length[0] >= BASE + CHAIN:
                cut(BASE)
                length[0] = BASE

        def append():
            decode(length[0], length[0] + 1)
            length[0] += 1

        clock.measure("append", append, shorten)
        cut(BASE)

        def edit():
            cut(BASE // 2)
            decode(BASE // 2, BASE)

        clock.measure("edit", edit)

    result = clock.measure_all(settings, cold, others)
    return result | {"version": f"llama-cpp-python {llama_cpp.__version__}",
                     "system_info": llama_cpp.llama_print_system_info().decode().strip()}


def prepare(settings):
    """The GGUF's weights as float32 for those who do not read it: a Hugging Face folder and an ONNX file."""
    import torch
    import transformers

    sys.path.insert(0, str(GOLDEN))
    from gguf_to_hf import load_gguf

    work = pathlib.Path(settings["work"])
    loaded = load_gguf(settings["model"])
    model = loaded.to_model()
    model.save_pretrained(work / "hf.part")
    transformers.PreTrainedTokenizerFast(tokenizer_object=loaded.to_tokenizer()).save_pretrained(work / "hf.part")
    if "onnx" in settings["peers"]:
        export_onnx(model, work)
    (work / "hf.part").rename(work / "hf")
    return {"vocabulary": model.config.vocab_size}


def export_onnx(model, work):
    import torch

    class Outputs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids):
            # The mask is given: transformers' own way of making one cannot be exported with an open length.
            length = input_ids.shape[1]
            blocked = torch.ones(length, length, dtype=torch.bool).triu(1)
            mask = torch.zeros(length, length).masked_fill(blocked, torch.finfo(torch.float32).min)
            result = self.model(input_ids, attention_mask=mask[None, None], output_attentions=True, use_cache=False)
            return (result.logits, *result.attentions)

    text = torch.tensor([token_ids(24, model.config.vocab_size)])
    names = ["logits"] + [f"attention_{layer}" for layer in range(model.config.num_hidden_layers)]
    reasons = []
    for dynamo in (True, False):
        open_length = ({"dynamic_shapes": ({1: torch.export.Dim("tokens", min=2, max=4096)},)} if dynamo else
                       {"dynamic_axes": {"input_ids": {1: "tokens"}} | {name: {1: "tokens"} for name in names[:1]}})
        try:
            with torch.no_grad():
                torch.onnx.export(Outputs(), (text,), str(work / "model.onnx"), input_names=["input_ids"],
                                  output_names=names, dynamo=dynamo, **open_length)
            return
        except Exception as error:  # whatever a converter throws: the reason is printed
            reasons.append(f"{'new' if dynamo else 'old'} exporter: {type(error).__name__}: {str(error)[:300]}")
    (work / "onnx_failed.txt").write_text("; ".join(reasons))


WORKERS = {
    "prepare": prepare,
    "transformers": run_transformers,
    "lens": run_lens,
    "onnx": run_onnx,
    "llama": run_llama,
    "llama_maps": lambda settings: run_llama(settings, maps=True),
}

# ---- The run ---------------------------------------------------------------------------------------------------------


def in_process(name, settings):
    environment = os.environ | {"OMP_NUM_THREADS": str(settings["threads"]), "HF_HUB_OFFLINE": "1",
                                "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run([sys.executable, __file__, "--worker", name, "--settings", json.dumps(settings)],
                          env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return {"skipped": "it failed: " + " ".join(done.stderr.strip().splitlines()[-3:])[-600:]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def run_headlight(settings, extra=()):
    command = [settings["headlight"], "bench", "--json", "--model", settings["model"], "--device", settings["device"],
               "--threads",
               str(settings["threads"]), "--repeats", str(settings["repeats"]), "--only",
               ",".join(["memory", "cold", "append", "edit", "sweep", *extra]), "--tokens",
               ",".join(str(tokens) for tokens in settings["tokens"])]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout)
    samples = {}
    for each in found["passes"]:
        case = f"cold {each['tokens']}" if each["kind"] == "cold" else each["kind"]
        samples[case] = each["seconds"]
        if each["kind"] != "sweep" and not each["attention_maps"]:
            raise SystemExit(f"peers: headlight kept no attention maps in '{case}': too little memory is free")
    return {"samples": samples, "peak_bytes": found["memory"]["peak_cold_bytes"], "report": found,
            "version": f"headlight {found['version']}, {found['device']} {found['kernels']}"}


def measure(settings, peers, rounds):
    """{engine: {"samples": {case: [seconds]}, "peak_bytes", "version", …}}, engines in turn in every round."""
    engines = {}
    for number in range(rounds):
        for name in ["headlight", *peers]:
            if "skipped" in engines.get(name, {}):
                continue
            log(f"{settings['threads']} threads, round {number + 1} of {rounds}: {name}")
            if name == "headlight":
                found = run_headlight(settings, ["machine"] if number == 0 else [])
            else:
                found = in_process(name, settings)
            if "skipped" in found:
                log(f"{name} is skipped: {found['skipped']}")
            if name not in engines or "skipped" in found:
                engines[name] = found
                continue
            for case, seconds in found["samples"].items():
                engines[name]["samples"][case] += seconds
            engines[name]["peak_bytes"] = max(engines[name]["peak_bytes"], found["peak_bytes"])
    for engine in engines.values():
        engine["median"] = {case: statistics.median(s) for case, s in engine.get("samples", {}).items()}
    return engines


def has_amx():
    return " amx_tile" in pathlib.Path("/proc/cpuinfo").read_text()


def goals(tokens, amx, device):
    """(what, our case, peer, its case, goal or None): the ratios that were promised."""
    if device == "cuda":
        cases = [f"cold {n}" for n in tokens] + ["append", "edit", "sweep"]
        return [(f"{case}, both on the GPU", case, "transformers", case, 2.0) for case in cases]
    lines = []
    for n in tokens:
        lines.append((f"cold {n} against transformers", f"cold {n}", "transformers", f"cold {n}",
                      (5.0 if n <= 16 else 3.0) if amx else (3.0 if n <= 16 else 2.0)))
    lines += [
        ("append one against its KV-cached step", "append", "transformers", "append", 7.0),
        ("append one against its full re-run", "append", "transformers", f"cold {BASE + 1}", 25.0),
        ("edit in the middle against its full re-run", "edit", "transformers", f"cold {BASE}", 4.0),
        ("edit in the middle against its cut KV cache", "edit", "transformers", "edit", None),
        ("64 heads knocked out side by side", "sweep", "transformers", "sweep", None),
    ]
    lines += [(f"cold {n} against TransformerLens", f"cold {n}", "lens", f"cold {n}", 5.0) for n in tokens]
    lines += [(f"cold {n} against ONNX Runtime", f"cold {n}", "onnx", f"cold {n}", None) for n in tokens]
    lines += [(f"cold {n} against llama.cpp with maps", f"cold {n}", "llama_maps", f"cold {n}", 1.5) for n in tokens]
    lines += [("append one against llama.cpp with maps", "append", "llama_maps", "append", 1.5),
              ("edit in the middle against llama.cpp with maps", "edit", "llama_maps", "edit", None)]
    lines += [(f"cold {n} against llama.cpp, nothing captured", f"cold {n}", "llama", f"cold {n}", 1.0 if amx else 2.0)
              for n in tokens]
    lines += [("append one against llama.cpp, nothing captured", "append", "llama", "append", 1.0),
              ("edit in the middle against llama.cpp, nothing captured", "edit", "llama", "edit", None)]
    return lines


def machine_limits(report):
    """{case: seconds} that a pass takes at least: its multiply-adds at the rate that float32 vector registers reach, or
    its weights as they lie in the file at the rate of memory, whichever takes longer. Empty for a GPU."""
    if "machine" not in report:
        return {}
    machine = report["machine"]
    limits = {}
    for each in report["passes"]:
        case = f"cold {each['tokens']}" if each["kind"] == "cold" else each["kind"]
        limits[case] = max(2 * each["multiply_adds"] / machine["flops_a_second"],
                           each["weight_bytes"] / machine["memory_bytes_a_second"])
    return limits


def print_table(threads, tokens, engines, amx, device):
    cases = [f"cold {n}" for n in tokens] + ["append", "edit", "sweep"]
    threads_text = f"{threads} thread{' (processor time)' if threads == 1 else 's'}"
    print(f"\n{'GPU' if device == 'cuda' else threads_text}: medians in ms (best)")
    print(f"{'':<14}" + "".join(f"{case:>17}" for case in cases) + f"{'peak MB at ' + str(BASE):>17}")
    for name, engine in engines.items():
        if "skipped" in engine:
            print(f"{name:<14}skipped: {engine['skipped']}")
            continue
        cell = lambda case: (f"{1e3 * engine['median'][case]:.1f} ({1e3 * min(engine['samples'][case]):.1f})"
                             if case in engine["median"] else "–")
        print(f"{name:<14}" + "".join(f"{cell(case):>17}" for case in cases) + f"{engine['peak_bytes'] / 1e6:>17.0f}")
    limits = machine_limits(engines["headlight"]["report"])
    if limits:
        print(f"{'(the machine)':<14}" + "".join(f"{1e3 * limits[case]:>17.1f}" for case in cases)
              + "   at least, in float32")
    ours = engines["headlight"]["median"]
    ratios = []  # "at most": what the peer takes, divided by what the machine needs at least
    print(f"\n{'ratio of medians: peer / headlight':<58}{'goal':>6}{'figure':>9}  {'reached':<9}{'at most':>7}")
    for what, our_case, peer, peer_case, goal in goals(tokens, amx, device):
        theirs = engines.get(peer, {}).get("median", {})
        if our_case not in ours or peer_case not in theirs:
            continue
        ratio = theirs[peer_case] / ours[our_case]
        reached = "" if goal is None else "yes" if ratio >= goal else "no"
        most = theirs[peer_case] / limits[our_case] if limits else None
        print(f"{what:<58}{'' if goal is None else f'{goal:.1f}':>6}{ratio:>9.2f}  {reached:<9}"
              + ("" if most is None else f"{most:>7.1f}"))
        ratios.append({"what": what, "goal": goal, "ratio": ratio, "reached": reached, "at_most": most})
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a GGUF file of the llama architecture")
    parser.add_argument("--headlight", default="build/release/headlight")
    parser.add_argument("--threads", default=f"{os.cpu_count()},1", help="one run for each number")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--tokens", default="16,64,128,256,512")
    parser.add_argument("--peers", help=f"some of {','.join(PEERS)}; all, or transformers on a GPU, if not given")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5, help="runs of each case in a round, at least")
    parser.add_argument("--work", default=os.path.expanduser("~/.cache/headlight/peers"),
                        help="where the float32 weights and the ONNX file are kept")
    parser.add_argument("--json", help="write everything, every run's seconds too, into this file")
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    parser.add_argument("--settings", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(WORKERS[options.worker](json.loads(options.settings))))
        return
    if not options.model:
        parser.error("--model is missing")
    if options.rounds * options.repeats < 7:
        parser.error("a median needs at least 7 runs: raise --rounds or --repeats")

    if not os.access(options.headlight, os.X_OK):
        parser.error(f"{options.headlight} is not there; build it, or say with --headlight where it is")
    known = ["transformers"] if options.device == "cuda" else PEERS
    peers = known if options.peers is None else [name for name in options.peers.split(",") if name]
    if set(peers) - set(known):
        parser.error(f"--peers takes some of {','.join(known)}")
    model = pathlib.Path(options.model).resolve()
    work = pathlib.Path(options.work) / f"{model.stem}-{model.stat().st_size}"
    work.mkdir(parents=True, exist_ok=True)
    tokens = sorted({int(n) for n in options.tokens.split(",")})
    settings = {"model": str(model), "headlight": options.headlight, "work": str(work), "tokens": tokens,
                "repeats": options.repeats, "peers": peers, "threads": os.cpu_count(), "device": options.device}
    if not (work / "hf").exists() or ("onnx" in peers and not any(work.glob("*onnx*"))):
        log("making the float32 weights and the ONNX file")
        subprocess.run(["rm", "-rf", str(work / "hf"), str(work / "hf.part")], check=True)
        made = in_process("prepare", settings)
        if "skipped" in made:
            raise SystemExit("peers: the weights could not be converted: " + made["skipped"])
    settings["vocabulary"] = json.loads((work / "hf" / "config.json").read_text())["vocab_size"]

    started = datetime.datetime.now().isoformat(timespec="minutes")
    if os.getloadavg()[0] > 0.5 and options.threads != "1":
        log(f"the load average is {os.getloadavg()[0]:.1f}: something else is at work here. Engines whose threads spin "
            "while they wait then take many times as long, so ratios mean little; run this again when it is quiet.")
    result = {"date": started, "kernel": platform.release(), "amx": has_amx(), "load_before": os.getloadavg(),
              "model": model.name, "rounds": options.rounds, "runs": {}}
    threads_of_runs = [int(n) for n in options.threads.split(",")]
    for threads in threads_of_runs if options.device == "cpu" else threads_of_runs[:1]:
        settings["threads"] = threads
        engines = measure(settings, peers, options.rounds)
        report = engines["headlight"]["report"]
        print(f"\n{started} · {report['processor']} · {'AMX' if result['amx'] else 'no AMX'} · {model.name}")
        if "machine" in report:
            print(f"machine: {report['machine']['flops_a_second'] / 1e9:.0f} GFLOP/s in registers, "
                  f"{report['machine']['memory_bytes_a_second'] / 1e9:.1f} GB/s from memory; load average "
                  + " ".join(f"{load:.1f}" for load in os.getloadavg()))
        for name, engine in engines.items():
            if "version" in engine:
                print(f"{name}: {engine['version']}"
                      + (f" · {engine['system_info']}" if "system_info" in engine else ""))
        ratios = print_table(threads, tokens, engines, result["amx"], options.device)
        sys.stdout.flush()
        result["runs"][threads] = {"engines": engines, "ratios": ratios}
    result["load_after"] = os.getloadavg()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()

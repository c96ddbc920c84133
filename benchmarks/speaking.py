"""The process of one speaker: loads a network, and speaks when it is its turn.

    python speaking.py '<a speaker as JSON>'

A turn is three calls: a prompt and one new token, the same prompt and all new tokens, a long prompt
and one new token. Nothing is kept from one call to the next.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machine import resident_bytes
from speaker import EAGER, LLAMA_CPP, NATIVE, PORTABLE, TRANSFORMERS, Speaker, answer

from alm.config import resident_peak_bytes

Speak = Callable[[], dict[str, Any]]
Continue = Callable[[list[int], int], object]


def main(line: str) -> None:
    """Load, say what was loaded, and answer each turn until told to end."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    speaker = Speaker.from_json(line)
    speak, facts = OPEN[speaker.side](speaker)
    print(json.dumps(facts), file=answers, flush=True)
    for word in sys.stdin:
        said = speak() if word == "go\n" else {"peak": resident_peak_bytes()}
        print(json.dumps(said), file=answers, flush=True)


def timed(speaker: Speaker, go_on: Continue) -> Speak:
    """Return a turn of whoever continues a prompt in one call."""
    prompt, long = speaker.prompt(speaker.n_prompt), speaker.prompt(speaker.n_long)

    def speak() -> dict[str, Any]:
        marks = [time.perf_counter()]
        for ids, n_new in ((prompt, 1), (prompt, speaker.n_new), (long, 1)):
            go_on(ids, n_new)
            marks.append(time.perf_counter())
        first, whole, read = (b - a for a, b in zip(marks, marks[1:], strict=False))
        return answer(first, whole - first, read)

    return speak


def open_alm(speaker: Speaker) -> tuple[Speak, dict[str, Any]]:
    """Load an engine of ours; a new one, which has read nothing, continues each prompt."""
    import torch
    from bundle import Vocabulary

    from alm.config import SampleConfig
    from alm.infer import Engine, Request

    torch.set_num_threads(speaker.threads)
    loaded = resident_bytes()
    network, kernel, seq_len = load_network(speaker)
    vocabulary = Vocabulary(network.n_vocab)
    ends = dict.fromkeys((vocabulary.eos_id, vocabulary.bos_id), float("-inf"))
    free = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "prompts": ("-",)}
    free |= {f"{kind}_penalty": 0.0 for kind in ("presence", "frequency")}
    free |= {"repetition_penalty": 1.0}

    def go_on(ids: list[int], n_new: int) -> None:
        engine = Engine(None, vocabulary, "cpu", seq_len, network=network)
        config = SampleConfig(**free, max_new_tokens=n_new)
        text = " ".join(map(str, ids[1:]))  # the engine puts a BOS before it
        said = engine.start(Request(prompt=text, config=config, seed=None, logit_bias=ends))
        if len(said.complete().ids) != n_new:
            sys.exit(f"expected {n_new} new tokens, found fewer")

    return timed(speaker, go_on), {"loaded": loaded, "kernel": kernel}


def load_network(speaker: Speaker) -> tuple[Any, str, int]:
    """Return a network of ours, what it runs on, and the longest sequence."""
    from bundle import FLOAT, INT8

    from alm.checkpoint import load_model, read_spec
    from alm.infer import native
    from alm.infer.native_network import NativeNetwork
    from alm.infer.torch_network import TorchNetwork

    root = Path(speaker.bundle)
    seq_len = read_spec(root / FLOAT).seq_len
    if speaker.side == EAGER:
        return TorchNetwork(load_model(root / FLOAT, "cpu"), "cpu", seq_len), "torch", seq_len
    flags = native.NATIVE if speaker.side == NATIVE else native.PORTABLE
    library = native.Library(native.compile_library(root / "libraries", flags))
    decoder = native.NativeDecoder.load(root / INT8, library, speaker.threads)
    return NativeNetwork(decoder), library.kernel, seq_len


def open_transformers(speaker: Speaker) -> tuple[Speak, dict[str, Any]]:
    """Load the same network in transformers, as any user would."""
    import torch
    import transformers
    from bundle import HUGGINGFACE

    torch.set_num_threads(speaker.threads)
    loaded = resident_bytes()
    model = transformers.AutoModelForCausalLM.from_pretrained(
        Path(speaker.bundle) / HUGGINGFACE, dtype=torch.float32, local_files_only=True
    ).eval()

    def go_on(ids: list[int], n_new: int) -> None:
        said = model.generate(
            torch.tensor([ids]),
            attention_mask=torch.ones(1, len(ids), dtype=torch.long),
            max_new_tokens=n_new,
            min_new_tokens=n_new,
            do_sample=False,
            use_cache=True,
            pad_token_id=0,
        )
        if said.shape[1] != len(ids) + n_new:
            sys.exit(f"expected {n_new} new tokens, found fewer")

    return timed(speaker, go_on), {"loaded": loaded, "kernel": f"torch {torch.__version__}"}


def open_llama_cpp(speaker: Speaker) -> tuple[Speak, dict[str, Any]]:
    """Load the GGUF; the times are llama.cpp's own, which leave out its queue and its JSON."""
    import xllamacpp

    loaded = resident_bytes()
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(Path(speaker.bundle) / "model-Q8_0.gguf")
    parameters.n_ctx = 512
    parameters.n_parallel = 1
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = speaker.threads
    parameters.cpuparams_batch.n_threads = speaker.threads
    parameters.cache_ram_mib = 0
    parameters.warmup = True
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)

    def go_on(ids: list[int], n_new: int) -> dict[str, float]:
        asked = {"prompt": ids, "max_tokens": n_new, "temperature": 0}
        said = server.handle_completions({**asked, "ignore_eos": True, "cache_prompt": False})
        times = said["timings"]
        if (times["prompt_n"], times["predicted_n"]) != (len(ids), n_new):
            sys.exit(f"expected {n_new} new tokens behind {len(ids)}, found {times}")
        return times

    def speak() -> dict[str, Any]:
        whole = go_on(speaker.prompt(speaker.n_prompt), speaker.n_new)
        long = go_on(speaker.prompt(speaker.n_long), 1)
        seconds = [ms / 1000 for ms in (whole["prompt_ms"], whole["predicted_ms"])]
        return answer(*seconds, long["prompt_ms"] / 1000)

    found = xllamacpp.get_system_info().strip(" |").removeprefix("CPU : ").replace(" = 1", "")
    features = " ".join(word for word in found.replace("|", " ").split() if "=" not in word)
    compiler = xllamacpp.BUILD_INFO["compiler"]
    build = f"xllamacpp {xllamacpp.__version__}, built by {compiler} for {features}"
    return speak, {"loaded": loaded, "kernel": build}


OPEN: dict[str, Callable[[Speaker], tuple[Speak, dict[str, Any]]]] = {
    NATIVE: open_alm,
    PORTABLE: open_alm,
    EAGER: open_alm,
    TRANSFORMERS: open_transformers,
    LLAMA_CPP: open_llama_cpp,
}

if __name__ == "__main__":
    main(sys.argv[1])

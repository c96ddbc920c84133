"""pin_numerics: pins act before torch loads, nothing in the environment gets past them.

And what follows from a machine's flags: precision, and whether a run is compiled.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from alm.config import RuntimeConfig
from alm.runtime import Numerics, pin_numerics
from alm.runtime.numerics import _choose_precision

PROGRAM = """
import hashlib, json, sys
from alm.config import RuntimeConfig
from alm.runtime import pin_numerics
from alm.runtime.numerics import _choose_precision
numerics = pin_numerics(RuntimeConfig(numerics=sys.argv[1], compile="auto"))
import torch
x = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
y = torch.softmax(x @ x, dim=-1).exp().cos() @ x
digest = hashlib.sha256(y.numpy().tobytes()).hexdigest()
found = {
    "digest": digest,
    "running": torch.get_num_threads(),
    "onednn": torch.backends.mkldnn.enabled,
    "deterministic": torch.are_deterministic_algorithms_enabled(),
}
print(json.dumps({**numerics.as_dict(), **found}))
"""


def start(mode, **environment):
    """Pin in a fresh process and return what it decided."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(result.stdout) if result.returncode == 0 else result.stderr


def test_what_steers_the_libraries_of_a_native_run_is_told():
    plain = start("native")
    steered = start("native", ONEDNN_MAX_CPU_ISA="AVX2", OMP_NUM_THREADS="3")

    assert "steering" not in plain
    assert steered["steering"] == "ONEDNN_MAX_CPU_ISA=AVX2"
    assert "steering" not in start("portable", ONEDNN_MAX_CPU_ISA="AVX2")


def test_portable_takes_one_thread_and_the_baseline_instructions():
    numerics = start("portable")

    assert numerics["mode"] == "portable"
    assert (numerics["device"], numerics["precision"]) == ("cpu", "float32")
    assert (numerics["threads"], numerics["running"]) == (1, 1)
    assert numerics["cpu_capability"] in {"DEFAULT", "NO AVX"}


def test_portable_asks_nobody_who_looks_at_the_cpu():
    """oneDNN chooses its kernels by the CPU, and not by what ATen was told."""
    numerics = start("portable")

    assert (numerics["onednn"], numerics["deterministic"]) == (False, True)


HOSTILE = {
    "ALM_THREADS": "2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "KMP_AFFINITY": "disabled",
    "MKL_CBWR": "AUTO",
    "MKL_NUM_THREADS": "2",
    "OMP_NUM_THREADS": "2",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
}


def test_no_variable_reaches_portable_bits():
    assert start("portable", **HOSTILE) == start("portable")


def test_native_takes_the_threads_it_is_told():
    assert start("native", ALM_THREADS="1", ALM_DEVICE="cpu")["running"] == 1


def test_device_that_is_not_there_is_refused():
    absent = "mps" if sys.platform != "darwin" else "cuda"

    assert "torch sees only" in start("native", ALM_DEVICE=absent)


def test_unknown_alm_variable_is_refused():
    assert "found ALM_SEED" in start("native", ALM_SEED="7")


def test_pinning_after_torch_is_imported_is_a_mistake_of_ours(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", object())

    with pytest.raises(RuntimeError, match="before torch is imported"):
        pin_numerics(RuntimeConfig(numerics="portable", compile="auto"))


@pytest.mark.parametrize(
    ("amx", "avx512_bf16", "precision"),
    [(True, False, "bfloat16"), (False, True, "bfloat16"), (False, False, "float32")],
)
def test_precision_of_a_cpu_follows_its_flags(monkeypatch, amx, avx512_bf16, precision):
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: avx512_bf16)

    assert _choose_precision("cpu") == precision


@pytest.mark.parametrize(("macos", "precision"), [((14, 1), "bfloat16"), ((13, 6), "float16")])
def test_precision_of_a_mac_follows_its_macos(monkeypatch, macos, precision):
    monkeypatch.setattr("torch.backends.mps.is_macos_or_newer", lambda *least: macos >= least)

    assert _choose_precision("mps") == precision


@pytest.mark.parametrize(("supported", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_precision_of_a_gpu_is_what_it_has_and_does_not_emulate(monkeypatch, supported, precision):
    monkeypatch.setattr(
        "torch.cuda.is_bf16_supported",
        lambda including_emulation: supported and not including_emulation,
    )

    assert _choose_precision("cuda") == precision


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_activations_have_the_precision_decided(numerics, precision):
    with replace(numerics, precision=precision).autocast():
        y = torch.ones(2, 2) @ torch.ones(2, 2)

    assert y.dtype == getattr(torch, precision)


# --- compiling -----------------------------------------------------------------------------------

LONG = 1e18  # FLOP


@pytest.fixture
def numerics():
    return Numerics(
        mode="native", device="cpu", precision="float32", threads=1, cpu_capability="", torch=""
    )


@pytest.fixture
def decide(monkeypatch):
    """Decide on a machine with a compiler; return the decision and what was said."""
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")

    def decide(numerics, compile="auto", n_flops=LONG, failure=None):  # noqa: A002 - the field's name
        said = []
        config = RuntimeConfig(numerics=numerics.mode, compile=compile)
        decided = numerics.compile_if_worthwhile(config, n_flops, lambda: failure, said.append)
        return decided, said

    return decide


def test_a_long_run_is_compiled_and_its_fingerprint_tells(numerics, decide):
    decided, said = decide(numerics)

    assert decided == replace(numerics, compiled=True)
    assert decided.as_dict() != numerics.as_dict()
    assert not said


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({}, {"n_flops": 1e13}),
        ({}, {"compile": "never"}),
        ({"mode": "portable"}, {}),
        ({"device": "mps"}, {}),
        ({"device": "cuda"}, {"n_flops": 1e16}),
    ],
    ids=["short", "forbidden", "portable", "mps", "short for a GPU"],
)
def test_other_runs_are_not_compiled_nor_said_to_be_slower(numerics, decide, changes, how):
    numerics = replace(numerics, **changes)

    assert decide(numerics, **how) == (numerics, [])


def test_a_compilation_that_fails_is_told_before_it_counts(numerics, decide):
    decided, said = decide(numerics, failure="g++ found no stdlib.h")

    assert decided == numerics
    assert said == ["runs uncompiled, and so slower: g++ found no stdlib.h"]


@pytest.mark.parametrize(("device", "missing"), [("cpu", r"C\+\+"), ("cuda", "Triton")])
def test_a_machine_without_a_compiler_is_told_what_is_missing(
    numerics, decide, monkeypatch, device, missing
):
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    decided, said = decide(replace(numerics, device=device))

    assert not decided.compiled
    assert re.search(missing, said[0])

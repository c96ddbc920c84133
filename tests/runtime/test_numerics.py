"""pin_numerics: pins act before torch loads, and nothing in the environment gets past them."""

import json
import os
import subprocess
import sys

import pytest

from alm.config import RuntimeConfig
from alm.runtime import pin_numerics
from alm.runtime.numerics import _choose_precision

PROGRAM = """
import hashlib, json, sys
from alm.config import RuntimeConfig
from alm.runtime import pin_numerics
from alm.runtime.numerics import _choose_precision
numerics = pin_numerics(RuntimeConfig(numerics=sys.argv[1]))
import torch
x = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
y = torch.softmax(x @ x, dim=-1).exp().cos() @ x
digest = hashlib.sha256(y.numpy().tobytes()).hexdigest()
print(json.dumps({**numerics.as_dict(), "digest": digest, "running": torch.get_num_threads()}))
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


def test_portable_takes_one_thread_and_the_baseline_instructions():
    numerics = start("portable")

    assert numerics["mode"] == "portable"
    assert (numerics["device"], numerics["precision"]) == ("cpu", "float32")
    assert (numerics["threads"], numerics["running"]) == (1, 1)
    assert numerics["cpu_capability"] in {"DEFAULT", "NO AVX"}


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
        pin_numerics(RuntimeConfig(numerics="portable"))


@pytest.mark.parametrize(
    ("amx", "avx512_bf16", "precision"),
    [(True, False, "bfloat16"), (False, True, "bfloat16"), (False, False, "float32")],
)
def test_precision_of_a_cpu_follows_its_flags(monkeypatch, amx, avx512_bf16, precision):
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: avx512_bf16)

    assert _choose_precision("cpu") == precision

"""peak_bytes: bytes, whatever the system counts in."""

import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from alm.runtime import memory
from alm.runtime.memory import peak_bytes


def test_a_cpu_has_the_peak_of_the_process():
    before = peak_bytes("cpu")

    block = np.ones(96 * 2**20 // 8)  # every page is touched
    after = peak_bytes("cpu")

    assert block.nbytes == 96 * 2**20
    assert 2**20 < before <= after
    assert after >= 96 * 2**20
    assert after < 2**40


STATUS = "Name:\tpython\nVmPeak:\t 9000 kB\nVmHWM:\t    5 kB\nVmRSS:\t    4 kB\n"


def test_linux_counts_the_resident_peak_in_kib(monkeypatch, tmp_path):
    (tmp_path / "status").write_text(STATUS)
    monkeypatch.setattr(memory, "STATUS", tmp_path / "status")

    assert peak_bytes("cpu") == 5 * 1024


def test_elsewhere_the_system_counts_in_bytes(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATUS", tmp_path / "absent")
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=5))

    assert peak_bytes("cpu") == 5


@pytest.mark.skipif(not memory.STATUS.exists(), reason="only Linux passes a peak on")
def test_it_is_not_that_of_the_process_that_started_this_one():
    block = np.ones(300 * 2**20 // 8)
    ask = "import memory as m; print(m._high_water(m.STATUS.read_text()))"
    light = f"import sys, types; sys.modules['torch'] = types.ModuleType('torch'); {ask}"
    folder = Path(memory.__file__).parent

    found = subprocess.check_output([sys.executable, "-c", light], cwd=folder, text=True)

    assert block.nbytes == 300 * 2**20
    assert int(found) < 200 * 2**20 < peak_bytes("cpu")


def test_a_gpu_has_the_peak_of_its_tensors(monkeypatch):
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 7)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 9)

    assert (peak_bytes("cuda"), peak_bytes("mps")) == (7, 9)

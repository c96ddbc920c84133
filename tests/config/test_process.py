"""What a process has and has taken: in bytes, whatever the system counts in."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from alm.config import available_cores, process, resident_peak_bytes


def test_available_cores_is_what_this_process_may_use():
    assert 1 <= available_cores() <= os.cpu_count()


def test_the_peak_is_that_of_the_process():
    before = resident_peak_bytes()

    block = np.ones(96 * 2**20 // 8)  # every page is touched
    after = resident_peak_bytes()

    assert block.nbytes == 96 * 2**20
    assert 2**20 < before <= after
    assert after >= 96 * 2**20
    assert after < 2**40


STATUS = "Name:\tpython\nVmPeak:\t 9000 kB\nVmHWM:\t    5 kB\nVmRSS:\t    4 kB\n"


def test_linux_counts_the_resident_peak_in_kib(monkeypatch, tmp_path):
    (tmp_path / "status").write_text(STATUS)
    monkeypatch.setattr(process, "STATUS", tmp_path / "status")

    assert resident_peak_bytes() == 5 * 1024


@pytest.mark.parametrize(("system", "unit"), [("darwin", 1), ("freebsd14", 1024)])
def test_elsewhere_the_system_counts_in_units_of_its_own(monkeypatch, tmp_path, system, unit):
    monkeypatch.setattr(process, "sys", SimpleNamespace(platform=system))
    monkeypatch.setattr(process, "STATUS", tmp_path / "absent")
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=5))

    assert resident_peak_bytes() == 5 * unit


@pytest.mark.skipif(not process.STATUS.exists(), reason="only Linux passes a peak on")
def test_it_is_not_that_of_the_process_that_started_this_one():
    block = np.ones(300 * 2**20 // 8)
    ask = "import process as p; print(p.resident_peak_bytes())"
    folder = Path(process.__file__).parent

    found = subprocess.check_output([sys.executable, "-c", ask], cwd=folder, text=True)

    assert block.nbytes == 300 * 2**20
    assert int(found) < 200 * 2**20 < resident_peak_bytes()

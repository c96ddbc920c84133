"""Whether the machine is busy, as its own counters tell, and what it is called."""

from dataclasses import replace

import pytest

from alm.config import available_cores
from alm.twins import machine

STAT = "cpu  {user} 10 30 {idle} 40 1 2 3 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"


@pytest.fixture
def stat(tmp_path, monkeypatch):
    """Let each reading of the counters find the next of some texts."""
    monkeypatch.setattr(machine, "STAT", tmp_path / "stat")
    monkeypatch.setattr(machine.os, "sysconf", lambda _: 100)
    clock = iter((0.0, 2.0))
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(clock))

    def write(before, after):
        machine.STAT.write_text(before)
        monkeypatch.setattr(machine.time, "sleep", lambda _: machine.STAT.write_text(after))

    return write


def test_a_core_at_work_is_busy(stat):
    stat(STAT.format(user=1000, idle=5000), STAT.format(user=1200, idle=5200))

    assert machine.is_busy()


def test_time_at_rest_is_not_work(stat):
    stat(STAT.format(user=1000, idle=5000), STAT.format(user=1001, idle=5399))

    assert not machine.is_busy()


@pytest.mark.parametrize(("share", "busy"), [(0.05, False), (0.2, True)])
def test_without_counters_the_load_decides(tmp_path, monkeypatch, share, busy):
    monkeypatch.setattr(machine, "STAT", tmp_path / "none")
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (share * available_cores(), 9, 9))

    assert machine.is_busy() == busy


def test_machine_is_described_by_its_processor_and_what_it_computes_with(
    tmp_path, monkeypatch, numerics
):
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name\t: Some CPU\nflags : x\n")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    two = replace(numerics, threads=2)

    assert machine.describe_machine(two) == (
        f"Some CPU, {available_cores()} cores, 2 threads, float32, torch 2"
    )


def test_processor_without_a_name_is_told_by_its_kind(tmp_path, monkeypatch, numerics):
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "none")

    assert machine.describe_machine(numerics).startswith(f"{machine.platform.machine()}, ")

"""Whether the machine is busy, as its own counters tell."""

import pytest

from alm.config import available_cores
from alm.runtime import idleness

STAT = "cpu  {user} 10 30 {idle} 40 1 2 3 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"


@pytest.fixture
def stat(tmp_path, monkeypatch):
    """Let each reading of the counters find the next of some texts."""
    monkeypatch.setattr(idleness, "STAT", tmp_path / "stat")
    monkeypatch.setattr(idleness.os, "sysconf", lambda _: 100)
    clock = iter((0.0, 2.0))
    monkeypatch.setattr(idleness.time, "perf_counter", lambda: next(clock))

    def write(before, after):
        idleness.STAT.write_text(before)
        monkeypatch.setattr(idleness.time, "sleep", lambda _: idleness.STAT.write_text(after))

    return write


def test_a_core_at_work_is_busy(stat):
    stat(STAT.format(user=1000, idle=5000), STAT.format(user=1200, idle=5200))

    assert idleness.is_busy()


def test_time_at_rest_is_not_work(stat):
    stat(STAT.format(user=1000, idle=5000), STAT.format(user=1001, idle=5399))

    assert not idleness.is_busy()


@pytest.mark.parametrize(("share", "busy"), [(0.05, False), (0.2, True)])
def test_without_counters_the_load_decides(tmp_path, monkeypatch, share, busy):
    monkeypatch.setattr(idleness, "STAT", tmp_path / "none")
    monkeypatch.setattr(idleness.os, "getloadavg", lambda: (share * available_cores(), 9, 9))

    assert idleness.is_busy() == busy

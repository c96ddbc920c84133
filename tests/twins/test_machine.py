"""What a machine is called."""

from dataclasses import replace

from alm.config import available_cores
from alm.twins import machine


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

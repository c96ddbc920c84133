"""What a stage took: noted where DVC runs it, and never in its way."""

import subprocess
import sys

import pytest

from alm import footprint
from alm.footprint import Footprint, noting

NOTED = Footprint(seconds=12.5, peak_bytes=3_000_000)


@pytest.fixture
def states(tmp_path, monkeypatch):
    monkeypatch.setenv("ALM_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DVC_STAGE", "pack@own")
    return tmp_path


def test_what_is_noted_is_read_by_stage(tmp_path):
    NOTED.note("pack@own", tmp_path)

    assert Footprint.read("pack@own", tmp_path) == NOTED
    assert Footprint.read("pack@stdlib", tmp_path) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"seconds": "long", "peak_bytes": 1}'])
def test_a_damaged_note_is_none(tmp_path, text):
    NOTED.note("pack@own", tmp_path)
    (tmp_path / "footprints" / "pack@own.json").write_text(text)

    assert Footprint.read("pack@own", tmp_path) is None


def test_a_stage_notes_its_time_since_it_was_started(states, monkeypatch):
    monkeypatch.setattr(footprint, "STARTED", 100.0)
    seen = {}

    noting(seen.update, clock=lambda: 142.5)(corpus="own")

    assert seen == {"corpus": "own"}
    assert Footprint.read("pack@own", states).seconds == 42.5


def test_a_stage_that_failed_notes_nothing(states):
    def main():
        raise ValueError

    with pytest.raises(ValueError):
        noting(main)()

    assert list(states.iterdir()) == []


def test_a_script_that_dvc_does_not_run_notes_nothing(states, monkeypatch):
    monkeypatch.delenv("DVC_STAGE")

    noting(lambda: None)()

    assert list(states.iterdir()) == []


@pytest.mark.parametrize("broken", ["a file is in the way", "another variable is unknown"])
def test_a_stage_that_is_done_stays_done_where_it_cannot_note(states, monkeypatch, broken):
    if broken.startswith("a file"):
        (states / "footprints").write_text("")
    else:
        monkeypatch.setenv("ALM_SEED", "3")

    noting(lambda: None)()

    assert Footprint.read("pack@own", states) is None


def test_memory_is_the_stages_own_and_not_that_of_what_started_it(states):
    """A process that held 200 MB starts one that holds little, as a large DVC starts a stage."""
    held = bytearray(200_000_000)
    held[::4096] = b"x" * len(held[::4096])
    unused = "import mmap; reserved = mmap.mmap(-1, 300_000_000)"
    stage = f"{unused}; from alm.footprint import noting; noting(lambda: None)()"

    subprocess.run([sys.executable, "-c", stage], check=True)

    assert 5e6 < Footprint.read("pack@own", states).peak_bytes < 100e6

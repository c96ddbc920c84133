"""A stage whose dvc was killed leaves at once; one that is attended runs to its end."""

import os
import subprocess
import sys
import time

import pytest

from alm import attended
from alm.footprint import Footprint

TEMPLATE = """
import sys, time
from argparse import Namespace
from pathlib import Path
from alm.attended import run
LOADING

def main(mark, seconds):
    Path(mark + ".begun").touch()
    time.sleep(float(seconds))
    Path(mark).touch()

run(main, Namespace(mark=sys.argv[1], seconds=sys.argv[2]))
"""
LOADING = """
import os
parent = os.getppid()
Path(sys.argv[1] + ".begun").touch()
while os.getppid() == parent:
    time.sleep(0.05)
"""
STAGE, SLOW_STAGE = TEMPLATE.replace("LOADING", ""), TEMPLATE.replace("LOADING", LOADING)
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", *sys.argv[1:]])
time.sleep(60)
"""


def wait_for(path):
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.01)


def test_an_attended_stage_runs_to_its_end_and_notes_what_it_took(tmp_path):
    told = {"DVC_STAGE": "pack@own", "ALM_STATE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", STAGE, tmp_path / "done", "0.3"]
    subprocess.run(command, env={**os.environ, **told}, check=True)

    assert (tmp_path / "done").exists()
    assert 0.3 <= Footprint.read("pack@own", tmp_path).seconds < 60


@pytest.mark.parametrize("stage", [STAGE, SLOW_STAGE], ids=["at work", "still loading"])
def test_an_orphan_leaves_before_its_work_is_done(tmp_path, stage):
    command = [sys.executable, "-c", PARENT, stage, tmp_path / "done", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        wait_for(tmp_path / "done.begun")
        parent.kill()
        parent.stdout.read()  # until the stage has gone as well, which holds the other end

    assert not (tmp_path / "done").exists()


def test_an_orphan_does_not_end_as_if_it_were_done(monkeypatch):
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)

    attended._watch(parent=-1)  # nobody's number

    assert codes == [143]

"""Many starts on one state directory: one proceeds, the others end with 75 and name it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("racing.py")


@pytest.mark.parametrize("n", [200, pytest.param(1_000, marks=pytest.mark.nightly)])
def test_one_of_the_racers_proceeds_and_the_others_name_it(tmp_path, n):
    """Half of the winners are killed, and now and then the directory is removed between races."""
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path / "run"), str(n)],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    counts = json.loads(ended.stdout)
    assert counts.pop("racers") > 3 * n
    assert counts == {"races": n, "single": n, "refused": n, "named": n}

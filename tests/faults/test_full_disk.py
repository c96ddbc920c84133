"""Disks that are full or read-only, in truth: the last good state stays, and the error says it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("filling.py")
NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")


def may_mount():
    """Whether this user may mount a disk where nobody else sees it."""
    try:
        asked = [*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/tmp"]
        return subprocess.run(asked, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def fill(directory, kind, before=()):
    ended = subprocess.run(
        [*before, sys.executable, str(SCRIPT), str(directory), kind],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


DISK = ("tmpfs", {"kept": 20, "refused": 20, "read_only": 5}, NAMESPACE)
LIMIT = ("limit", {"kept": 20}, ())  # cuts a write short as a full disk does


@pytest.mark.parametrize(
    ("kind", "expected", "before"),
    [
        DISK if may_mount() else LIMIT,  # nothing is skipped where there are no user namespaces
        pytest.param(*LIMIT, marks=pytest.mark.nightly),
    ],
    ids=["best", "limit"],
)
def test_last_state_survives_where_no_more_can_be_written(tmp_path, kind, expected, before):
    """Twenty disks on which from none to seven states fit, or as many limits of a file's size."""
    assert fill(tmp_path, kind, before) == expected

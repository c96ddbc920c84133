"""The same bytes in another place, under another clock, locale, hash seed and umask."""

import os
import subprocess

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

ELSEWHERE = {
    "LANG": "tr_TR.ISO-8859-9",
    "LC_ALL": "POSIX",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONHASHSEED": "4711",
    "PYTHONUTF8": "0",
    "TZ": "Pacific/Chatham",
}


def tracked(house):
    """Return what Git would track of the results."""
    reports = sorted((house.root / "reports").rglob("*.*"))
    files = [house.root / "dvc.lock", *reports]
    return {path.relative_to(house.root).as_posix(): path.read_bytes() for path in files}


def test_a_build_elsewhere_gives_the_same_lock_and_reports(built_house, tmp_path):
    """As in a clone: ``dvc.lock`` is there, and nothing that it names."""
    house = built_house.copy(tmp_path / "elsewhere")
    for built in ("build", "reports", ".state", ".dvc/cache", ".dvc/tmp"):
        subprocess.run(["rm", "-rf", built], cwd=house.root, check=True)
    before = os.umask(0o077)
    try:
        house.repro("report@tiny", **ELSEWHERE)
    finally:
        os.umask(before)

    assert tracked(house) == tracked(built_house)

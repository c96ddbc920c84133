"""Folders in another order: every way to list one, in a Python that was started with the module."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLACE = Path(__file__).parents[3] / "src" / "alm" / "project" / "disorder"
NAMES = [f"{n:02d}" for n in range(12)]
WAYS = {
    "os.listdir": "os.listdir(root)",
    "os.listdir of bytes": "[name.decode() for name in os.listdir(os.fsencode(root))]",
    "os.listdir of a descriptor": "os.listdir(os.open(root, os.O_RDONLY))",
    "os.scandir": "[entry.name for entry in os.scandir(root)]",
    "os.scandir as a context": "[entry.name for entry in listed]",
    "os.walk": "[name for _, _, files in os.walk(root) for name in files]",
    "Path.iterdir": "[path.name for path in Path(root).iterdir()]",
    "Path.glob": "[path.name for path in Path(root).glob('*')]",
    "Path.rglob": "[path.name for path in Path(root).rglob('*')]",
    "glob.glob": "glob.glob('*', root_dir=root)",
}
PROGRAM = f"""
import glob, json, os, shutil, sys
from pathlib import Path
root = sys.argv[1]
with os.scandir(root) as listed:
    print(json.dumps({{{", ".join(f"{name!r}: {code}" for name, code in WAYS.items())}}}))
shutil.rmtree(root)
"""


@pytest.fixture(scope="module")
def listings(tmp_path_factory):
    """What each way finds in one folder, and the folder."""
    root = tmp_path_factory.mktemp("listed") / "folder"
    root.mkdir()
    for name in NAMES:
        (root / name).touch()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root)],
        env={**os.environ, "PYTHONPATH": str(PLACE)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout), root


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_list_a_folder_gives_all_names_in_no_order_of_their_own(listings, way):
    found = listings[0][way]

    assert sorted(found) == NAMES
    assert found not in (NAMES, NAMES[::-1])


def test_the_order_is_the_same_each_time(listings):
    assert len({tuple(found) for found in listings[0].values()}) == 1


def test_a_folder_can_be_removed(listings):
    assert not listings[1].exists()

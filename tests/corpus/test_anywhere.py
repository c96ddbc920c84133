"""The text stages give the same bytes wherever and however they run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alm.io import sha256_tree

REPO = Path(__file__).parents[2]
RECIPE = """\
sources:
  - {kind: text, name: own, licence: x, glob: "**/*.txt"}
  - {kind: synthetic, name: stories, licence: x, task: stories, n_docs: 60,
     exact_duplicates: 0.1, near_duplicates: 0.1, junk: 0.1}
  - {kind: synthetic, name: recall, licence: x, task: recall, n_docs: 60,
     exact_duplicates: 0.1, near_duplicates: 0.1, junk: 0.1}
keep_trailing_spaces: [own]
"""
DRIVER = """\
import runpy, sys
scripts = sys.argv[1]
for stage in (["ingest", "--input", "data/own", "--out", "build/ingest"],
              ["normalize", "--ingested", "build/ingest", "--out", "build/normalize"],
              ["dedup", "--normalized", "build/normalize", "--out", "build/dedup"]):
    sys.argv = [stage[0], "--corpus", "own", *stage[1:]]
    try:
        runpy.run_path(f"{scripts}/{stage[0]}.py", run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
"""


@pytest.fixture
def build(tmp_path):
    """Run the three scripts in a folder of that name; return the digest of what they wrote."""

    def build(name, umask=0o022, **environment):
        root = tmp_path / name
        (root / "configs" / "corpora").mkdir(parents=True)
        (root / "configs" / "corpora" / "own.yaml").write_text(RECIPE)
        shutil.copy(REPO / "params.yaml", root)
        (root / "data" / "own").mkdir(parents=True)
        for place in sorted(["b.txt", "a.txt", "sub/c.txt", "é.txt"], reverse=name > "m"):
            (root / "data" / "own" / place).parent.mkdir(exist_ok=True)
            (root / "data" / "own" / place).write_text(f"This is {place}.  \n", encoding="utf-8")
        subprocess.run(
            [sys.executable, "-c", DRIVER, REPO / "scripts"],
            cwd=root,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPO / "src"), **environment},
            check=True,
            capture_output=True,
            umask=umask,
        )
        return sha256_tree(root / "build")

    return build


def test_hash_seed_time_zone_language_and_folder_do_not_matter(build):
    here = build("here", PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C.UTF-8")
    there = build("there", 0o077, PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C")

    assert here == there

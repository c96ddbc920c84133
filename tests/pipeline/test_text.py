"""The text stages write the same bytes however, wherever and however often they are run."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from alm.io import sha256_file, sha256_tree

REPO = Path(__file__).parents[2]
DRIVER = Path(__file__).with_name("text_driver.py")
STAGES = ("ingest", "normalize", "dedup", "filter", "tokenizer", "pack")
RECIPE = """\
sources:
  - {kind: text, name: own, licence: x, filters: [], glob: "**/*.txt"}
  - {kind: synthetic, name: stories, licence: x, filters: [coherent], task: stories, n_docs: 150,
     exact_duplicates: 0.1, near_duplicates: 0.1, junk: 0.1}
  - {kind: synthetic, name: recall, licence: x, filters: [coherent, perplexity], task: recall,
     n_docs: 150, exact_duplicates: 0.1, near_duplicates: 0.1, junk: 0.1}
keep_trailing_spaces: [own]
"""
PARAMS = {
    "vocab_size: 1024 ": "vocab_size: 400 ",
    "reference: null ": "reference: stories ",
    "shard_tokens: 67108864 ": "shard_tokens: 20000 ",
}
UNIT_BYTES = 20_000


@pytest.fixture(scope="module")
def lay_out(tmp_path_factory):
    """Make a folder with parameters, a recipe and some text of one's own."""

    def lay_out(name):
        root = tmp_path_factory.mktemp("text") / name
        (root / "configs" / "corpora").mkdir(parents=True)
        (root / "configs" / "corpora" / "own.yaml").write_text(RECIPE)
        text = (REPO / "params.yaml").read_text()
        for old, new in PARAMS.items():
            assert old in text
            text = text.replace(old, new)
        (root / "params.yaml").write_text(text)
        (root / "data" / "evaluation").mkdir(parents=True)
        for place in sorted(["b.txt", "a.txt", "sub/c.txt", "é.txt"], reverse=name > "m"):
            path = root / "data" / "own" / place
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(f"This is {place}.  \n", encoding="utf-8")
        return root

    return lay_out


def start(root, unit_bytes=UNIT_BYTES, umask=0o022, **environment):
    return subprocess.Popen(
        [sys.executable, DRIVER, REPO / "scripts", str(unit_bytes)],
        cwd=root,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPO / "src"), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        umask=umask,
        start_new_session=True,
    )


def digests(root):
    """Return a digest of each stage's output."""
    return {stage: sha256_tree(root / "build" / stage) for stage in STAGES}


def build(root, **options):
    with start(root, **options) as process:
        error = process.communicate()[1]
    assert process.returncode == 0, error.decode()
    return digests(root)


def files(root):
    """Return a digest of each file that is no manifest."""
    paths = sorted(path for path in (root / "build").glob("*/*") if path.name != "manifest.json")
    return {path.relative_to(root).as_posix(): sha256_file(path) for path in paths}


@pytest.fixture(scope="module")
def here(lay_out):
    return lay_out("here")


@pytest.fixture(scope="module")
def expected(here):
    """What one worker makes of it."""
    return build(here, ALM_WORKERS="1", PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C.UTF-8")


@pytest.fixture(scope="module")
def expected_files(here, expected):
    assert expected
    return files(here)


def test_workers_hash_seed_time_zone_language_and_folder_do_not_matter(lay_out, expected):
    there = {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C"}

    assert build(lay_out("there"), umask=0o077, ALM_WORKERS="2", **there) == expected


@pytest.mark.nightly
@pytest.mark.parametrize("workers", ["3", "5"])
@pytest.mark.parametrize("seed", ["0", "4711"])
def test_no_number_of_workers_matters(lay_out, expected, workers, seed):
    root = lay_out(f"with{workers}of{seed}")

    assert build(root, ALM_WORKERS=workers, PYTHONHASHSEED=seed) == expected


@pytest.mark.nightly
def test_the_length_of_a_unit_does_not_matter(lay_out, expected_files):
    """But for the sample in which the tokenizer's manifest measures the training text."""
    root = lay_out("uncut")
    build(root, unit_bytes=10**9, ALM_WORKERS="1")

    assert files(root) == expected_files


def kill_in(root, stage):
    """Kill a build and its workers once two parts of a stage stand there; return if it was so."""
    parts, deadline = root / "build" / f"{stage}.parts", time.monotonic() + 60
    with start(root, ALM_WORKERS="1") as process:
        while len(list(parts.glob("*-*"))) < 2 and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        with suppress(ProcessLookupError):  # it was done before anybody looked
            os.killpg(process.pid, signal.SIGKILL)
    return parts.exists() and not (root / "build" / stage).exists()


@pytest.mark.parametrize(
    "stage",
    ["dedup", *(pytest.param(s, marks=pytest.mark.nightly) for s in STAGES if s != "dedup")],
)
def test_a_kill_in_the_middle_of_a_stage_does_not_matter(lay_out, expected, stage):
    attempts = (lay_out(f"killed in {stage}, {i}") for i in range(10))
    root = next(root for root in attempts if kill_in(root, stage))

    assert build(root, ALM_WORKERS="1") == expected

"""The text stages hold a unit of the corpus, and little of each document: never the corpus."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

REPO = Path(__file__).parents[2]
MB = 1_000_000
DOCUMENT_BYTES = 2000
ALLOWED_GROWTH = 32 * MB
STAGES = {
    "ingest": ["--input", "data/own"],
    "normalize": ["--ingested", "build/ingest"],
    "dedup": ["--normalized", "build/normalize"],
    "filter": ["--documents", "build/dedup", "--evaluation", "data/evaluation"],
    "tokenizer": ["--documents", "build/filter"],
    "pack": ["--documents", "build/filter", "--tokenizer", "build/tokenizer"],
}
RECIPE = """\
sources:
  - {kind: jsonl, name: own, licence: x, glob: "*.jsonl", text_field: text, template: null,
     id_field: id, score_field: null, score_min: null, max_docs: null, target_tokens: null,
     bytes_per_token: 3.0, filters: [coherent]}
keep_trailing_spaces: []
"""


def write_corpus(path, n_bytes):
    """Write rows of words drawn from a lexicon, an id of its own each."""
    draws = random.Random(7)
    letters = "etaoinshrdlucmfw"
    lexicon = ["".join(draws.choices(letters, k=draws.randint(2, 9))) for _ in range(20_000)]
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as file:
        for i in range(n_bytes // DOCUMENT_BYTES):
            words, length = [], 0
            while length < DOCUMENT_BYTES:
                words.append(draws.choice(lexicon))
                length += len(words[-1]) + 1
            file.write(json.dumps({"id": f"row {i}", "text": " ".join(words)}) + "\n")


def peak_memory(root, stage):
    """Run one stage to its end; return the most memory that it held, in bytes."""
    command = [sys.executable, REPO / f"scripts/{stage}.py", "--corpus", "own", *STAGES[stage]]
    out = "packed" if stage == "pack" else stage
    environment = {**os.environ, "PYTHONPATH": str(REPO / "src"), "ALM_WORKERS": "1"}
    process = subprocess.Popen([*command, "--out", f"build/{out}"], cwd=root, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024


def build(root, n_bytes):
    write_corpus(root / "data/own/rows.jsonl", n_bytes)
    (root / "data/evaluation").mkdir()
    (root / "configs/corpora").mkdir(parents=True)
    (root / "configs/corpora/own.yaml").write_text(RECIPE)
    shutil.copy(REPO / "params.yaml", root)
    return {stage: peak_memory(root, stage) for stage in STAGES}


def test_twenty_times_the_text_takes_hardly_more_memory(tmp_path):
    small = build(tmp_path / "small", 10 * MB)
    large = build(tmp_path / "large", 200 * MB)

    growth = {stage: large[stage] - small[stage] for stage in STAGES}
    assert all(each < ALLOWED_GROWTH for each in growth.values()), growth

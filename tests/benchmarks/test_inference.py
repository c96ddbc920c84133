"""The contest in speaking, from the command to the table."""

import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest
from bundle import Vocabulary, write_bundle
from inference import list_speakers
from speaker import SIDES, Speaker

from alm.checkpoint import load_model
from alm.io import Manifest, read_json

REPO = Path(__file__).parents[2]
SIZES = ["--threads=1", "--prompt=4", "--new=96", "--long=16", "--turns=3"]


def test_everybody_speaks_at_every_number_of_threads():
    args = Namespace(threads=[1, 2], prompt=16, new=128, long=256, only="")
    found = list_speakers(args, "pico", "where")

    assert [(one.side, one.threads) for one in found] == [
        (side, threads) for threads in (1, 2) for side in SIDES
    ]
    assert all(Speaker.from_json(one.to_json()) == one for one in found)


def test_made_up_vocabulary_has_as_many_pieces_as_asked_for():
    vocabulary = Vocabulary(1024)

    assert (len(vocabulary.pieces), vocabulary.vocab_size) == (1024, 1024)
    assert vocabulary.encode("7 300") == [7, 300]
    assert vocabulary.decode_bytes([1, 1023]) == b"<s>w731"


def test_everybody_has_the_same_weights(tmp_path):
    write_bundle(tmp_path, "dense_tiny", 32)

    source = Manifest.read(tmp_path / "float", "model.pretrain")
    assert Manifest.read(tmp_path / "int8", "model.int8").inputs["model"] == source.sha256
    assert load_model(tmp_path / "float", "cpu").n_vocab == 1024
    assert (tmp_path / "model-Q8_0.gguf").stat().st_size > 10**6
    assert (tmp_path / "huggingface" / "model.safetensors").stat().st_size > 3 * 10**6


@pytest.mark.nightly
def test_contest_runs_and_everybody_has_speed_and_memory(tmp_path):
    out = tmp_path / "speed.json"
    command = [sys.executable, "benchmarks/inference.py", "--models=tiny", "--anyway", *SIZES]
    done = subprocess.run(
        [*command, f"--out={out}"], cwd=REPO, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "AVX" in done.stdout or "NEON" in done.stdout  # what llama.cpp was built for
    said = read_json(out)["said"]
    assert [each["side"] for each in said] == [*SIDES]
    for each in said:
        assert min(each["new_rate"], each["prompt_rate"], each["first_ms"]) > 0
        assert each["peak_bytes"] > each["loaded_bytes"] > 0

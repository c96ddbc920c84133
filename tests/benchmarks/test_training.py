"""The contest in training speed, from the command to the table."""

import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest
from contender import Seat
from training import list_contenders, plan_tokens, share_out

from alm.config import Params
from alm.io import read_json

REPO = Path(__file__).parents[2]
SMALLEST = [
    "--model=tiny",
    "--rows=2",
    "--micro-rows=1",
    "--seq-len=16",
    "--turns=1",
    "--anyway",
]


def listed(**options):
    usual = {"rows": 32, "micro_rows": 8, "seq_len": 512, "run_tokens": 0, "only": ""}
    args = Namespace(**usual, **({"masked": False, "compiled": False} | options))
    return [
        f"{one.side} {one.model} {one.precision}{' compiled' * one.compiled}{' loop' * one.loops}"
        for one in list_contenders(args)
    ]


def test_mixture_comes_with_its_dense_twin_and_both_peers_in_both_precisions():
    assert listed(model="pico") == [
        "alm dense_pico native",
        "alm dense_pico float32",
        "alm pico native",
        "alm pico float32",
        "transformers dense_pico float32",
        "transformers dense_pico bfloat16",
        "transformers pico float32",
        "transformers pico float32 loop",
        "transformers pico bfloat16",
        "transformers pico bfloat16 loop",
    ]


def test_dense_shape_comes_alone():
    assert {name.split()[1] for name in listed(model="dense_pico")} == {"dense_pico"}


def test_masked_contest_is_of_float32_alone():
    assert {name.split()[2] for name in listed(model="pico", masked=True)} == {"float32"}


def test_compiled_peers_are_added_where_asked_for():
    assert "transformers pico bfloat16 compiled" in listed(model="pico", compiled=True)
    assert "transformers pico float32 compiled" in listed(model="pico", compiled=True, masked=True)


def test_run_is_as_long_as_its_preset_or_as_its_size_asks():
    assert plan_tokens("pico", 512) == Params.load("pico").train.tokens
    assert plan_tokens("dense_tiny", 128) == 20 * 918_912


@pytest.mark.parametrize(("device", "groups"), [("cpu", [2]), ("NVIDIA H200", [1, 1])])
def test_all_take_turns_on_a_cpu_and_nobody_shares_a_gpu(device, groups):
    seats = [Seat(None, {}, facts={"device": device}) for _ in range(2)]

    assert [len(group) for group in share_out(seats)] == groups


@pytest.mark.nightly
def test_contest_runs_and_every_row_has_speed_and_memory(tmp_path):
    out = tmp_path / "speed.json"
    command = [sys.executable, "benchmarks/training.py", *SMALLEST, f"--out={out}"]
    environment = os.environ | {"ALM_THREADS": "1", "ALM_DEVICE": "cpu"}
    done = subprocess.run(
        command, cwd=REPO, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    standings = read_json(out)["standings"]
    assert {(each["side"], each["is_mixture"]) for each in standings} == {
        (side, is_mixture) for side in ("alm", "transformers") for is_mixture in (True, False)
    }
    for each in standings:
        assert each["tokens_per_second"] > 0
        assert each["peak_bytes"] > each["loaded_bytes"] > 0

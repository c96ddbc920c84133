"""What the committed reports must show: the bars that the presets were built to clear.

Reports of one's own presets lie beside them; what they show is nobody's promise.
"""

import subprocess
from pathlib import Path

import pytest

from alm.io import read_json

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "reports"
BARS = {"tiny": ("3", 1.0), "pico": ("5", 0.8)}  # n-gram order, and the share of its bits allowed
LONGEST_COPY = 20  # tokens in a row that no committed sample may share with the training text


def list_committed():
    """Return the presets whose evaluation is in Git; DVC and a build may have touched it since."""
    listed = subprocess.run(
        ["git", "ls-files", "reports/*/evaluate.json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(Path(line).parent.name for line in listed.stdout.splitlines())


COMMITTED = list_committed()


@pytest.mark.parametrize("preset", BARS)
def test_held_out_bits_per_byte_clear_the_bar(preset):
    order, share = BARS[preset]
    total = read_json(REPORTS / preset / "evaluate.json")["total"]

    assert total["bits_per_byte"] < share * total["ngram"][order]


@pytest.mark.parametrize("preset", COMMITTED)
def test_no_sample_copies_a_long_run_of_the_training_text(preset):
    samples = read_json(REPORTS / preset / "samples.json")

    assert samples["longest_copy"] < LONGEST_COPY


def test_tiny_and_pico_are_committed():
    assert set(COMMITTED) >= set(BARS)


@pytest.mark.parametrize("preset", COMMITTED)
def test_int8_costs_no_more_than_a_receipt_may_say(preset):
    receipt = read_json(REPORTS / preset / "quantize.json")

    assert receipt["bytes_per_weight"] <= 1.07
    assert abs(receipt["delta_nll"]) <= 0.001
    assert receipt["kl_divergence"] <= 2e-3
    assert receipt["same_top1"] >= 0.985

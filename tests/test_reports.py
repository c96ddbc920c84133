"""What the committed reports must show: the bars that the presets were built to clear."""

from pathlib import Path

import pytest

from alm.io import read_json

REPORTS = Path(__file__).parents[1] / "reports"
COMMITTED = sorted(path.name for path in REPORTS.iterdir() if (path / "evaluate.json").exists())
BARS = {"tiny": ("3", 1.0), "pico": ("5", 0.8)}  # n-gram order, and the share of its bits allowed
LONGEST_COPY = 20  # tokens in a row that no committed sample may share with the training text


@pytest.mark.parametrize("preset", [name for name in COMMITTED if name in BARS])
def test_held_out_bits_per_byte_clear_the_bar(preset):
    order, share = BARS[preset]
    total = read_json(REPORTS / preset / "evaluate.json")["total"]

    assert total["bits_per_byte"] < share * total["ngram"][order]


@pytest.mark.parametrize("preset", COMMITTED)
def test_no_sample_copies_a_long_run_of_the_training_text(preset):
    samples = read_json(REPORTS / preset / "samples.json")

    assert samples["longest_copy"] < LONGEST_COPY


def test_tiny_is_committed():
    assert "tiny" in COMMITTED


@pytest.mark.parametrize("preset", COMMITTED)
def test_int8_costs_no_more_than_a_receipt_may_say(preset):
    receipt = read_json(REPORTS / preset / "quantize.json")

    assert receipt["bytes_per_weight"] <= 1.07
    assert abs(receipt["delta_nll"]) <= 0.001
    assert receipt["kl_divergence"] <= 2e-3
    assert receipt["same_top1"] >= 0.985

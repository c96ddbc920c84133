import json

import pytest

from alm.errors import IntegrityError
from alm.project.summary import summarize

REPORTS = {
    "pretrain": {
        "params": {"total": 1_200_000},
        "tokens": 301_056,
        "fill_rate": 1.0,
        "steps": 147,
        "val_loss": 2.71828,
    },
    "evaluate": {"total": {"bits_per_byte": 1.75, "bytes": 32768, "ngram": {"3": 2.5, "5": 2.25}}},
    "quantize": {
        "bytes_float": 4_900_000,
        "bytes_int8": 1_300_000,
        "delta_nll": 0.0012,
        "same_top1": 0.991,
    },
    "samples": {
        "samples": [
            {
                "prompt": "Once upon a time",
                "greedy": {"text": " the"},
                "sampled": {"text": ", a\n\tfox\x1b[31m ran " + "on and " * 20},
            }
        ]
    },
}


@pytest.fixture
def write(tmp_path):
    def write_reports(**changed):
        folder = tmp_path / "reports" / "tiny"
        folder.mkdir(parents=True, exist_ok=True)
        for name, report in {**REPORTS, **changed}.items():
            (folder / f"{name}.json").write_text(json.dumps(report))
        return tmp_path

    return write_reports


def test_the_numbers_that_matter_are_on_the_screen(write):
    shown = summarize("tiny", write())

    assert "1.2 M parameters, 301,056 tokens in 147 steps" in shown
    assert "1.750 on 32,768 bytes held out" in shown
    assert "3-gram 2.500, 5-gram 2.250" in shown
    assert "4.9 MB, 1.3 MB in int8" in shown
    assert "reports/tiny/report.html" in shown
    assert "make sample PRESET=tiny PROMPT=" in shown


def test_orders_of_n_grams_are_sorted_as_numbers(write):
    total = {"bits_per_byte": 1.0, "bytes": 1, "ngram": {"10": 2.0, "5": 3.0}}

    assert "5-gram 3.000, 10-gram 2.000" in summarize("tiny", write(evaluate={"total": total}))


def test_a_sample_stays_on_one_line_and_cannot_steer_the_terminal(write):
    shown = summarize("tiny", write())
    line = next(line for line in shown.splitlines() if line.startswith("sample"))

    assert "Once upon a time | , a fox [31m ran on" in line
    assert "\x1b" not in shown
    assert line.endswith("...")


def test_the_next_preset_is_offered_after_the_first(write):
    assert "make repro PRESET=pico" in summarize("tiny", write())


def test_a_missing_report_is_named(write):
    root = write()
    (root / "reports" / "tiny" / "evaluate.json").unlink()

    with pytest.raises(IntegrityError, match=r"evaluate\.json"):
        summarize("tiny", root)


def test_a_report_of_another_version_is_said_to_be_one(write):
    with pytest.raises(IntegrityError, match="ngram"):
        summarize("tiny", write(evaluate={"total": {}}))


def test_padding_is_no_text_and_a_loss_that_is_not_finite_is_told(write):
    pretrain = {**REPORTS["pretrain"], "fill_rate": 0.5, "val_loss": None}

    shown = summarize("tiny", write(pretrain=pretrain))

    assert "150,528 tokens in 147 steps, validation loss not finite" in shown

"""Findings: read strictly, and a wrong file is named."""

from dataclasses import replace

import pytest

from alm.errors import IntegrityError
from alm.io import Manifest
from alm.report.findings import Findings, LossCurve

HEADER = "step,tokens,loss,val_loss,lr,grad_norm,max_load,weights"


def test_loss_table_becomes_series_over_tokens(tmp_path):
    path = tmp_path / "loss.csv"
    path.write_text(f"{HEADER}\n10,100,2.5,,0.1,1,,\n20,200,2.25,2.75,0.1,1,,0af1\n")

    curve = LossCurve.read(path)

    assert curve.series("a", "loss").points == [(100, 2.5), (200, 2.25)]
    assert curve.series("a", "val_loss").points == [(100, None), (200, 2.75)]
    assert curve.measured("a", "val_loss").points == [(200, 2.75)]
    assert curve.measured("a", "max_load").points == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("step,loss\n1,2\n", "expected the columns step, tokens, .* found step, loss; train again"),
        ("", "found none; train again"),
        (f"{HEADER}\n10,100,much,,0.1,1,,\n", "is damaged: .*much"),
        (f"{HEADER}\n10,100\n", "expected 8 fields, found 2 in line 2"),
        (f"{HEADER}\n1,2,3,4,5,6,7,8,9\n", "expected 8 fields, found 9 in line 2"),
    ],
    ids=["columns", "empty", "word", "short", "long"],
)
def test_table_that_is_none_is_refused(tmp_path, text, message):
    path = tmp_path / "loss.csv"
    path.write_text(text)

    with pytest.raises(IntegrityError, match=message):
        LossCurve.read(path)


def test_absent_table_is_named(tmp_path):
    with pytest.raises(IntegrityError, match=r"cannot read .*loss\.csv"):
        LossCurve.read(tmp_path / "loss.csv")


@pytest.mark.parametrize("name", ["pretrain", "evaluate", "quantize", "samples"])
def test_absent_report_is_named(paths, name):
    missing = replace(paths, **{name: paths.model / "absent.json"})

    with pytest.raises(IntegrityError, match=r"cannot read .*absent\.json"):
        Findings.read("tiny", missing)


@pytest.mark.parametrize(
    "name", ["model", "ingested", "normalized", "deduplicated", "documents", "tokenizer", "packed"]
)
def test_directory_of_another_kind_is_refused(paths, name):
    Manifest.write(getattr(paths, name), "other", params={}, inputs={}, facts={})

    with pytest.raises(IntegrityError, match="found a other"):
        Findings.read("tiny", paths)


def test_corpus_stages_are_read_by_their_names(found):
    assert [m.kind for m in found.corpus.values()] == [f"corpus.{stage}" for stage in found.corpus]

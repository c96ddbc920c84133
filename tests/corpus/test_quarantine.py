"""Quarantine: what a person gets to see of a record that could not be used."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.quarantine import QuarantineWriter, excerpt


@pytest.mark.parametrize(
    ("sample", "shown"),
    [
        ("plain", "plain"),
        ("é" * 300, "é" * 100),
        ("x" + "é" * 300, "x" + "é" * 99),
        (b"\xff\xfe", r"\xff\xfe"),
        ("\ud800", r"\ud800"),
    ],
    ids=ascii,
)
def test_excerpt_is_short_text(sample, shown):
    assert excerpt(sample) == shown


@given(st.text(st.characters()) | st.binary())
def test_excerpt_is_at_most_200_bytes_of_utf8(sample):
    assert len(excerpt(sample).encode("utf-8")) <= 200


def test_entry_names_reason_and_place(tmp_path):
    with QuarantineWriter(tmp_path / "q") as writer:
        writer.write("own", "bad_utf8", "a.txt", "found 0xff at byte 0", b"\xff")

    assert json.loads((tmp_path / "q").read_bytes()) == {
        "source": "own",
        "reason": "bad_utf8",
        "place": "a.txt",
        "detail": "found 0xff at byte 0",
        "excerpt": r"\xff",
    }

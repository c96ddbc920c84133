"""normalize: one form for line ends, spaces and controls; everything else as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.config import NormalizeConfig
from alm.corpus import Normalization, normalize_text, read_documents
from alm.errors import IntegrityError
from alm.io import Manifest
from alm.work import run_step

ODD = "ab \t\n\r\x00\x0b\x0c\x1b\ufeff\u2028\u2581\u00a0"
TEXT = st.text(st.sampled_from(ODD)) | st.text(st.characters(codec="utf-8"))
CONFIG = NormalizeConfig(max_control_fraction=0.01, max_blank_lines=2)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("\ufeffa\ufeff", "a\ufeff"),
        ("\n\ufeffa", "a"),
        ("a\x00\x08\x0b\x0c\x1fb\tc", "ab\tc"),
        ("a \t\nb  ", "a\nb"),
        ("a\u00a0\n", "a\u00a0\n"),
        ("a\n\n\n\n\nb", "a\n\n\nb"),
        ("a\n \n\t\n  \n\nb", "a\n\n\nb"),
        ("\n\n\n\na", "\n\na"),
        ("a\r\x00\nb", "a\nb"),
        ("Straße İ ﬁ \u2581\u2585\u2028 x = y*2 + <1>", None),
    ],
    ids=ascii,
)
def test_text_gets_its_one_form(text, clean):
    assert normalize_text(text, 2, keep_trailing=False) == (text if clean is None else clean)


def test_source_may_keep_spaces_at_line_ends():
    assert normalize_text("a  \n \nb\t", 2, keep_trailing=True) == "a  \n \nb\t"


@given(TEXT, st.integers(0, 3), st.booleans())
def test_doing_it_twice_changes_nothing_more(text, limit, keep):
    once = normalize_text(text, limit, keep_trailing=keep)

    assert normalize_text(once, limit, keep_trailing=keep) == once


@given(TEXT)
def test_only_spaces_line_ends_controls_and_marks_are_touched(text):
    touched = {*map(chr, range(33)), "\ufeff"}

    def rest(text):
        return [char for char in text if char not in touched]

    assert rest(normalize_text(text, 0, keep_trailing=False)) == rest(text)


@given(TEXT, st.integers(0, 3))
def test_no_run_of_blank_lines_is_longer_than_allowed(text, limit):
    lines = normalize_text(text, limit, keep_trailing=False).split("\n")[:-1]

    runs = "".join("." if line else " " for line in lines).split(".")
    assert max(map(len, runs)) <= limit


def test_long_runs_of_spaces_take_linear_time():
    text = " " * 2_000_000 + "x"  # a pattern like ` +$` would take hours

    assert normalize_text(text, 2, keep_trailing=False) == text


def test_stage_keeps_the_books_and_the_chain_of_digests(take, folder, tmp_path):
    (folder / "a.txt").write_bytes(b"one \r\n")
    (folder / "b.txt").write_bytes(b"x" * 200 + b"\x00")
    (folder / "c.txt").write_bytes(b"\x07" * 5)
    (folder / "d.txt").write_bytes("\u200b\x00".encode() * 1)
    take("text")

    run_step(Normalization.of(tmp_path / "out", CONFIG, ()), tmp_path / "clean", 1)

    manifest = Manifest.read(tmp_path / "clean", "corpus.normalize")
    assert [d.text for d in read_documents(tmp_path / "clean/documents.jsonl")] == [
        "one\n",
        "x" * 200,
    ]
    assert manifest.facts["docs_in"] == 4
    assert manifest.facts["quarantined"] == {"binary": 2}
    assert manifest.facts["removed"] == {"control_characters": 1}
    assert manifest.inputs == {"ingest": Manifest.read(tmp_path / "out", "corpus.ingest").sha256}


def test_document_that_cleaning_leaves_empty_is_dropped(take, folder, tmp_path):
    (folder / "a.txt").write_text("one")
    (folder / "b.txt").write_text("\ufeff\x00" + "\u2003" * 300)
    take("text")

    manifest = run_step(Normalization.of(tmp_path / "out", CONFIG, ()), tmp_path / "clean", 1)

    assert manifest.facts["dropped"] == {"empty": 1}


def test_trailing_spaces_are_kept_by_source(take, folder, tmp_path):
    (folder / "a.txt").write_text("one  \n")
    take("text")

    run_step(Normalization.of(tmp_path / "out", CONFIG, ("own",)), tmp_path / "clean", 1)

    (document,) = read_documents(tmp_path / "clean" / "documents.jsonl")
    assert document.text == "one  \n"


def test_damaged_input_is_refused(take, folder, tmp_path):
    (folder / "a.txt").write_text("one")
    take("text")
    with (tmp_path / "out" / "documents.jsonl").open("a") as file:
        file.write("\n")

    with pytest.raises(IntegrityError, match=r"documents\.jsonl"):
        run_step(Normalization.of(tmp_path / "out", CONFIG, ()), tmp_path / "clean", 1)

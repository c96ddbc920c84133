"""Counts in files: the sums of a Counter, in one order, whatever the number of files."""

from collections import Counter

import pytest

from alm.tokenizer.counts import merge_counts, read_rows, write_counts
from alm.tokenizer.words import count_words


def test_file_is_sorted_by_code_points(tmp_path):
    write_counts(tmp_path / "c", {"b": 1, " a": 20, "\U0001f600": 3, "\uffff": 4, "a\r\x85": 5})

    assert list(read_rows(tmp_path / "c")) == [
        " a\t20",
        "a\r\x85\t5",
        "b\t1",
        "\uffff\t4",
        "\U0001f600\t3",
    ]


@pytest.mark.parametrize("fan_in", [2, 3, 100])
def test_merged_counts_are_those_of_all_texts(texts, tmp_path, fan_in):
    paths, total = [], Counter()
    for i in range(11):
        paths.append(tmp_path / f"part{i}")
        counts = count_words(texts[5 * i : 5 * i + 7])
        write_counts(paths[-1], counts)
        total.update(counts)
    write_counts(tmp_path / "expected", total)

    merge_counts(paths, tmp_path / "scratch" / "out", fan_in)

    assert (tmp_path / "scratch" / "out").read_bytes() == (tmp_path / "expected").read_bytes()


def test_no_more_files_are_open_than_allowed(tmp_path, monkeypatch):
    merged = []
    paths = [tmp_path / f"part{i}" for i in range(30)]
    for path in paths:
        write_counts(path, {"a": 1})

    def watched(paths):
        merged.append(len(paths))
        return iter([(b"a", sum(int(path.read_text().split("\t")[1]) for path in paths))])

    monkeypatch.setattr("alm.tokenizer.counts._add_up", watched)
    merge_counts(paths, tmp_path / "out", 4)

    assert max(merged) == 4
    assert (tmp_path / "out").read_text() == "a\t30\n"


def test_nothing_counted_is_an_empty_file(tmp_path):
    write_counts(tmp_path / "a", {})
    merge_counts([tmp_path / "a"], tmp_path / "out")

    assert list(read_rows(tmp_path / "out")) == []

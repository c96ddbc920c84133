"""decontamination: a document that holds a passage of an evaluation file is found."""

import json

import pytest

from alm.corpus.filters import Passages, find_files, read_texts
from alm.errors import ConfigError, InputError

QUESTION = b"one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


def count(text, examined=QUESTION):
    return list(Passages.of([examined], 13).count_in([b"", text, b"something else"]))


def test_thirteen_words_in_a_row_are_found_and_twelve_are_not():
    words = QUESTION.split()

    assert count(b"before " + b" ".join(words[1:14]) + b" after") == [0, 1, 0]
    assert count(b"before " + b" ".join(words[:12]) + b" after") == [0, 0, 0]


def test_case_spaces_and_punctuation_do_not_hide_a_passage():
    assert count(b'"' + QUESTION.upper().replace(b" ", b",\n  ") + b'"!') == [0, 2, 0]


def test_short_text_is_found_where_it_is_the_whole_document():
    assert count(b"What is it?", b"what is it") == [0, 1, 0]
    assert count(b"What is it? Say.", b"what is it") == [0, 0, 0]


def test_json_lines_give_every_string(tmp_path):
    rows = [{"question": "a", "options": ["b", {"c": "d"}], "n": 1}, "e"]
    path = tmp_path / "exam.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n")

    assert list(read_texts(path)) == [b"a", b"b", b"d", b"e"]


def test_other_files_are_one_text(tmp_path):
    path = tmp_path / "exam.txt"
    path.write_bytes(b"one\ntwo\n\xff")

    assert list(read_texts(path)) == [b"one\ntwo\n\xff"]


@pytest.mark.parametrize("line", [b"{", b"\xff", b"[" * 100_000])
def test_line_that_is_no_json_is_named(tmp_path, line):
    path = tmp_path / "exam.jsonl"
    path.write_bytes(b'"fine"\n' + line + b"\n")

    with pytest.raises(InputError, match=r"exam\.jsonl, line 2"):
        list(read_texts(path))


@pytest.mark.parametrize("name", ["absent.txt", "../outside.txt", "."])
def test_file_must_lie_in_the_folder(tmp_path, name):
    (tmp_path / "outside.txt").write_text("x")
    folder = tmp_path / "evaluation"
    folder.mkdir()

    with pytest.raises(ConfigError, match=r"filter\.decontamination\.files"):
        find_files(folder, [name])

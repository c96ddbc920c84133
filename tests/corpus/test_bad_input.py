"""What every kind of bad input gets: one test or more for each row of the table in the design.

Rows about shards belong to ``alm.data``.
"""

import bz2
import gzip
import json
import lzma
import tracemalloc

import pytest

from alm.config import NormalizeConfig
from alm.corpus import Normalization, read_documents
from alm.errors import ConfigError, InputError
from alm.work import run_step

GOOD = {"text": "good"}
NORMALIZE = NormalizeConfig(max_control_fraction=0.01, max_blank_lines=2)
LATIN = "caf\xe9".encode("latin-1")
COMPRESS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


# --- invalid UTF-8 --------------------------------------------------------------------------------


def test_invalid_utf8_is_set_aside_with_its_place(take, folder):
    (folder / "a.txt").write_bytes(LATIN)
    (folder / "b.txt").write_text("good")

    taken = take("text")

    assert taken.texts == ["good"]
    (entry,) = taken.quarantine
    assert (entry["reason"], entry["place"]) == ("bad_utf8", "a.txt")
    assert entry["detail"] == "expected UTF-8, found 0xe9 at byte 3"
    assert entry["excerpt"] == r"caf\xe9"


def test_invalid_utf8_in_a_line_is_placed_by_line_and_by_byte_of_the_file(take, write_rows):
    write_rows(GOOD, b'{"text": "' + LATIN + b'"}')

    taken = take("jsonl")

    assert taken.quarantine[0]["place"] == "rows.jsonl:2"
    assert taken.quarantine[0]["detail"].endswith(f"at byte {len(json.dumps(GOOD)) + 1 + 13}")


def test_invalid_utf8_can_be_replaced(take, folder):
    (folder / "a.txt").write_bytes(LATIN)

    assert take("text", on_bad_utf8="replace").texts == ["caf\ufffd"]


def test_invalid_utf8_can_fail_the_stage(take, folder):
    (folder / "a.txt").write_bytes(LATIN)

    with pytest.raises(InputError, match="a.txt: expected UTF-8, found 0xe9 at byte 3"):
        take("text", on_bad_utf8="fail")


# --- NUL and control characters -------------------------------------------------------------------


def test_nul_and_control_characters_are_removed_and_counted(take, folder, tmp_path):
    (folder / "a.txt").write_text("x" * 500 + "\x00\x1b\tend\n")
    take("text")

    manifest = run_step(Normalization.of(tmp_path / "out", NORMALIZE, ()), tmp_path / "clean", 1)

    (document,) = read_documents(tmp_path / "clean" / "documents.jsonl")
    assert document.text == "x" * 500 + "\tend\n"
    assert manifest.facts["removed"] == {"control_characters": 2}


def test_document_with_more_than_a_hundredth_of_control_characters_is_binary(
    take, folder, tmp_path
):
    (folder / "a.txt").write_text("x" * 98 + "\x00\x01")
    (folder / "b.txt").write_text("x" * 99 + "\x00")
    take("text")

    manifest = run_step(Normalization.of(tmp_path / "out", NORMALIZE, ()), tmp_path / "clean", 1)

    assert manifest.facts["quarantined"] == {"binary": 1}
    assert manifest.facts["docs_out"] == 1


# --- lone surrogate -------------------------------------------------------------------------------


def test_lone_surrogate_is_set_aside(take, write_rows):
    write_rows(GOOD, b'{"text": "half \\ud800 pair"}', b'{"text": "whole \\ud83d\\ude00"}')

    taken = take("jsonl")

    assert taken.texts == ["good", "whole \U0001f600"]
    assert taken.quarantine[0]["reason"] == "lone_surrogate"
    assert taken.quarantine[0]["excerpt"] == r"half \ud800 pair"


# --- empty document -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " \n\t\r\n", "\u00a0\u2003\u3000", "\ufeff", "\u2028\x85"])
def test_empty_or_blank_document_is_dropped_and_counted(take, write_rows, text):
    write_rows(GOOD, {"text": text})

    taken = take("jsonl")

    assert taken.texts == ["good"]
    assert taken.facts["dropped"] == {"empty": 1}


# --- giant single line ----------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [("text", "a.txt"), ("jsonl", "a.jsonl")])
def test_giant_line_is_set_aside_without_holding_it(take, folder, write_rows, kind, name):
    with (folder / name).open("wb") as file:
        file.truncate(64 << 20)
    (folder / "b.txt").write_text("good")
    write_rows(GOOD, name="b.jsonl")

    tracemalloc.start()
    taken = take(kind, max_doc_bytes=1 << 16)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert taken.texts == ["good"]
    assert taken.facts["quarantined"] == {"too_long": 1}
    assert len(taken.quarantine[0]["excerpt"].encode()) <= 200
    assert peak < 8 << 20


def test_row_after_a_giant_line_is_read(take, write_rows):
    write_rows(GOOD, {"text": "x" * 5000}, {"text": "after"})

    taken = take("jsonl")

    assert taken.texts == ["good", "after"]
    assert taken.quarantine[0]["place"] == "rows.jsonl:2"


def test_giant_document_can_be_split_and_loses_nothing(take, folder):
    text = "".join(f"line {i}\n" for i in range(300)) + "é" * 900
    (folder / "a.txt").write_text(text)

    taken = take("text", on_long_document="split")

    assert "".join(taken.texts) == text
    assert all(len(piece.encode()) <= 1000 for piece in taken.texts)
    assert taken.ids == [f"a.txt#{k}" for k in range(len(taken.texts))]
    assert taken.texts[0].endswith("\n")


# --- truncated, or with a bad CRC -----------------------------------------------------------------


def damage(data, how):
    middle = len(data) // 2
    return {
        "truncated": data[:-9],
        "bad_crc": data[:-6] + bytes([data[-6] ^ 1]) + data[-5:],
        "no_archive": b"plain text",
        "bit_flip": data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :],
    }[how]


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("how", ["truncated", "bad_crc", "no_archive", "bit_flip"])
def test_damaged_compressed_file_fails_the_stage_and_publishes_nothing(
    take, folder, tmp_path, suffix, how
):
    data = COMPRESS[suffix](b'{"text": "good"}\n' * 1000)
    (folder / f"a.jsonl{suffix}").write_bytes(damage(data, how))

    with pytest.raises(
        InputError, match=rf"a\.jsonl{suffix} of source 'rows' is damaged: .* after"
    ):
        take("jsonl", max_bad_run=100_000)
    assert not (tmp_path / "out").exists()


def test_truncated_gz_is_reported_with_the_records_read_before(take, folder):
    rows = b"".join(b'{"text": "%d"}\n' % i for i in range(9000))
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(rows)[:-20])

    with pytest.raises(InputError, match=r"after [5-8],[0-9]{3} records; restore the file, or set"):
        take("jsonl")


def test_damaged_file_can_be_skipped_and_the_manifest_says_so(take, folder, write_rows):
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "one"}\n{"text": "two"}\n')[:-4])
    write_rows(GOOD, name="b.jsonl")

    taken = take("jsonl", on_bad_file="skip")

    (skipped,) = taken.facts["sources"][0]["skipped_files"]
    assert (skipped["file"], skipped["records"]) == ("a.jsonl.gz", len(taken.texts) - 1)
    assert taken.texts[-1] == "good"


@pytest.mark.parametrize("suffix", COMPRESS)
def test_sound_compressed_file_is_read(take, folder, suffix):
    (folder / f"a.txt{suffix}").write_bytes(COMPRESS[suffix](b"one\ntwo"))

    assert take("text").texts == ["one\ntwo"]


# --- malformed lines ------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [b"{", b'{"text": "x"', b"text", b'{"text": "x"} {}', b"\x00"])
def test_malformed_line_is_set_aside_with_its_number(take, write_rows, line):
    write_rows(GOOD, GOOD, line)

    taken = take("jsonl")

    assert taken.quarantine[0]["reason"] == "bad_json"
    assert taken.quarantine[0]["place"] == "rows.jsonl:3"


def test_too_large_a_share_of_malformed_lines_fails_the_stage(take, write_rows):
    write_rows(*[GOOD] * 998, b"{", b"}")

    with pytest.raises(
        InputError, match=r"max_bad_fraction\), found 2 of 1,000; .* rows.jsonl:999"
    ):
        take("jsonl", max_bad_fraction=0.001)
    write_rows(*[GOOD] * 999, b"{")
    assert len(take("jsonl", max_bad_fraction=0.001).texts) == 999


def test_too_many_malformed_lines_in_a_row_fail_the_stage(take, write_rows):
    write_rows(*[GOOD] * 100, *[b"{"] * 11)

    with pytest.raises(InputError, match=r"at most 10 unusable records in a row"):
        take("jsonl", max_bad_run=10)
    write_rows(*[GOOD] * 100, *[b"{"] * 10, GOOD, *[b"{"] * 10)
    assert take("jsonl", max_bad_run=10).facts["quarantined"] == {"bad_json": 20}


# --- deep nesting, double keys, NaN ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b'{"text": "x", "more": ' + b"[" * 400 + b"]" * 400 + b"}", None),
        (b"[" * 100_000, "nested too deep"),
        (b'{"text": "x", "text": "y"}', "key 'text' stands twice"),
        (b'{"text": "x", "more": {"a": 1, "a": 1}}', "key 'a' stands twice"),
        (b'{"text": "x", "more": NaN}', "NaN is no JSON number"),
        (b'{"text": "x", "more": -Infinity}', "-Infinity is no JSON number"),
        (b'{"text": "x", "more": 1e999}', "1e999 is too large"),
    ],
    ids=["nested", "nested too deep", "double key", "double key inside", "NaN", "infinity", "huge"],
)
def test_json_that_is_deep_ambiguous_or_no_json_is_set_aside(take, write_rows, line, detail):
    write_rows(GOOD, line)

    taken = take("jsonl", max_doc_bytes=200_000)

    assert [entry["detail"] for entry in taken.quarantine] == ([detail] if detail else [])


def test_what_is_said_about_a_bad_line_is_short(take, write_rows):
    key = b'"' + b"k" * 900 + b'"'
    write_rows(GOOD, b"{" + key + b": 1, " + key + b": 2}")

    taken = take("jsonl", max_doc_bytes=10_000)

    assert len(json.dumps(taken.quarantine[0])) < 600


# --- missing or wrong-typed field -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"body": "x"}, "missing_field"),
        ({"text": None}, "wrong_type"),
        ({"text": ["x"]}, "wrong_type"),
        ({"text": 3.5}, "wrong_type"),
        (["x"], "no_object"),
        ("x", "no_object"),
    ],
    ids=str,
)
def test_row_without_the_text_is_set_aside(take, write_rows, row, reason):
    write_rows(GOOD, row)

    assert take("jsonl").facts["quarantined"] == {reason: 1}


@pytest.mark.parametrize("n_rows", [3, 1000, 5000])
def test_field_that_no_row_has_is_a_mistake_in_the_recipe(take, write_rows, n_rows):
    write_rows(*[{"body": "x", "score": 1, "tags": []}] * n_rows)

    with pytest.raises(
        ConfigError,
        match=r"expected text_field 'text' \(a string\) .* none of the first .* has that; their "
        r"fields are: body \(a string\), score \(an integer\), tags \(an array\)",
    ):
        take("jsonl", max_bad_run=2000)


def test_field_that_no_row_has_is_told_apart_from_a_run_of_bad_rows(take, write_rows):
    write_rows(*[{"body": "x"}] * 500)

    with pytest.raises(ConfigError, match="none of the first 11 has that"):
        take("jsonl", max_bad_run=10)


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ({"q": "x"}, "missing_field", "no field 'a'"),
        ({"q": "x", "a": []}, "missing_field", "no field 'a[0]'"),
        ({"q": "x", "a": [{"txt": "y"}]}, "missing_field", "no field 'a[0].text'"),
        ({"q": "x", "a": {"0": "y"}}, "wrong_type", "field 'a' is an object"),
        ({"q": "x", "a": ["y"]}, "wrong_type", "field 'a[0]' is a string"),
        ({"q": True, "a": [{"text": "y"}]}, "wrong_type", "field 'q' is a truth value"),
        ({"q": 2.5, "a": [{"text": "y"}]}, "wrong_type", "field 'q' is a number"),
    ],
    ids=str,
)
def test_row_without_a_field_of_the_template_is_set_aside(take, write_rows, row, reason, detail):
    write_rows({"q": 1, "a": [{"text": "good"}]}, row)

    taken = take("jsonl", text_field=None, template="Q: {q}\nA: {a[0].text} {{}}")

    assert taken.texts == ["Q: 1\nA: good {}"]
    assert (taken.quarantine[0]["reason"], taken.quarantine[0]["detail"]) == (reason, detail)


@pytest.mark.parametrize("score", [None, "4", True, [4], {}], ids=repr)
def test_row_without_a_number_as_score_is_set_aside(take, write_rows, score):
    write_rows({**GOOD, "score": 4}, GOOD, {**GOOD, "score": score})

    taken = take("jsonl", score_field="score")

    assert taken.facts["quarantined"] == {"bad_score": 2}
    assert [document.meta["score"] for document in taken.documents] == [4]


def test_score_that_no_row_has_is_a_mistake_in_the_recipe(take, write_rows):
    write_rows(*[GOOD] * 3)

    with pytest.raises(ConfigError, match=r"and score_field 'score' \(a number\) .* text \(a str"):
        take("jsonl", score_field="score")


def test_file_without_the_fields_is_bad_input_where_another_has_them(take, write_rows):
    write_rows(*[GOOD] * 9, name="a.jsonl")
    write_rows({"body": "x"}, name="b.jsonl")

    assert take("jsonl").facts["quarantined"] == {"missing_field": 1}


def test_part_without_the_fields_is_no_mistake_in_the_recipe(take, write_rows, monkeypatch):
    """Where it is read by itself, nobody knows yet what the part before it has."""
    monkeypatch.setattr("alm.corpus.sources.files.UNIT_BYTES", 1)
    write_rows(GOOD, name="a.jsonl")
    write_rows(*[{"body": "x"}, b""] * 60, name="b.jsonl")

    assert take("jsonl").facts["quarantined"] == {"missing_field": 60}


def test_field_that_no_part_has_is_a_mistake_in_the_recipe(take, write_rows, monkeypatch):
    monkeypatch.setattr("alm.corpus.sources.files.UNIT_BYTES", 1)
    for name in ("a.jsonl", "b.jsonl"):
        write_rows(*[{"body": "x"}, b""] * 30, name=name)

    with pytest.raises(ConfigError, match="none of the first 51 has that"):
        take("jsonl")


# --- duplicate ids --------------------------------------------------------------------------------


def test_same_id_with_the_same_text_is_dropped(take, write_rows):
    write_rows({"id": "a", "text": "x"}, {"id": "a", "text": "x"}, {"id": 7, "text": "y"})

    taken = take("jsonl", id_field="id")

    assert taken.ids == ["a", "7"]
    assert taken.facts["dropped"] == {"dup_id": 1}


def test_same_id_with_another_text_fails_the_stage(take, write_rows):
    write_rows({"id": "a", "text": "x"}, {"id": "a", "text": "y"})

    with pytest.raises(InputError, match="expected one text per id, found two for 'a'"):
        take("jsonl", id_field="id")


def test_same_id_with_another_text_can_get_a_suffix(take, write_rows):
    write_rows(*[{"id": name, "text": text} for name, text in ("ax", "ay", "ay", "az")])

    taken = take("jsonl", id_field="id", on_id_conflict="suffix")

    assert list(zip(taken.ids, taken.texts, strict=True)) == [
        ("a", "x"),
        ("a~2", "y"),
        ("a~3", "z"),
    ]
    assert taken.facts["dropped"] == {"dup_id": 1}


# --- line and paragraph separators, block characters ----------------------------------------------


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\x1c", "\r"])
def test_only_newline_ends_a_line(take, folder, mark):
    line = json.dumps({"text": f"one{mark}two"}, ensure_ascii=False).encode()
    (folder / "a.jsonl").write_bytes(line.replace(json.dumps(mark).encode(), mark.encode()) + b"\n")

    assert take("jsonl").texts == [f"one{mark}two"]


@pytest.mark.parametrize("mark", ["\u2581", "\u2585", "\u2028", "\u2029", "\x85", "\u00a0"])
def test_characters_that_trouble_others_are_kept(take, folder, tmp_path, mark):
    (folder / "a.txt").write_text(f"one{mark}two{mark}", newline="")
    take("text")

    run_step(Normalization.of(tmp_path / "out", NORMALIZE, ()), tmp_path / "clean", 1)

    (document,) = read_documents(tmp_path / "clean" / "documents.jsonl")
    assert document.text == f"one{mark}two{mark}"


# --- nothing to read ------------------------------------------------------------------------------


def test_source_that_matched_no_file_says_what_there_is(take, folder):
    (folder / "sub").mkdir()
    for name in ("a.md", "b.md", "sub/c.csv"):
        (folder / name).write_text("x")

    with pytest.raises(InputError, match=r"'own' matched no file: .* found 1 \.csv, 2 \.md; put"):
        take("text")


def test_absent_input_says_where_to_put_the_text(take, tmp_path):
    with pytest.raises(InputError, match="no .*nowhere: put your text there"):
        take("text", root=tmp_path / "nowhere")


def test_no_document_left_is_an_error_with_counts(take, folder):
    (folder / "a.txt").write_text("  ")
    (folder / "b.txt").write_text("")

    with pytest.raises(InputError, match=r"none that can be used among 2 records .*empty 2"):
        take("text")


def test_no_document_left_after_cleaning_is_an_error_with_counts(take, folder, tmp_path):
    (folder / "a.txt").write_text("\x01\x02\x03")
    take("text")

    with pytest.raises(InputError, match=r"none worth keeping among 1 documents \(binary"):
        run_step(Normalization.of(tmp_path / "out", NORMALIZE, ()), tmp_path / "clean", 1)


# --- disk full, Ctrl-C ----------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_interrupted_stage_leaves_the_old_result(take, folder, tmp_path, monkeypatch, error):
    (folder / "a.txt").write_text("old")
    take("text")

    def fail(self, document):
        raise error

    (folder / "b.txt").write_text("new")
    monkeypatch.setattr("alm.corpus.document.DocumentWriter.write", fail)
    with pytest.raises(type(error)):
        take("text")

    (document,) = read_documents(tmp_path / "out" / "documents.jsonl")
    assert document.text == "old"

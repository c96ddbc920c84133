"""Encoded units: what a worker writes is what the merge reads."""

import numpy as np
import pytest

from alm.errors import IntegrityError
from alm.packing import encoded
from alm.packing.encoded import find_line_ends, frame, read_encoded, write_encoded
from alm.work import cut_lines


def test_documents_come_back_with_their_place(write_corpus, encoder, train, small_units, tmp_path):
    path = write_corpus(train=train * 3) / "train.jsonl"
    lines = path.read_bytes()
    found = []

    for unit in cut_lines(path):
        root = tmp_path / f"part{unit.number}"
        write_encoded(root, unit, encoder, ["a", "b"])
        found += read_encoded(root, unit)

    assert len(found) == 3 * len(train)
    for i, ((source, text), placed) in enumerate(zip(train * 3, found, strict=True)):
        tokens = placed.document.tokens.tolist()
        assert (tokens[0], tokens[-1]) == (encoder.bos_id, encoder.eos_id)
        assert bytes(token - 4 for token in tokens[1:-1]).decode() == text
        assert placed.document.n_bytes == len(text.encode())
        assert placed.document.source == "ab".index(source)
        assert f'"train-{i}"'.encode() in lines[placed.start : placed.stop]
        assert lines[placed.start : placed.stop].count(b"\n") == 1


def test_line_ends_are_found_over_chunks(write_corpus, train, monkeypatch):
    path = write_corpus(train=train * 5) / "train.jsonl"
    (unit,) = cut_lines(path)
    monkeypatch.setattr(encoded, "CHUNK_LINES", 7)

    ends = find_line_ends(unit)

    data = path.read_bytes()
    assert ends.tolist() == [i + 1 for i, byte in enumerate(data) if byte == ord("\n")]


def test_ids_are_framed(encoder):
    assert frame(np.array([7, 8], dtype=np.uint32), encoder).tolist() == [1, 7, 8, 2]
    assert frame(np.array([], dtype=np.uint32), encoder).tolist() == [1, 2]


def test_document_of_an_unknown_source_is_refused(write_corpus, encoder, tmp_path):
    (unit,) = cut_lines(write_corpus(val=[("c", "?")]) / "val.jsonl")

    with pytest.raises(IntegrityError, match="'val-0' is of source 'c'.* it has: a, b"):
        write_encoded(tmp_path / "part", unit, encoder, ["a", "b"])


def test_reader_that_loses_a_document_is_caught(write_corpus, encoder, byte_encoder, tmp_path):
    class Lossy(byte_encoder):
        def encode(self, unit):
            return list(super().encode(unit))[1:]

    (unit,) = cut_lines(write_corpus() / "train.jsonl")

    with pytest.raises(IntegrityError, match="expected 4 lines .* found 5"):
        write_encoded(tmp_path / "part", unit, Lossy(), ["a", "b"])

"""export_packed: others read back the same tokens and the same documents."""

import shutil
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alm.data import PackedDocument, export_packed
from alm.errors import ConfigError, InputError, IntegrityError
from alm.io import Manifest

LENGTHS = (5, 300, 2, 80, 1, 1, 111)
TOKENS = np.arange(500) * 31 % 499


@pytest.fixture
def packed(write_packed, make_documents):
    return write_packed(make_documents(TOKENS, *LENGTHS), 100)


def read_megatron(prefix):
    """Read a pair of files as Megatron's own reader does, from the layout alone."""
    data = prefix.with_suffix(".idx").read_bytes()
    assert data[:9] == b"MMIDIDX\x00\x00"
    version, code, n_sequences, n_documents = struct.unpack("<QBQQ", data[9:34])
    assert version == 1
    kind = {4: np.int32, 8: np.uint16}[code]
    lengths = np.frombuffer(data, np.int32, n_sequences, 34)
    pointers = np.frombuffer(data, np.int64, n_sequences, 34 + lengths.nbytes)
    place = 34 + lengths.nbytes + pointers.nbytes
    documents = np.frombuffer(data, np.int64, n_documents, place)
    assert place + documents.nbytes == len(data)
    tokens = prefix.with_suffix(".bin").read_bytes()
    sequences = [
        np.frombuffer(tokens, kind, length, pointer).tolist()
        for length, pointer in zip(lengths.tolist(), pointers.tolist(), strict=True)
    ]
    assert len(tokens) == 4 * sum(map(len, sequences))
    return [
        [token for sequence in sequences[first:end] for token in sequence]
        for first, end in zip(documents[:-1], documents[1:], strict=True)
    ]


def test_megatron_reads_the_same_documents(packed, tmp_path):
    export_packed(packed, tmp_path / "out", "megatron")

    expected = np.split(TOKENS, np.cumsum(LENGTHS)[:-1])
    assert read_megatron(tmp_path / "out" / "train") == [each.tolist() for each in expected]


def test_numpy_reads_the_same_tokens_and_documents(packed, tmp_path):
    export_packed(packed, tmp_path / "out", "npy")

    tokens = np.load(tmp_path / "out" / "train.npy", mmap_mode="r")
    start = np.load(tmp_path / "out" / "train-documents.npy")
    assert (tokens.dtype, start.dtype) == (np.dtype("<u4"), np.dtype("<u8"))
    assert np.array_equal(tokens, TOKENS)
    assert np.diff(start).tolist() == list(LENGTHS)


@pytest.mark.parametrize("file_format", ["megatron", "npy"])
def test_tokens_are_copied_chunk_by_chunk(packed, tmp_path, monkeypatch, file_format):
    whole = export_packed(packed, tmp_path / "whole", file_format)
    monkeypatch.setattr("alm.data.export.CHUNK_TOKENS", 7)

    assert export_packed(packed, tmp_path / "chunks", file_format) == whole


def test_the_manifest_says_what_was_exported(packed, tmp_path, vocabulary):
    export_packed(packed, tmp_path / "out", "megatron")

    manifest = Manifest.read(tmp_path / "out", "corpus.exported")
    manifest.verify(tmp_path / "out")
    assert sorted(manifest.files) == ["train.bin", "train.idx"]
    assert manifest.inputs == {"packed": Manifest.read(packed, "corpus.packed").sha256}
    assert manifest.facts["tokenizer_sha256"] == vocabulary.sha256


@pytest.mark.parametrize("file_format", ["megatron", "npy"])
def test_a_loss_mask_is_not_left_out_in_silence(write_packed, tmp_path, file_format):
    packed = write_packed([PackedDocument(np.arange(4), 0, 1, np.arange(4) > 1)])

    with pytest.raises(InputError, match="no loss mask, found one in .*train-00000.alm"):
        export_packed(packed, tmp_path / "out", file_format)

    assert not (tmp_path / "out").exists()


def test_a_vocabulary_beyond_int32_goes_into_numpy_only(write_packed, tmp_path, vocabulary):
    large = replace(vocabulary, vocab_size=2**32 - 1)
    packed = write_packed([PackedDocument(np.array([1, 2**32 - 2]), 0, 1)], vocabulary=large)

    with pytest.raises(InputError, match="found a vocabulary of 4294967295 .*; export it as npy"):
        export_packed(packed, tmp_path / "out", "megatron")

    export_packed(packed, tmp_path / "out", "npy")
    assert np.load(tmp_path / "out" / "train.npy").tolist() == [1, 2**32 - 2]


def test_a_damaged_corpus_is_not_exported(packed, tmp_path):
    with (packed / "train-00001.alm").open("r+b") as file:
        file.seek(4100)
        file.write(b"\xff")

    with pytest.raises(IntegrityError, match="damaged between bytes"):
        export_packed(packed, tmp_path / "out", "npy")

    assert not (tmp_path / "out").exists()


def test_an_unknown_format_is_answered_with_those_there_are(packed, tmp_path):
    with pytest.raises(ConfigError, match="a format out of megatron, npy, found 'bin'"):
        export_packed(packed, tmp_path / "out", "bin")


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_folder_has_to_be_named(packed, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InputError, match="expected OUT= to name a folder, .* name a new one"):
        export_packed(packed, Path(name), "npy")


@pytest.mark.parametrize("name", ["out", "out.old", "out.part"])
@pytest.mark.parametrize("kind", ["folder", "file", "link", "corpus"])
def test_what_no_export_wrote_is_not_removed(packed, tmp_path, name, kind):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.txt").write_text("years of work")
    taken = tmp_path / name
    if kind == "file":
        taken.write_text("years of work")
    elif kind == "link":
        taken.symlink_to(tmp_path / "own")
    else:
        (packed if kind == "corpus" else tmp_path / "own").rename(taken)
    source = taken if kind == "corpus" else packed

    with pytest.raises(InputError, match=f"nothing at .*{name}, or .*; name a new folder as OUT="):
        export_packed(source, tmp_path / "out", "npy")

    assert taken.is_symlink() or taken.exists()
    assert list(tmp_path.rglob("thesis.txt")) or kind == "file"


def test_a_former_export_is_replaced_and_what_was_killed_is_taken_up_again(packed, tmp_path):
    out = tmp_path / "out"
    export_packed(packed, out, "npy")
    shutil.copytree(out, tmp_path / "out.old")
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part" / "train.bin.part").touch()

    export_packed(packed, out, "megatron")

    assert sorted(path.name for path in out.iterdir()) == [
        "manifest.json",
        "train.bin",
        "train.idx",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "packed"]

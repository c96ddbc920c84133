"""ShardReader: the true data or an error, whatever happens to the file."""

import hashlib
import os
import random
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alm.data import PackedDocument, ShardReader
from alm.data.header import HEADER_BYTES, SECTIONS
from alm.errors import ShardError

TOKENS = np.arange(40_001) * 7919 % 500
LENGTHS = (1, 20_000, 17_999, 2_001)
COUNTS = TOKENS % 3 > 0
COUNTS[0] = COUNTS[20_001:38_000] = True


@pytest.fixture
def path(write_shard, make_documents):
    return write_shard(make_documents(TOKENS, *LENGTHS))


@pytest.fixture
def masked(write_shard, make_documents):
    """A shard of the same tokens, where two documents say which of them count."""
    documents = make_documents(TOKENS, *LENGTHS)
    for i, (start, stop) in [(1, (1, 20_001)), (3, (38_000, 40_001))]:
        documents[i] = replace(documents[i], loss_mask=COUNTS[start:stop])
    return write_shard(documents, "masked.alm")


def read_all(path):
    """Return everything a shard holds, as plain values."""
    shard = ShardReader(path)
    index = shard.documents()
    tokens, mask = shard.read(0, shard.n_tokens), shard.read_loss_mask(0, shard.n_tokens)
    return [part.tolist() for part in (tokens, mask, index.start, index.source, index.n_bytes)]


@given(a=st.integers(0, len(TOKENS)), b=st.integers(0, len(TOKENS)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_stretch_is_read_as_written(path, a, b):
    start, stop = sorted((a, b))

    tokens = ShardReader(path).read(start, stop)

    assert tokens.dtype == np.uint32
    assert np.array_equal(tokens, TOKENS[start:stop])


@given(a=st.integers(0, len(TOKENS)), b=st.integers(0, len(TOKENS)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_stretch_of_the_loss_mask_is_read_as_written(masked, a, b):
    start, stop = sorted((a, b))

    mask = ShardReader(masked).read_loss_mask(start, stop)

    assert mask.dtype == bool
    assert np.array_equal(mask, COUNTS[start:stop])


def test_all_targets_count_where_there_is_no_mask(path):
    assert ShardReader(path).read_loss_mask(3, 9).tolist() == [True] * 6


def test_a_mask_changes_nothing_else(path, masked):
    (tokens, _, *index), (same, _, *as_well) = read_all(path), read_all(masked)

    assert (tokens, index) == (same, as_well)
    ShardReader(masked).verify()


def test_documents_are_as_written(path):
    index = ShardReader(path).documents()

    assert np.diff(index.start).tolist() == list(LENGTHS)
    assert index.source.tolist() == [0, 1, 0, 1]
    assert index.n_bytes.tolist() == [3 * n for n in LENGTHS]
    assert (index.start.dtype, index.source.dtype) == (np.uint64, np.uint16)


def test_changing_what_was_read_leaves_the_file_alone(path):
    shard = ShardReader(path)

    shard.read(0, 9)[:] = 0

    assert shard.read(0, 9).tolist() == TOKENS[:9].tolist()


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 2), (0, 40_002)])
def test_stretch_outside_the_shard_is_refused(path, masked, start, stop):
    for read in (ShardReader(path).read, ShardReader(masked).read_loss_mask):
        with pytest.raises(IndexError, match=f"tokens {start} to {stop} of 40001"):
            read(start, stop)


def test_whole_shard_is_verified(path):
    ShardReader(path).verify()


def test_absent_file_names_the_command_that_writes_it(tmp_path):
    with pytest.raises(ShardError, match="make pack"):
        ShardReader(tmp_path / "train-00000.alm")


def test_opening_reads_the_header_and_nothing_else(path, monkeypatch):
    read = []
    pread = os.pread

    def watched(file, length, offset):
        read.append((offset, length))
        return pread(file, length, offset)

    monkeypatch.setattr(os, "pread", watched)

    ShardReader(path)

    assert read == [(0, HEADER_BYTES)]


def free_descriptor():
    """Return the lowest number that a file opened now would get."""
    number = os.dup(0)
    os.close(number)
    return number


def test_closing_frees_the_file(path):
    before = free_descriptor()
    shard = ShardReader(path)
    assert free_descriptor() > before

    shard.close()
    shard.close()
    del shard
    ShardReader(path)  # nobody keeps it

    assert free_descriptor() == before


# --- damage -----------------------------------------------------------------------------------


def places(path):
    """Every place at which one part of the file ends and the next begins."""
    sections = ShardReader(path).header.sections.values()
    ends = {0, 1, 8, 12, HEADER_BYTES - 4, HEADER_BYTES, HEADER_BYTES + 65_536}
    return sorted(ends | {at for offset, length in sections for at in (offset, offset + length)})


@pytest.mark.parametrize("kind", ["path", "masked"])
def test_cut_at_any_boundary_is_refused_when_opened(request, kind):
    path = request.getfixturevalue(kind)
    whole = path.read_bytes()
    assert places(path)[-1] == len(whole)

    for end in places(path):
        for cut in {max(end - 1, 0), min(end, len(whole) - 1), min(end + 1, len(whole) - 1)}:
            path.write_bytes(whole[:cut])
            with pytest.raises(ShardError, match="file_bytes|header of 4096 bytes"):
                ShardReader(path)


def test_longer_file_is_refused_when_opened(path):
    with path.open("ab") as file:
        file.write(b"\0")

    with pytest.raises(ShardError, match="file_bytes"):
        ShardReader(path)


def test_cut_while_open_is_an_error_and_never_zeros(masked):
    whole = masked.read_bytes()
    draw = random.Random(5)
    for _ in range(200):
        masked.write_bytes(whole)
        shard = ShardReader(masked)
        os.truncate(masked, draw.randrange(len(whole)))
        start = draw.randrange(len(TOKENS))
        stop = draw.randint(start, len(TOKENS))
        for read, truth in [
            (lambda s=shard, a=start, b=stop: s.read(a, b), TOKENS[start:stop]),
            (lambda s=shard, a=start, b=stop: s.read_loss_mask(a, b), COUNTS[start:stop]),
            (lambda s=shard: s.documents().n_bytes, np.array(LENGTHS) * 3),
        ]:
            try:
                assert np.array_equal(read(), truth)
            except ShardError as error:
                assert "found" in str(error)
        shard.close()


@pytest.mark.parametrize("kind", ["path", "masked"])
def test_any_flipped_bit_gives_an_error_or_the_truth(request, kind):
    """3,000 bits: half anywhere, half where the file is not tokens."""
    path = request.getfixturevalue(kind)
    whole, truth = path.read_bytes(), read_all(path)
    index_at = ShardReader(path).header.index_at
    draw = random.Random(3)
    caught = 0
    with path.open("r+b", buffering=0) as file:
        for i in range(3_000):
            at = (
                draw.randrange(len(whole))
                if i % 2
                else draw.randrange(HEADER_BYTES + len(whole) - index_at)
            )
            at = at if i % 2 or at < HEADER_BYTES else at - HEADER_BYTES + index_at
            os.pwrite(file.fileno(), bytes([whole[at] ^ 1 << draw.randrange(8)]), at)
            try:
                assert read_all(path) == truth
            except ShardError:
                caught += 1
            os.pwrite(file.fileno(), whole[at : at + 1], at)
    assert caught == 3_000


def test_a_damaged_mask_is_noticed_where_it_is_read(masked):
    """Also without a look at the whole index: a stretch of the mask has checksums of its own."""
    at, _ = ShardReader(masked).header.sections["loss_mask"]
    data = bytearray(masked.read_bytes())
    data[at + 2048 + 5] ^= 1
    masked.write_bytes(data)

    shard = ShardReader(masked)

    assert shard.read_loss_mask(0, 16_384).tolist() == COUNTS[:16_384].tolist()
    with pytest.raises(ShardError, match=f"between bytes {at + 2048} and {at + 4096}, or the "):
        shard.read_loss_mask(16_384, 16_385)


@pytest.mark.parametrize(
    ("place", "named"),
    [
        (100, "header_crc"),
        (HEADER_BYTES + 5, "between bytes 4096 and 69632"),
        (HEADER_BYTES + 2**16 + 5, "between bytes 69632 and 135168"),
    ],
)
def test_verify_names_the_place(path, place, named):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)

    with pytest.raises(ShardError, match=named):
        ShardReader(path).verify()


@pytest.mark.parametrize("section", SECTIONS[1:])
def test_verify_notices_every_part_of_the_index(path, section):
    offset, length = ShardReader(path).header.sections[section]
    data = bytearray(path.read_bytes())
    data[offset + length - 1] ^= 1
    path.write_bytes(data)

    with pytest.raises(ShardError, match="index_sha256"):
        ShardReader(path).verify()


def test_verify_names_the_place_beyond_its_first_mebibyte(write_shard):
    path = write_shard([PackedDocument(np.zeros(600_000, dtype=int), 0, 1)])
    place = HEADER_BYTES + 35 * 2**16
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\x01")

    with pytest.raises(ShardError, match=f"between bytes {place} and {place + 2**16}"):
        ShardReader(path).verify()


# --- shards that lie: every checksum fits, and what they say cannot be ------------------------


def forge(path, change, *, digests=True):
    """Apply ``change`` to the shard's bytes and make its checksums fit again."""
    header = ShardReader(path).header
    data = bytearray(path.read_bytes())
    change(data, header.sections)
    tokens_end = HEADER_BYTES + 4 * header.n_tokens
    at, _ = header.sections["block_crc"]
    for i, start in enumerate(range(HEADER_BYTES, tokens_end, 2**16)):
        crc = zlib.crc32(data[start : min(start + 2**16, tokens_end)])
        struct.pack_into("<I", data, at + 4 * i, crc)
    if digests:
        header = replace(
            header, tokens_sha256=hashlib.sha256(data[HEADER_BYTES:tokens_end]).hexdigest()
        )
    header = replace(header, index_sha256=hashlib.sha256(data[tokens_end:]).hexdigest())
    path.write_bytes(header.to_bytes() + data[HEADER_BYTES:])


def test_token_outside_the_vocabulary_is_refused_when_read(path):
    forge(path, lambda data, sections: struct.pack_into("<I", data, HEADER_BYTES + 40, 500))

    shard = ShardReader(path)

    assert len(shard.read(0, 10)) == 10
    with pytest.raises(ShardError, match="token 500 lies outside the vocabulary of 500"):
        shard.read(10, 11)
    with pytest.raises(ShardError, match="token 500"):
        shard.verify()


def test_verify_compares_the_digest_where_the_checksums_fit(path):
    forge(path, lambda data, s: struct.pack_into("<I", data, HEADER_BYTES, 7), digests=False)

    with pytest.raises(ShardError, match="tokens_sha256"):
        ShardReader(path).verify()


@pytest.mark.parametrize("starts", [(1, 2), (0, 0), (0, 30_000)], ids=str)
def test_index_that_does_not_divide_the_tokens_is_refused(path, starts):
    forge(path, lambda data, s: struct.pack_into("<2Q", data, s["doc_start"][0], *starts))

    with pytest.raises(ShardError, match="doc_start does not divide"):
        ShardReader(path).documents()


def test_bytes_that_do_not_add_up_are_refused(path):
    forge(path, lambda data, s: struct.pack_into("<Q", data, s["doc_bytes"][0], 1))

    with pytest.raises(ShardError, match="doc_bytes do not add up"):
        ShardReader(path).documents()

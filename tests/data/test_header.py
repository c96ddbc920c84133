"""ShardHeader: what it says comes back, and what it cannot say is refused by name."""

import hashlib
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.data.header import _TYPES, HEADER_BYTES, LOSS_MASK, MASK_SECTION, SECTIONS, ShardHeader
from alm.errors import ShardError

PATH = Path("train-00000.alm")
HEADER = ShardHeader(
    **{"vocab_size": 500, "pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3},
    **{"shard_index": 7, "is_last": True, "n_tokens": 40_001, "n_docs": 3, "n_text_bytes": 99},
    **{"tokens_sha256": "ab" * 32, "index_sha256": "cd" * 32, "tokenizer_sha256": "ef" * 32},
)
MASKED = replace(HEADER, must_understand=LOSS_MASK)
OFFSETS = {
    name: struct.calcsize("<" + "".join(list(_TYPES.values())[:i])) for i, name in enumerate(_TYPES)
}


def seal(data):
    """Give a changed header the checksum that fits it."""
    return data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]))


def with_field(name, value, header=HEADER):
    data = bytearray(header.to_bytes())
    struct.pack_into("<" + _TYPES[name], data, OFFSETS[name], value)
    return seal(bytes(data))


@pytest.mark.parametrize("header", [HEADER, MASKED])
def test_header_comes_back(header):
    assert ShardHeader.from_bytes(header.to_bytes(), PATH) == header


def test_header_without_a_loss_mask_has_the_bytes_that_it_always_had():
    """Golden: a corpus that was packed before there were masks is the same file today."""
    assert hashlib.sha256(HEADER.to_bytes()).hexdigest() == (
        "0f74e15fb349b11adb153560dab89617a2f5af12f2e81910acdc0b3ea395b844"
    )


def test_layout_is_the_one_documented():
    documented = {"magic": 0, "major": 8, "must_understand": 12, "header_bytes": 20}
    documented |= {"vocab_size": 32, "shard_index": 52, "n_tokens": 64, "file_bytes": 88}
    documented |= {"tokens.offset": 96, "doc_start.offset": 112, "doc_bytes.offset": 128}
    documented |= {"block_crc.offset": 144, "doc_source.offset": 160}
    documented |= {"tokens_sha256": 176, "index_sha256": 208, "tokenizer_sha256": 240}
    documented |= {"loss_mask.offset": 272, "loss_mask.length": 280}

    assert {name: OFFSETS[name] for name in documented} == documented
    assert len(HEADER.to_bytes()) == HEADER_BYTES == 4096
    assert HEADER.to_bytes()[:8] == bytes.fromhex("89414C4D0D0A1A0A")


@pytest.mark.parametrize("header", [HEADER, MASKED])
@pytest.mark.parametrize("n_tokens", [1, 2, 16_383, 16_384, 16_385, 40_001])
def test_sections_follow_each_other_and_begin_on_multiples_of_their_width(header, n_tokens):
    header = replace(header, n_tokens=n_tokens)
    widths = dict(zip((*SECTIONS, MASK_SECTION), (4096, 8, 8, 4, 2, 1), strict=True))

    end = HEADER_BYTES
    for name, (offset, length) in header.sections.items():
        assert 0 <= offset - end < 8
        assert offset % widths[name] == 0
        end = offset + length

    assert header.file_bytes == end
    n_masks = int(header.has_loss_mask)
    assert header.sections["block_crc"][1] == 4 * -(-n_tokens // 16_384) * (1 + n_masks)


@pytest.mark.parametrize("bit", range(0, 8 * HEADER_BYTES, 97))
def test_any_flipped_bit_is_noticed(bit):
    data = bytearray(HEADER.to_bytes())
    data[bit // 8] ^= 1 << bit % 8

    with pytest.raises(ShardError, match=r"train-00000\.alm"):
        ShardHeader.from_bytes(bytes(data), PATH)


FREE = {"minor", "may_ignore", "vocab_size", "shard_index", "n_text_bytes"}
DIGESTS = {"tokens_sha256", "index_sha256", "tokenizer_sha256"}


@pytest.mark.parametrize("name", sorted(_TYPES.keys() - FREE - DIGESTS))
def test_a_wrong_field_is_refused_even_under_a_right_checksum(name):
    wrong = b"ELF" if name == "magic" else 60_000

    with pytest.raises(ShardError, match=r"train-00000\.alm: "):
        ShardHeader.from_bytes(with_field(name, wrong), PATH)


def test_the_field_that_is_named_is_the_wrong_one():
    for name, wrong in [("major", 2), ("token_bytes", 2), ("is_last", 7), ("block_crc.offset", 9)]:
        with pytest.raises(ShardError, match=rf"expected {name} \d+, found {wrong}"):
            ShardHeader.from_bytes(with_field(name, wrong), PATH)


def test_a_mask_must_stand_where_the_counts_say():
    with pytest.raises(ShardError, match=r"expected loss_mask.length 5001, found 5000"):
        ShardHeader.from_bytes(with_field("loss_mask.length", 5000, MASKED), PATH)
    with pytest.raises(ShardError, match=r"expected .* found"):
        ShardHeader.from_bytes(with_field("must_understand", 0, MASKED), PATH)
    with pytest.raises(ShardError, match=r"expected .* found"):
        ShardHeader.from_bytes(with_field("must_understand", LOSS_MASK), PATH)


def test_later_minor_version_is_read_and_a_flag_to_understand_is_not():
    assert ShardHeader.from_bytes(with_field("minor", 3), PATH) == HEADER
    assert ShardHeader.from_bytes(with_field("may_ignore", 4), PATH) == HEADER
    with pytest.raises(ShardError, match=r"must_understand has flags 0x4"):
        ShardHeader.from_bytes(with_field("must_understand", 4), PATH)


@pytest.mark.parametrize("name", ["n_tokens", "n_docs"])
def test_an_empty_shard_is_refused(name):
    with pytest.raises(ShardError, match=f"{name} is 0"):
        ShardHeader.from_bytes(replace(HEADER, **{name: 0}).to_bytes(), PATH)


def test_a_special_outside_the_vocabulary_is_refused():
    with pytest.raises(ShardError, match="eos_id lies outside the vocabulary of 2"):
        ShardHeader.from_bytes(replace(HEADER, vocab_size=2, unk_id=0).to_bytes(), PATH)


@given(st.binary(max_size=5000))
def test_other_bytes_are_refused(data):
    with pytest.raises(ShardError):
        ShardHeader.from_bytes(data, PATH)

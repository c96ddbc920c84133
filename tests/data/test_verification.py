"""verify_packed: a whole corpus passes, and a difference anywhere is named."""

import numpy as np
import pytest

from alm.data import verify_packed
from alm.errors import IntegrityError, ShardError
from alm.io import Manifest


@pytest.fixture
def packed(write_packed, make_documents):
    return write_packed(make_documents(np.arange(400), 100, 150, 150), 100)


def test_whole_corpus_passes(packed):
    assert verify_packed(packed) == Manifest.read(packed, "corpus.packed")


def test_every_byte_counts(packed):
    paths = sorted(packed.iterdir())
    assert [path.name for path in paths][-1] == "train-00002.alm"
    for path in paths:
        whole = path.read_bytes()
        for place in range(0, len(whole), 131):
            damaged = bytearray(whole)
            damaged[place] ^= 4
            path.write_bytes(damaged)
            with pytest.raises(IntegrityError, match=path.name):
                verify_packed(packed)
        path.write_bytes(whole)
    verify_packed(packed)


def test_damage_in_the_tokens_is_named_by_its_place(packed):
    path = packed / "train-00001.alm"
    data = bytearray(path.read_bytes())
    data[4100] ^= 1
    path.write_bytes(data)

    with pytest.raises(ShardError, match=r"train-00001\.alm: damaged between bytes 4096 and"):
        verify_packed(packed)


@pytest.mark.parametrize("count", ["docs", "bytes", "sources"])
def test_a_wrong_count_is_named(packed, count):
    facts = Manifest.read(packed, "corpus.packed").facts
    facts["splits"]["train"][count] = 7
    Manifest.write(packed, "corpus.packed", params={}, inputs={}, facts=facts)

    with pytest.raises(ShardError, match=f"expected {count} 7 in train, found"):
        verify_packed(packed)


def test_a_sound_shard_in_place_of_another_is_noticed(packed, write_packed, make_documents):
    other = write_packed(make_documents(np.arange(400)[::-1], 100, 150, 150), 100, name="other")
    for name in ("train-00000.alm", "train-00001.alm"):
        (packed / name).write_bytes((other / name).read_bytes())

    with pytest.raises(IntegrityError, match=r"train-00000\.alm: expected \d+ bytes with SHA-256"):
        verify_packed(packed)

"""A packed corpus after any damage: a typed error, or the true data, never anything else."""

import json
import random
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest

from alm.data import TokenStream, verify_packed
from alm.errors import AlmError
from alm.io import canonical_json, sha256_bytes

LENGTHS = (5, 300, 2, 80, 1, 1, 111)
TOKENS = np.arange(500) * 31 % 499


@pytest.fixture
def packed(write_packed, make_documents):
    documents = make_documents(TOKENS, *LENGTHS)
    documents[3] = replace(documents[3], loss_mask=np.arange(80) % 3 > 0)
    return write_packed(documents, 300)


def read_all(packed):
    """Return everything that training reads, as plain values."""
    stream = TokenStream(packed, "train")
    index = stream.documents()
    parts = (stream.read(0, 500), stream.read_loss_mask(0, 500), index.start, index.source)
    return [part.tolist() for part in (*parts, index.n_bytes)]


def stretch(draw, data):
    start = draw.randrange(len(data))
    return start, min(start + draw.choice([1, 2, 8, 64, 700]), len(data))


def flip(draw, data):
    at = draw.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]


def overwrite(draw, data):
    start, stop = stretch(draw, data)
    return data[:start] + draw.randbytes(stop - start) + data[stop:]


def blank(draw, data):
    start, stop = stretch(draw, data)
    return data[:start] + bytes(stop - start) + data[stop:]


def remove(draw, data):
    start, stop = stretch(draw, data)
    return data[:start] + data[stop:]


def repeat(draw, data):
    start, stop = stretch(draw, data)
    return data[:stop] + data[start:]


def move(draw, data):
    (start, stop), to = stretch(draw, data), draw.randrange(len(data))
    moved, rest = data[start:stop], data[:start] + data[stop:]
    return rest[:to] + moved + rest[to:]


def truncate(draw, data):
    return data[: draw.randrange(len(data))]


def append(draw, data):
    return data + draw.randbytes(draw.choice([1, 4, 4096]))


def reseal(draw, data):
    """Change the header, and give it the checksum that fits."""
    at = draw.randrange(288)
    head = data[:at] + bytes([draw.randrange(256)]) + data[at + 1 : 4092]
    return head + struct.pack("<I", zlib.crc32(head)) + data[4096:]


DAMAGES = [flip, overwrite, blank, remove, repeat, move, truncate, append]
ODD = [None, True, -1, 0, 1, 500, 2**70, 1.5, "", "a", "../x", [], {}, ["a"], {"a": 1}]


def places_in(value):
    """Yield (container, key) of every value inside nested JSON."""
    for key, each in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(each, dict | list):
            yield from places_in(each)


def contradict(draw, data):
    """Change a value of the manifest, or drop it, and give it the digest that fits."""
    body = json.loads(data)
    del body["sha256"]
    container, key = draw.choice(list(places_in(body)))
    if draw.random() < 0.3:
        del container[key]
    else:
        container[key] = draw.choice(ODD)
    return json.dumps({**body, "sha256": sha256_bytes(canonical_json(body).encode())}).encode()


def damage(packed, n_cases, seed):
    """Damage a file ``n_cases`` times; return how often the reader noticed, and the verifier."""
    draw, truth = random.Random(seed), read_all(packed)
    paths = sorted(packed.iterdir())
    noticed = {read_all: 0, verify_packed: 0}
    for i in range(n_cases):
        path = draw.choice(paths)
        whole = path.read_bytes()
        own = contradict if path.suffix == ".json" else reseal
        path.write_bytes(draw.choice([*DAMAGES, own, own])(draw, whole))
        for read in [read_all, verify_packed][: 1 if i % 4 else 2]:
            try:
                assert read(packed) == truth or read is verify_packed
            except AlmError as error:
                assert str(packed) in str(error)
                noticed[read] += 1
        path.write_bytes(whole)
    assert read_all(packed) == truth
    return noticed


def test_damage_gives_an_error_or_the_truth(packed):
    noticed = damage(packed, 2_000, seed=1)

    assert noticed[read_all] > 1_700
    assert noticed[verify_packed] > 425


@pytest.mark.nightly
def test_a_hundred_thousand_damages_give_an_error_or_the_truth(packed):
    noticed = damage(packed, 100_000, seed=2)

    assert noticed[read_all] > 85_000
    assert noticed[verify_packed] > 21_250


@pytest.mark.parametrize("what", [*DAMAGES, reseal, contradict])
def test_every_kind_of_damage_is_done(packed, what):
    """A mutation that changes nothing would prove nothing."""
    path = packed / ("manifest.json" if what is contradict else "train-00000.alm")
    whole, draw = path.read_bytes(), random.Random(4)

    changed = [what(draw, whole) for _ in range(40)]

    assert sum(data != whole for data in changed) >= 9  # most of a header is zeros already
    assert what is not reseal or all(len(data) == len(whole) for data in changed)


def test_shards_in_each_others_place_are_noticed(packed):
    one, two = packed / "train-00000.alm", packed / "train-00001.alm"
    data = one.read_bytes(), two.read_bytes()
    one.write_bytes(data[1])
    two.write_bytes(data[0])

    with pytest.raises(AlmError, match="as in the manifest"):
        read_all(packed)

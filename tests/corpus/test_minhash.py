"""Signatures: those of datasketch, to the bit."""

import datasketch
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus import minhash
from alm.corpus.minhash import make_permutations, sign_shingles
from alm.corpus.shingles import Shingles, shingle_texts
from alm.errors import ConfigError

WORDS = [f"{a}{b}" for a in ("re", "cat", "in", "ou") for b in ("d", "s", "ly", "tone")]


@pytest.fixture(scope="module")
def ask_datasketch():
    """Return datasketch's signatures of texts."""
    base = datasketch.MinHash(num_perm=128, hashfunc=int)

    def ask(shingles):
        signatures = []
        for hashes in np.split(shingles.hashes, np.cumsum(shingles.counts))[:-1]:
            each = base.copy()
            each.update_batch((hashes >> np.uint64(32)).tolist())
            signatures.append(each.hashvalues)
        return np.array(signatures, np.uint32).reshape(-1, 128)

    return ask


def test_twenty_thousand_signatures_are_those_of_datasketch(ask_datasketch):
    """Texts of 0 to 30 words, no two of the same kind in a row."""
    numbers = range(20_000)
    texts = [
        " ".join(WORDS[(i * i + 7 * k * i + k) % len(WORDS)] for k in range(i % 31)).encode()
        for i in numbers
    ]
    shingles = shingle_texts(texts, 5)

    signatures = sign_shingles(shingles, make_permutations(128))

    assert signatures.shape == (20_000, 128)
    assert np.array_equal(signatures, ask_datasketch(shingles))


@given(st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=5), max_size=5), st.integers(1, 6))
def test_any_hashes_are_signed_as_datasketch_signs_them(ask_datasketch, sets, batch):
    flat = [value for each in sets for value in each]
    shingles = Shingles(np.array(flat, np.uint64), np.array(list(map(len, sets)), np.int64))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minhash, "BATCH", batch)

        signatures = sign_shingles(shingles, make_permutations(128))

    assert np.array_equal(signatures, ask_datasketch(shingles))


def test_share_of_equal_places_estimates_the_overlap():
    texts = [b" ".join(b"w%d" % i for i in range(start, start + 1000)) for start in (0, 200)]

    one, two = sign_shingles(shingle_texts(texts, 1), make_permutations(1024))

    assert (one == two).mean() == pytest.approx(800 / 1200, abs=0.05)


def test_datasketch_without_the_scheme_is_refused(monkeypatch):
    class Older:
        def __init__(self, num_perm, seed):
            pass

    monkeypatch.setattr(datasketch, "MinHash", Older)
    monkeypatch.setattr(datasketch, "__version__", "1.6.5")

    with pytest.raises(ConfigError, match=r"found datasketch 1\.6\.5.*install datasketch>=2"):
        make_permutations(17)

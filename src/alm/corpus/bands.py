"""Which documents are worth comparing: those whose signatures agree in all rows of some band.

Two documents of Jaccard similarity s meet in one of b bands of r rows with the probability
1 - (1 - s^r)^b (Leskovec, Rajaraman & Ullman 2014, "Mining of Massive Datasets", section 3.4.2).
The documents that agree in a band are a bucket. They are found by sorting, one band at a time.

A bucket is not compared all against all, which would be quadratic: each document is compared with
the ``N_BEFORE`` before it in the bucket and with the bucket's first. That is everybody with
everybody up to ``N_BEFORE + 1`` documents, and linear beyond. What it misses, in a bucket of
hundreds, is a pair that is far apart in it, and where neither one is like the first.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from alm.corpus.minhash import U32
from alm.corpus.shingles import I64, MULTIPLIER, U64, scramble
from alm.corpus.spill import PairSorter

N_BEFORE = 32
KEY_BITS = 64


def make_keys(signatures: U32, n_bands: int, band_rows: int) -> U64:
    """Return one key per band and document, shape (n_bands, n_documents): rows agree, keys agree.

    Args:
        signatures: shape (n_documents, n_permutations).
        n_bands: bands, from the first permutation on.
        band_rows: permutations of a band.
    """
    rows = signatures[:, : n_bands * band_rows].T.reshape(n_bands, band_rows, -1)
    keys = np.zeros((n_bands, len(signatures)), np.uint64)
    for k in range(band_rows):
        keys *= np.uint64(MULTIPLIER)
        keys += rows[:, k]
    return scramble(keys)


def find_pairs(
    read_band: Callable[[int], Iterator[tuple[U64, I64]]],
    n_bands: int,
    n_documents: int,
    folder: Path,
) -> PairSorter:
    """Return the pairs (later, earlier) of documents that share a bucket of any band.

    Args:
        read_band: gives the keys of one band and the documents that they are of, in any portions.
        n_bands: bands there are.
        n_documents: documents are numbers below.
        folder: for what memory should not hold; whoever made it clears it away.
    """
    pairs = PairSorter(folder / "pairs", n_documents.bit_length())
    for band in range(n_bands):
        sorter = PairSorter(folder / f"band-{band}", KEY_BITS)
        for keys, documents in read_band(band):
            sorter.add(keys, documents.astype(np.uint64))
        for keys, documents in sorter.portions():
            for later, earlier in pair_buckets(keys, documents):
                pairs.add(later, earlier)
        shutil.rmtree(folder / f"band-{band}", ignore_errors=True)
    return pairs


def pair_buckets(keys: U64, documents: U64) -> Iterator[tuple[U64, U64]]:
    """Yield the pairs (later, earlier) of documents to compare, in portions.

    Args:
        keys: in ascending order, shape (n,).
        documents: of the keys, ascending where keys are equal, shape (n,).
    """
    begins = np.ones(len(keys), np.bool_)
    begins[1:] = keys[1:] != keys[:-1]
    first = np.maximum.accumulate(np.where(begins, np.arange(len(keys)), 0))
    places = np.flatnonzero(~begins)
    for back in range(1, N_BEFORE + 1):
        places = places[places - back >= first[places]]
        if not len(places):
            return
        yield documents[places], documents[places - back]
    places = places[places - N_BEFORE > first[places]]
    yield documents[places], documents[first[places]]

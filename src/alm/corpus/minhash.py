"""MinHash signatures, bit for bit those of datasketch 2.

Two sets agree in a place of their signatures with a probability that is their Jaccard similarity
(Broder 1997, "On the resemblance and containment of documents", section 3). datasketch permutes
with ``a x + b`` modulo 2^32, a odd, after a scramble; we do the same to all texts at once.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from alm.corpus.shingles import Shingles
from alm.errors import ConfigError

U32 = NDArray[np.uint32]

SCHEME = "affine32"  # datasketch's name for it
SEED = 1  # datasketch's own default
BATCH = 1 << 16  # shingles in one pass, so that they stay in a core's own cache
NONE = 0xFFFFFFFF  # in every place of a text that has no shingles


@functools.cache
def make_permutations(n: int) -> U32:
    """Return the factors and the offsets of ``n`` permutations, shape (2, n).

    Raises:
        ConfigError: the datasketch that is installed hashes in another way.
    """
    import datasketch  # not sooner: it brings SciPy along

    try:
        made = datasketch.MinHash(num_perm=n, seed=SEED, scheme=SCHEME)
    except (TypeError, ValueError):
        raise ConfigError(
            f"expected datasketch 2 or later, with the scheme {SCHEME}, found datasketch "
            f"{datasketch.__version__}; its signatures would differ: install datasketch>=2"
        ) from None
    return np.asarray(made.permutations, np.uint32)


def sign_shingles(shingles: Shingles, permutations: U32) -> U32:
    """Return a signature for each text, shape (n_texts, n_permutations).

    It equals ``MinHash(hashfunc=int).update_batch(top)`` with the top 32 bits of the hashes.
    """
    least = np.full((permutations.shape[1], len(shingles.counts)), NONE, np.uint32)
    texts = np.flatnonzero(shingles.counts)
    starts = (np.cumsum(shingles.counts) - shingles.counts)[texts]
    for first in range(0, len(shingles.hashes), BATCH):
        top = shingles.hashes[first : first + BATCH] >> np.uint64(32)
        batch = _scramble(top.astype(np.uint32))
        low = np.searchsorted(starts, first, side="right") - 1  # this text may go on from before
        high = np.searchsorted(starts, first + len(batch))
        cuts = np.maximum(starts[low:high] - first, 0)
        _lower(least, texts[low:high], batch, cuts, permutations)
    return least.T


def _lower(
    least: U32, texts: NDArray[np.int64], values: U32, cuts: NDArray[np.int64], permutations: U32
) -> None:
    """Lower the texts' columns to what the permutations make of values, cut among the texts."""
    permuted = np.empty_like(values)
    for row, a, b in zip(least, *permutations, strict=True):
        np.multiply(values, a, out=permuted)
        np.add(permuted, b, out=permuted)
        row[texts] = np.minimum(row[texts], np.minimum.reduceat(permuted, cuts))


def _scramble(values: U32) -> U32:
    """Mix 32-bit integers (MurmurHash3's ``fmix32``), as datasketch does first of all."""
    values ^= values >> np.uint32(16)
    values *= np.uint32(0x85EBCA6B)
    values ^= values >> np.uint32(13)
    values *= np.uint32(0xC2B2AE35)
    values ^= values >> np.uint32(16)
    return values

"""Which clusters are held out: decided by their text, so other documents do not move them."""

import hashlib
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from alm.corpus.shingles import U64
from alm.errors import InputError

SCALE = 1 << 64
LEAST = 2  # clusters: one to train on, one to hold out


def choose_validation(keys: U64, seed: int, val_fraction: float) -> NDArray[np.bool_]:
    """Tell which clusters are held out for validation, shape (n,).

    A key's hash is compared with ``val_fraction``, in integers. Where that puts all of them on
    one side, the one nearest to the other side goes there, so that neither is empty.

    Args:
        keys: one per cluster, all different: the SHA-256 of the first text that is kept of it, as
            four integers, shape (n, 4).
        seed: another seed is another split.
        val_fraction: expected share of the clusters, less than 1.

    Raises:
        InputError: there are fewer than two clusters.
    """
    if len(keys) < LEAST:
        raise InputError(
            f"expected at least {LEAST} different documents, to train on one and validate on "
            f"another, found {len(keys)}; add text, or have long documents cut: set "
            "ingest.on_long_document to split and lower ingest.max_doc_bytes"
        )
    ranks = np.fromiter((_rank(key.tobytes(), seed) for key in keys), np.uint64, len(keys))
    # An integer is below the limit just when it is below the limit rounded up.
    chosen = ranks < np.uint64(ceil(Fraction(val_fraction) * SCALE))
    if not chosen.any():
        chosen[ranks.argmin()] = True
    elif chosen.all():
        chosen[ranks.argmax()] = False
    return chosen


def _rank(key: bytes, seed: int) -> int:
    """Return 64 bits that are as good as random, for a key and a seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}:".encode() + key).digest()[:8], "big")

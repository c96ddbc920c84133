"""Which clusters are held out: decided by their text, so other documents do not move them."""

import hashlib
from collections.abc import Iterable
from fractions import Fraction

from alm.errors import InputError

SCALE = 1 << 64
LEAST = 2  # clusters: one to train on, one to hold out


def choose_validation(keys: Iterable[bytes], seed: int, val_fraction: float) -> set[bytes]:
    """Return the keys of the clusters that are held out for validation.

    A key's hash is compared with ``val_fraction``, in integers. Where that puts all of them on
    one side, the one nearest to the other side goes there, so that neither is empty.

    Args:
        keys: one key per cluster: the digest of the first text that is kept of it.
        seed: another seed is another split.
        val_fraction: expected share of the clusters.

    Raises:
        InputError: there are fewer than two clusters.
    """
    ranks = {key: _rank(key, seed) for key in keys}
    if len(ranks) < LEAST:
        raise InputError(
            f"expected at least {LEAST} different documents, to train on one and validate on "
            f"another, found {len(ranks)}; add text, or have long documents cut: set "
            "ingest.on_long_document to split and lower ingest.max_doc_bytes"
        )
    limit = Fraction(val_fraction) * SCALE
    chosen = {key for key, rank in ranks.items() if rank < limit}
    by_rank = sorted(ranks, key=lambda key: (ranks[key], key))
    if not chosen:
        return {by_rank[0]}
    return chosen - {by_rank[-1]} if len(chosen) == len(ranks) else chosen


def _rank(key: bytes, seed: int) -> int:
    """Return 64 bits that are as good as random, for a key and a seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}:".encode() + key).digest()[:8], "big")

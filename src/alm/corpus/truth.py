"""Score deduplication against what the synthetic sources planted."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alm.corpus.digests import Rows
from alm.corpus.jaccard import Comparison
from alm.corpus.plan import KEPT, Plan
from alm.corpus.shingles import I64, U64

WORD = re.compile(rb"[0-9A-Za-z_\x80-\xff]+")


@dataclass(frozen=True, slots=True)
class Planted:
    """Copies that a generator planted, each array of shape (n_planted,)."""

    documents: I64
    originals: I64
    """What each is a copy of; ``KEPT`` where that one did not come this far."""
    is_near: NDArray[np.bool_]
    sources: NDArray[np.uint16]

    @classmethod
    def find(cls, rows: Rows, planted: Rows, names: Iterable[U64]) -> "Planted":
        """Look for the originals.

        Args:
            rows: of all documents.
            planted: of the planted ones.
            names: hashes of the names of all documents in order, in any portions.
        """
        order = np.argsort(planted["of"], kind="stable")
        wanted = planted["of"][order]
        originals = np.full(len(planted), KEPT, np.int64)
        first = 0
        for portion in names if len(planted) else ():
            for i in np.flatnonzero(np.isin(portion, wanted)).tolist():
                low = np.searchsorted(wanted, portion[i])
                high = np.searchsorted(wanted, portion[i], side="right")
                originals[order[low:high]] = first + i
            first += len(portion)
        documents = planted["document"].astype(np.int64)
        return cls(documents, originals, planted["is_near"], rows["source"][documents])


class Score:
    """Say how much of what was planted a plan finds, by source and in all."""

    def __init__(self, plan: Plan, planted: Planted, sources: Sequence[str]) -> None:
        self._plan = plan
        self._planted = planted
        self._sources = sources
        self._found = plan.twins[planted.documents] != KEPT

    def exact(self) -> dict[str, dict[str, Any]]:
        """Return planted, found and recall of exact copies for each source that has any."""
        is_exact = ~self._planted.is_near
        counts = {
            self._sources[number]: (is_exact & (self._planted.sources == number))
            for number in np.unique(self._planted.sources[is_exact]).tolist()
        }
        return {
            source: {
                "planted": int(chosen.sum()),
                "found": int((chosen & self._found).sum()),
                "recall": _share((chosen & self._found).sum(), chosen.sum()),
            }
            for source, chosen in counts.items()
        }

    def near(
        self, comparison: Comparison, rows: Rows, min_jaccard: float
    ) -> dict[str, dict[str, Any]]:
        """Return the score of near-duplicates, in ``all`` and by ``sources``; {} without any.

        ``alike`` are the planted pairs that have ``min_jaccard``, whether found or not, ``found``
        those of them whose copy was dropped, ``recall`` their share. ``dropped`` are all documents
        that were dropped as near-duplicates, ``true`` those whose similarity to what was kept is
        ``min_jaccard`` when counted anew from the texts, ``precision`` their share.
        """
        is_near = self._planted.is_near
        if not is_near.any():
            return {}
        is_alike = self._is_alike(comparison, min_jaccard)
        dropped = np.flatnonzero((self._plan.twins != KEPT) & ~self._plan.is_exact)
        is_true = self._recount(dropped, comparison, min_jaccard)
        by_source: dict[str, dict[str, Any]] = {}
        for number, source in enumerate(self._sources):
            chosen, lost = self._planted.sources == number, rows["source"][dropped] == number
            if (is_near & chosen).any():
                by_source[source] = self._near(is_near & chosen, is_alike & chosen, is_true[lost])
        return {"all": self._near(is_near, is_alike, is_true), "sources": by_source}

    def _near(
        self, is_near: NDArray[np.bool_], is_alike: NDArray[np.bool_], is_true: NDArray[np.bool_]
    ) -> dict[str, Any]:
        return {
            "planted": int(is_near.sum()),
            "alike": int(is_alike.sum()),
            "found": int((is_alike & self._found).sum()),
            "recall": _share((is_alike & self._found).sum(), is_alike.sum()),
            "dropped": len(is_true),
            "true": int(is_true.sum()),
            "precision": _share(is_true.sum(), len(is_true)),
        }

    def _is_alike(self, comparison: Comparison, min_jaccard: float) -> NDArray[np.bool_]:
        """Tell which copies are near-duplicates of their originals by our measure."""
        planted = self._planted
        is_alike = np.zeros(len(planted.documents), np.bool_)
        whole = np.flatnonzero(planted.is_near & (planted.originals != KEPT))
        pairs = (planted.documents[whole], planted.originals[whole])
        alike = [each.later for each in comparison.measure([pairs], min_jaccard)]
        is_alike[whole] = np.isin(pairs[0], np.concatenate(alike or [np.empty(0, np.int64)]))
        return is_alike

    def _recount(
        self, dropped: I64, comparison: Comparison, min_jaccard: float
    ) -> NDArray[np.bool_]:
        """Compare dropped documents with their twins by sets of words, with no hash at all."""
        found = np.zeros(len(dropped), np.bool_)
        for k, i in enumerate(dropped.tolist()):
            texts = map(comparison.read_text, (i, int(self._plan.twins[i])))
            one, two = (list_shingles(text, comparison.n_words) for text in texts)
            found[k] = len(one & two) >= min_jaccard * len(one | two)
        return found


def list_shingles(text: bytes, n_words: int) -> set[tuple[bytes, ...]]:
    """Return the shingles of a text as their words, written down as plainly as can be."""
    words = WORD.findall(text.lower())  # bytes: ASCII letters alone have a lower case
    n_shingles = max(len(words) - n_words + 1, min(len(words), 1))
    return {tuple(words[i : i + n_words]) for i in range(n_shingles)}


def _share(part: int, whole: int) -> float | None:
    """Return a share; None of nothing."""
    return float(part / whole) if whole else None


def read_names(paths: Iterable[Path]) -> Iterable[U64]:
    """Yield the hashes of the names in each file."""
    return (np.fromfile(path, "<u8") for path in paths)

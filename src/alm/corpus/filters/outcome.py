"""The output of the stage: parts one behind the other, without what is strange for its source."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from alm.corpus.accounting import Accounting
from alm.corpus.document import read_documents
from alm.corpus.filters.junk import JunkCount, Truth
from alm.corpus.filters.pending import Pending
from alm.corpus.filters.perplexity import ONE_BIT, find_cut
from alm.corpus.filters.rules import Breach
from alm.corpus.filters.sieve import DROPPED, KEPT, PENDING, describe_drop
from alm.corpus.plan import SPLITS, TRAIN
from alm.io import canonical_json, new_file
from alm.work import Part

PERPLEXITY = "perplexity:bits_per_byte"


def find_cuts(parts: Sequence[Part], max_percentile: float) -> dict[int, int]:
    """Return the highest score that passes, by number of source.

    It is found among the pending training documents; where a source has none, among those held
    out. Eight bytes of memory per pending document, and those of one part's rows.
    """
    scores: dict[int, dict[bool, list[np.ndarray]]] = {}
    for part in parts:
        rows = Pending.read(part.path / PENDING)
        for source in np.unique(rows.column("source")).tolist():
            found = rows.column("score")[rows.column("source") == source]
            is_train = part.facts["split"] == TRAIN
            scores.setdefault(source, {}).setdefault(is_train, []).append(found)
    return {
        source: find_cut(np.concatenate(found[max(found)]), max_percentile)
        for source, found in sorted(scores.items())
    }


class Outcome:
    """Carry the decision about every document out, and close the books.

    Args:
        sources: of the corpus, in order.
        cuts: the highest score that passes, by number of source.
    """

    def __init__(self, sources: Sequence[dict[str, Any]], cuts: dict[int, int]) -> None:
        self._names = [source["name"] for source in sources]
        self._cuts = cuts
        self._books = {split: Accounting(sources) for split in SPLITS}
        self._sources = sources
        self._junk = JunkCount()
        self._masked: Counter[str] = Counter()

    def write(self, parts: Sequence[Part], root: Path) -> None:
        """Write ``train.jsonl``, ``val.jsonl`` and ``dropped.jsonl``.

        What broke a rule is listed first, then what is strange: an order that does not tell where
        the parts were cut.
        """
        with new_file(root / "dropped.jsonl") as dropped:
            for part in parts:
                with (part.path / DROPPED).open("rb") as file:
                    shutil.copyfileobj(file, dropped)
            for split in SPLITS:
                with new_file(root / f"{split}.jsonl") as kept:
                    for part in parts:
                        if part.facts["split"] == split:
                            self._append(part, kept, dropped)

    def pass_on(self, sources: Sequence[dict[str, Any]]) -> None:
        """Book every document as kept.

        Args:
            sources: as the manifest of the stage before lists them.
        """
        for source in sources:
            for split in SPLITS:
                n_docs, n_bytes = source[split]["docs"], source[split]["bytes"]
                self._books[split].absorb(
                    {
                        "docs_in": n_docs,
                        "dropped": {},
                        "quarantined": {},
                        "sources": [{"name": source["name"], "docs": n_docs, "bytes": n_bytes}],
                    }
                )

    def n_kept(self, split: str) -> int:
        """Return how many documents of a split are left."""
        return self._books[split].docs_out

    def reasons(self, split: str) -> str:
        """Return what the other documents of a split were dropped for."""
        return self._books[split].reasons()

    def facts(self) -> dict[str, Any]:
        """Return the books, with each source's share of either split."""
        total = Accounting(self._sources)
        for books in self._books.values():
            total.absorb(books.facts())
        facts = total.facts()
        shares = {split: self._books[split].facts()["sources"] for split in SPLITS}
        for i, source in enumerate(facts["sources"]):
            source.update({split: _share([shares[split][i]]) for split in SPLITS})
        return {
            **facts,
            "splits": {split: _share(shares[split]) for split in SPLITS},
            "masked": dict(self._masked),
            "max_bits_per_byte": {
                self._names[source]: cut / ONE_BIT for source, cut in self._cuts.items()
            },
            "planted": {"junk": self._junk.facts()},
        }

    def _append(self, part: Part, kept: BinaryIO, dropped: BinaryIO) -> None:
        split = part.facts["split"]
        self._books[split].absorb(part.facts)
        self._junk.absorb(part.facts["junk"])
        self._masked.update(part.facts["masked"])
        too_strange = self._judge(Pending.read(part.path / PENDING), split)
        start = 0
        with (part.path / KEPT).open("rb") as file:
            for number, line in enumerate(file if too_strange else ()):
                if number in too_strange:
                    document = next(read_documents(part.path / KEPT, start))
                    entry = describe_drop(document, split, too_strange[number])
                    dropped.write(canonical_json(entry).encode("utf-8") + b"\n")
                else:
                    kept.write(line)
                start += len(line)
            shutil.copyfileobj(file, kept)

    def _judge(self, pending: Pending, split: str) -> dict[int, Breach]:
        """Book what was pending; return what is wrong with documents, by line."""
        found: dict[int, Breach] = {}
        for line, number, score, n_bytes, truth in pending.rows.tolist():
            name, cut = self._names[number], self._cuts[number]
            self._books[split].take()
            self._junk.note(name, Truth(truth), dropped=score > cut)
            if score > cut:
                self._books[split].drop(PERPLEXITY)
                found[line] = Breach(PERPLEXITY, score / ONE_BIT, cut / ONE_BIT)
            else:
                self._books[split].keep(name, n_bytes)
        return found


def _share(sources: Sequence[dict[str, Any]]) -> dict[str, int]:
    return {key: sum(source[key] for source in sources) for key in ("docs", "bytes")}

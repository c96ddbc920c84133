"""The documents of a corpus on their two sides, and the list of those that were dropped."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from alm.corpus.accounting import Accounting
from alm.corpus.digests import Rows
from alm.corpus.document import Document, read_documents
from alm.corpus.lines import LineWriter
from alm.corpus.plan import KEPT, SPLITS, TRAIN, VAL, Plan
from alm.io import new_file


class Division:
    """Carry a plan out, one line at a time; lines go over as they are.

    Args:
        plan: the fate of each document.
        rows: what is known of each.
        path: file of the documents.
        sources: name, kind and licence of every source.
    """

    def __init__(
        self, plan: Plan, rows: Rows, path: Path, sources: Sequence[dict[str, str]]
    ) -> None:
        self._plan = plan
        self._rows = rows
        self._path = path
        self._names = [source["name"] for source in sources]
        self._accounting = Accounting(sources)
        self._docs: Counter[tuple[str, str]] = Counter()  # by (source, split)
        self._bytes: Counter[tuple[str, str]] = Counter()

    def write(self, root: Path) -> None:
        """Write ``train.jsonl``, ``val.jsonl`` and ``dups.jsonl``."""
        with ExitStack() as stack:
            documents = stack.enter_context(self._path.open("rb"))
            files = {
                split: stack.enter_context(new_file(root / f"{split}.jsonl")) for split in SPLITS
            }
            dups = stack.enter_context(LineWriter(root / "dups.jsonl"))
            for i, line in enumerate(documents):
                self._accounting.take()
                if self._plan.twins[i] == KEPT:
                    files[self._keep(i)].write(line)
                else:
                    dups.write_line(self._drop(i))

    def facts(self) -> dict[str, Any]:
        """Return the books, with each source's share of either split."""
        facts = self._accounting.facts()
        for source in facts["sources"]:
            source.update({split: self._share([source["name"]], split) for split in SPLITS})
        return {
            **facts,
            "splits": {split: self._share(self._names, split) for split in SPLITS},
            "clusters": self._plan.n_clusters,
        }

    def _keep(self, i: int) -> str:
        """Book a document that goes on; return its split."""
        source, n_bytes = self._names[self._rows["source"][i]], int(self._rows["text_bytes"][i])
        split = VAL if self._plan.is_val[i] else TRAIN
        self._accounting.keep(source, n_bytes)
        self._docs[source, split] += 1
        self._bytes[source, split] += n_bytes
        return split

    def _drop(self, i: int) -> dict[str, Any]:
        """Book a document that is dropped; return what is to be said of it."""
        kind = "exact" if self._plan.is_exact[i] else "near"
        self._accounting.drop(f"{kind}_duplicate")
        dropped, kept = self._read(i), self._read(int(self._plan.twins[i]))
        return {
            "dropped": dropped.id,
            "dropped_source": dropped.source,
            "kept": kept.id,
            "kept_source": kept.source,
            "kind": kind,
            "jaccard": float(self._plan.jaccard[i]),
        }

    def _read(self, i: int) -> Document:
        return next(read_documents(self._path, int(self._rows["start"][i])))

    def _share(self, sources: Sequence[str], split: str) -> dict[str, int]:
        return {
            "docs": sum(self._docs[source, split] for source in sources),
            "bytes": sum(self._bytes[source, split] for source in sources),
        }

"""Stage dedup: drop what stands there twice, and hold some of the rest out for validation.

Two passes over the documents: the first makes a plan from their digests, the second carries it
out. Filters will be a stage of their own between this one and the tokenizer.
"""

from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from alm.config import DedupConfig
from alm.corpus.accounting import Accounting
from alm.corpus.clusters import Duplicate
from alm.corpus.document import Document, DocumentWriter, read_documents
from alm.corpus.lines import LineWriter
from alm.corpus.normalize import KIND as NORMALIZED
from alm.corpus.plan import SPLITS, Plan
from alm.corpus.truth import PlantedCount
from alm.io import Manifest, new_directory

KIND = "corpus.dedup"


def dedup_corpus(normalized: Path, config: DedupConfig, seed: int, out: Path) -> Manifest:
    """Write ``train.jsonl``, ``val.jsonl``, ``dups.jsonl`` and a manifest to ``out``.

    Raises:
        IntegrityError: ``normalized`` is not what stage normalize wrote.
        InputError: there are fewer than two documents to divide.
    """
    manifest = Manifest.read(normalized, NORMALIZED)
    manifest.verify(normalized)
    path = normalized / "documents.jsonl"
    plan = Plan.make(read_documents(path), config, seed)
    with new_directory(out) as root:
        with ExitStack() as stack:
            writers = {
                split: stack.enter_context(DocumentWriter(root / f"{split}.jsonl"))
                for split in SPLITS
            }
            dups = stack.enter_context(LineWriter(root / "dups.jsonl"))
            divider = Divider(plan, manifest.facts["sources"], writers, dups)
            for i, document in enumerate(read_documents(path)):
                divider.take(i, document)
        return Manifest.write(
            root,
            KIND,
            params={"seed": seed, "dedup": asdict(config)},
            inputs={"normalize": manifest.sha256},
            facts=divider.facts(),
        )


class Divider:
    """Write each document to its split, or its name to the list of duplicates."""

    def __init__(
        self,
        plan: Plan,
        sources: list[dict[str, str]],
        writers: dict[str, DocumentWriter],
        dups: LineWriter,
    ) -> None:
        self._plan = plan
        self._writers = writers
        self._dups = dups
        self._twins = {each.kept for each in plan.duplicates.values()}
        self._names: dict[int, tuple[str, str]] = {}
        self._accounting = Accounting(sources)
        self._docs: Counter[tuple[str, str]] = Counter()  # by (source, split)
        self._bytes: Counter[tuple[str, str]] = Counter()
        self._planted = PlantedCount("exact_duplicate")

    def take(self, i: int, document: Document) -> None:
        """Take the document at place ``i``; places come in order."""
        self._accounting.take()
        duplicate = self._plan.duplicates.get(i)
        self._planted.note(document.source, document.meta, found=duplicate is not None)
        if i in self._twins:
            self._names[i] = (document.id, document.source)
        if duplicate:
            self._drop(document, duplicate)
        else:
            self._keep(document, self._plan.splits[i])

    def facts(self) -> dict[str, Any]:
        """Return the books, with each source's share of either split."""
        facts = self._accounting.facts()
        for source in facts["sources"]:
            source.update({split: self._share([source["name"]], split) for split in SPLITS})
        names = [source["name"] for source in facts["sources"]]
        return {
            **facts,
            "splits": {split: self._share(names, split) for split in SPLITS},
            "clusters": self._plan.n_clusters,
            "planted": {"exact_duplicate": self._planted.facts()},
        }

    def _keep(self, document: Document, split: str) -> None:
        n_bytes = len(document.text.encode("utf-8"))
        self._writers[split].write(document)
        self._accounting.keep(document.source, n_bytes)
        self._docs[document.source, split] += 1
        self._bytes[document.source, split] += n_bytes

    def _drop(self, document: Document, duplicate: Duplicate) -> None:
        self._accounting.drop(f"{duplicate.kind}_duplicate")
        kept_id, kept_source = self._names[duplicate.kept]
        self._dups.write_line(
            {
                "dropped": document.id,
                "dropped_source": document.source,
                "kept": kept_id,
                "kept_source": kept_source,
                "kind": duplicate.kind,
            }
        )

    def _share(self, sources: list[str], split: str) -> dict[str, int]:
        return {
            "docs": sum(self._docs[source, split] for source in sources),
            "bytes": sum(self._bytes[source, split] for source in sources),
        }

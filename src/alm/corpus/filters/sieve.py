"""One unit of documents: judged, masked, written down, with the books about it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from alm.corpus.accounting import Accounting
from alm.corpus.document import Document, DocumentWriter
from alm.corpus.filters.features import BUFFER_BYTES
from alm.corpus.filters.junk import JunkCount, Truth
from alm.corpus.filters.pending import Pending
from alm.corpus.filters.perplexity import ByteModel
from alm.corpus.filters.pii import mask
from alm.corpus.filters.requirements import Requirements
from alm.corpus.filters.rules import Breach
from alm.corpus.lines import LineWriter

KEPT, DROPPED, PENDING = "documents.jsonl", "dropped.jsonl", "pending.bin"


@dataclass(frozen=True)
class Treatment:
    """What happens to the documents of one source."""

    number: int
    """Of the source, in the recipe's order."""
    requirements: Requirements
    model: ByteModel | None
    """Scores the documents; None where they are not judged by their score."""
    masks: bool
    """Whether addresses are masked."""


class Sieve:
    """Take documents, and write what goes on, what is dropped, and what is still pending.

    Args:
        root: folder to write to, for the length of a ``with`` block.
        split: of the documents.
        treat: tells what happens to the documents of a source.
        sources: for the books.
    """

    def __init__(
        self,
        root: Path,
        split: str,
        treat: Callable[[str], Treatment],
        sources: Iterable[dict[str, Any]],
    ) -> None:
        self._root = root
        self._split = split
        self._treat = treat
        self._accounting = Accounting(sources)
        self._junk = JunkCount()
        self._masked: Counter[str] = Counter()
        self._pending: list[tuple[int, ...]] = []
        self._n_written = 0

    def take_all(self, documents: Iterable[Document]) -> None:
        """Take documents in order, holding some hundred kilobytes of text at a time."""
        for source, group in groupby(documents, lambda document: document.source):
            treatment = self._treat(source)
            for batch in _batches(group):
                breaches = treatment.requirements.check(batch)
                judged = list(zip(batch, breaches, strict=True))
                for document, breach in judged:
                    if breach:
                        self._drop(document, breach)
                self._keep_all(treatment, [document for document, breach in judged if not breach])

    def facts(self) -> dict[str, Any]:
        """Return the books of what is decided."""
        return {
            **self._accounting.facts(),
            "split": self._split,
            "junk": self._junk.counts(),
            "masked": dict(self._masked),
        }

    def __enter__(self) -> Self:
        """Open the files."""
        with ExitStack() as stack:
            self._kept = stack.enter_context(DocumentWriter(self._root / KEPT))
            self._dropped = stack.enter_context(LineWriter(self._root / DROPPED))
            self._files = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files, and write down what is pending."""
        self._files.__exit__(kind, error, trace)
        if kind is None:
            Pending.of(self._pending).write(self._root / PENDING)

    def _keep_all(self, treatment: Treatment, documents: Sequence[Document]) -> None:
        if treatment.masks:
            documents = [self._mask(document) for document in documents]
        data = [document.text.encode("utf-8") for document in documents]
        scores = treatment.model.score(data) if treatment.model and data else [None] * len(data)
        for document, text, score in zip(documents, data, scores, strict=True):
            truth = Truth.of(document.meta)
            if score is None:
                self._accounting.take()
                self._accounting.keep(document.source, len(text))
                self._junk.note(document.source, truth, dropped=False)
            else:
                row = (self._n_written, treatment.number, int(score), len(text), int(truth))
                self._pending.append(row)
            self._kept.write(document)
            self._n_written += 1

    def _mask(self, document: Document) -> Document:
        masked = mask(document.text)
        self._masked.update({"emails": masked.emails, "ipv4": masked.ipv4})
        return replace(document, text=masked.text)

    def _drop(self, document: Document, breach: Breach) -> None:
        self._accounting.take()
        self._accounting.drop(breach.reason)
        self._junk.note(document.source, Truth.of(document.meta), dropped=True)
        self._dropped.write_line(describe_drop(document, self._split, breach))


def describe_drop(document: Document, split: str, breach: Breach) -> dict[str, Any]:
    """Return the line about a dropped document."""
    return {
        "source": document.source,
        "id": document.id,
        "split": split,
        "reason": breach.reason,
        "found": breach.found,
        "limit": breach.limit,
    }


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Yield documents in runs of about ``BUFFER_BYTES`` of text; a longer one is not cut."""
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.text)
        if size >= BUFFER_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch

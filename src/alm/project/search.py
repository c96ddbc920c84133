"""Look for a passage in all documents of a corpus, holding a few megabytes of them at a time."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappush, heapreplace
from pathlib import Path

import numpy as np

from alm.corpus import Document, read_documents, read_unit, shingle_texts
from alm.io import canonical_json, parse_json
from alm.project.passage import Form, Overlap, Passage
from alm.work import cut_lines

SPLITS = ("train", "val")
SHOWN = 5  # documents that are told of; the others are counted


@dataclass(frozen=True, slots=True)
class Hit:
    """A document, and where in it the passage stands, or what is most like it."""

    split: str
    start: int
    """Where the document's line begins in its file."""
    document: Document
    span: tuple[int, int]
    """First character, and one past the last."""
    n_times: int
    overlap: Overlap | None
    """What the document has of it, where that is not all."""


@dataclass(slots=True)
class Occurrences:
    """Where a passage stands."""

    form: str
    hits: list[Hit] = field(default_factory=list)
    """The first ``SHOWN`` documents."""
    n_docs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By (split, source)."""


def find_occurrences(documents: Path, passage: Passage) -> Occurrences | None:
    """Return the documents that hold a passage; None where there is none.

    As it is, if it stands anywhere like that; else with other spaces.

    Args:
        documents: what stage filter wrote.
        passage: what to look for.
    """
    for form in passage.forms:
        found = Occurrences(form.name)
        for split in SPLITS:
            for start, document in _candidates(documents / f"{split}.jsonl", form):
                spans = [match.span() for match in form.text.finditer(document.text)]
                if not spans:
                    continue
                found.n_docs[split, document.source] += 1
                if len(found.hits) < SHOWN:
                    found.hits.append(Hit(split, start, document, spans[0], len(spans), None))
        if found.hits:
            return found
    return None


def find_kin(documents: Path, passage: Passage) -> list[Hit]:
    """Return the documents that share most with a passage, at most ``SHOWN``, the closest first.

    They are ranked by how many of the passage's runs of words they have; of those, the words that
    are covered and the longest run are then counted exactly.

    Args:
        documents: what stage filter wrote.
        passage: what to look for.
    """
    if not passage.words:
        return []
    best: list[tuple[int, int, str, int]] = []  # the least alike first
    order = 0
    for split in SPLITS:
        for start, n_shared in _shared(documents / f"{split}.jsonl", passage):
            order -= 1  # of two alike the earlier one stays
            entry = (n_shared, order, split, start)
            if len(best) < SHOWN:
                heappush(best, entry)
            elif entry > best[0]:
                heapreplace(best, entry)
    hits = [_compare(documents, passage, *entry[2:]) for entry in sorted(best, reverse=True)]
    return sorted(hits, key=lambda hit: (-hit.overlap.n_covered, -hit.overlap.longest))


def rank_in_source(documents: Path, hit: Hit) -> int:
    """Return how many documents of the same source stand before a hit in its split."""
    # Keys are sorted, so these two are neighbours; a quote inside a text has a backslash before it.
    mark = f',"source":{canonical_json(hit.document.source)},"text":'.encode()
    path, n_before = documents / f"{hit.split}.jsonl", 0
    with path.open("rb") as file:
        for unit in cut_lines(path):
            if unit.start < hit.start:
                n_before += file.read(min(unit.stop, hit.start) - unit.start).count(mark)
    return n_before


def count_copies(dups: Path, document: Document) -> Counter[str]:
    """Return how many documents were dropped in favour of one, by source.

    Args:
        dups: list of duplicates that stage dedup wrote.
        document: what stayed in their place.
    """
    name, source = canonical_json(document.id), canonical_json(document.source)
    mark = f'"kept":{name},"kept_source":{source},'.encode()
    with dups.open("rb") as file:
        found = [parse_json(line.decode("utf-8")) for line in file if mark in line]
    return Counter(each["dropped_source"] for each in found)


def _candidates(path: Path, form: Form) -> Iterator[tuple[int, Document]]:
    """Yield place and content of each document whose line may hold the passage."""
    with path.open("rb") as file:
        for unit in cut_lines(path):
            block = file.read(unit.stop - unit.start)
            for begin, end in form.lines(block):
                start, stop = unit.start + begin, unit.start + end
                yield start, next(read_documents(path, start, stop))


def _shared(path: Path, passage: Passage) -> Iterator[tuple[int, int]]:
    """Yield the place of each document that has any shingle of the passage, and how many."""
    wanted = np.unique(shingle_texts([passage.text.encode("utf-8")], passage.n_shingle).hashes)
    for unit in cut_lines(path):
        texts = [document.text.encode("utf-8") for document in read_unit(unit)]
        found = shingle_texts(texts, passage.n_shingle)
        nearest = np.minimum(np.searchsorted(wanted, found.hashes), len(wanted) - 1)
        places = np.flatnonzero(wanted[nearest] == found.hashes)
        owners = np.searchsorted(np.cumsum(found.counts), places, side="right")
        # A shingle that stands in a document twice is shared once.
        pairs = np.unique(owners * len(wanted) + nearest[places])
        documents, n_shared = np.unique(pairs // len(wanted), return_counts=True)
        starts = _line_starts(path, unit.start, unit.stop) if len(documents) else np.empty(0)
        for i, n in zip(documents.tolist(), n_shared.tolist(), strict=True):
            yield unit.start + int(starts[i]), n


def _line_starts(path: Path, start: int, stop: int) -> np.ndarray:
    """Return where each line of a stretch of a file begins, counted from ``start``."""
    with path.open("rb") as file:
        file.seek(start)
        block = np.frombuffer(file.read(stop - start), np.uint8)
    return np.append(0, np.flatnonzero(block == ord("\n")) + 1)


def _compare(documents: Path, passage: Passage, split: str, start: int) -> Hit:
    document = next(read_documents(documents / f"{split}.jsonl", start))
    data = document.text.encode("utf-8")
    overlap = passage.overlap(data)
    span = tuple(len(data[:at].decode("utf-8")) for at in overlap.span)
    return Hit(split, start, document, span, 1, overlap)

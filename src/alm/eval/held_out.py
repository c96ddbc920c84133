"""Choose the held-out documents that are scored, and hold their tokens and their text together.

The network reads tokens and the n-gram models read text, so the two must be of the same documents:
the shards must name the text as what they were packed from, and the two are compared document by
document.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from alm.corpus.document import read_documents
from alm.data import TokenStream
from alm.errors import ConfigError, IntegrityError
from alm.io import Manifest

SPLIT = "val"
TEXT = "{split}.jsonl"


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """The documents to score, by source in the order of the corpus."""

    stream: TokenStream
    starts: np.ndarray
    """(n + 1,) where each held-out document begins in the stream, and the end."""
    chosen: dict[str, list[int]]
    """Source -> indices of its documents; a source without any is left out."""
    texts: dict[int, bytes]
    """Index of a chosen document -> its text in UTF-8."""

    @classmethod
    def read(cls, packed: Path, documents: Path, max_bytes: int, limits: Mapping[str, int]) -> Self:
        """Choose from the held-out split of a packed corpus.

        Args:
            packed: directory of shards.
            documents: directory of the text that they were made from.
            max_bytes: of each source, as many of its first documents are taken as stay within
                this; at least one.
            limits: source -> documents of it at most.

        Raises:
            ConfigError: a limit is for no source of the corpus.
            IntegrityError: a file is damaged, or tokens and text are not of the same documents.
        """
        stream = TokenStream(packed, SPLIT)
        _check_origin(stream, documents)
        index, names = stream.documents(), stream.source_names
        sources, sizes = [names[i] for i in index.source], index.n_bytes.tolist()
        _check_limits(limits, names)
        chosen = choose_documents(sources, sizes, max_bytes, limits)
        wanted = {i for each in chosen.values() for i in each}
        texts = dict(_match(documents / TEXT.format(split=SPLIT), sources, sizes, wanted))
        ordered = {name: chosen[name] for name in names if name in chosen}
        return cls(stream=stream, starts=index.start, chosen=ordered, texts=texts)


def choose_documents(
    sources: Sequence[str], sizes: Sequence[int], max_bytes: int, limits: Mapping[str, int]
) -> dict[str, list[int]]:
    """Return for each source its first documents whose sizes add up to at most ``max_bytes``.

    The first one is taken whatever its size; the first that does not fit ends the choice, and so
    does a source's limit in documents.
    """
    chosen: dict[str, list[int]] = {}
    taken: dict[str, int] = {}
    for i, (source, size) in enumerate(zip(sources, sizes, strict=True)):
        taken[source] = taken.get(source, 0) + size
        own = chosen.setdefault(source, [])
        if not own or (taken[source] <= max_bytes and len(own) < limits.get(source, len(own) + 1)):
            own.append(i)
    return chosen


def _check_limits(limits: Mapping[str, int], names: Sequence[str]) -> None:
    if unknown := sorted({*limits} - {*names}):
        raise ConfigError(
            f"evaluate.limits: expected sources of the corpus ({', '.join(names)}), found "
            f"{', '.join(unknown)}; correct params.yaml"
        )


def read_train_texts(documents: Path) -> Iterator[bytes]:
    """Yield the text of each training document in UTF-8."""
    for document in read_documents(documents / TEXT.format(split="train")):
        yield document.text.encode("utf-8")


def _check_origin(stream: TokenStream, documents: Path) -> None:
    """Raise IntegrityError unless the shards were packed from ``documents``, and that is whole."""
    text = Manifest.read(documents, "corpus.filter")
    text.verify(documents)
    if (found := stream.manifest.inputs["filter"]) != text.sha256:
        raise IntegrityError(
            f"{stream.packed}: expected shards of the text with SHA-256 {text.sha256[:12]}, found "
            f"shards of {found[:12]}; pack the corpus again"
        )


def _match(
    path: Path, sources: Sequence[str], sizes: Sequence[int], wanted: set[int]
) -> Iterator[tuple[int, bytes]]:
    """Yield the texts that are wanted, having compared every one with the packed document."""
    count = 0
    for i, document in enumerate(read_documents(path)):
        text, count = document.text.encode("utf-8"), count + 1
        packed = (sources[i], sizes[i]) if i < len(sources) else ("none", 0)
        if packed != (document.source, len(text)):
            raise IntegrityError(
                f"{path}, document {i} ({document.id}): expected {packed[1]} bytes of {packed[0]} "
                f"as packed, found {len(text)} of {document.source}; pack the corpus again"
            )
        if i in wanted:
            yield i, text
    if count != len(sources):
        raise IntegrityError(
            f"{path}: expected {len(sources)} documents as packed, found {count}; pack the corpus "
            "again"
        )

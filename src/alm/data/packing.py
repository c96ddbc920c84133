"""The pack stage: documents as token shards, one stream per split."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from alm.config import PackConfig
from alm.data.index import DocumentIndex
from alm.data.shards import ShardReader
from alm.data.stream import KIND
from alm.data.writer import PackedDocument, Vocabulary, write_split
from alm.errors import InputError, IntegrityError
from alm.io import Manifest, new_directory

SPLITS = ("train", "val")


class Document(Protocol):
    """What is needed here of a document of ``alm.corpus``, which this package stands without."""

    id: str
    source: str
    text: str


def pack(  # noqa: PLR0913
    documents: Path,
    out: Path,
    config: PackConfig,
    vocabulary: Vocabulary,
    read_encoded: Callable[[Path], Iterable[tuple[Document, np.ndarray]]],
    inputs: dict[str, str],
) -> Manifest:
    """Write both splits of a corpus to ``out``; return the manifest.

    A document is stored as BOS, its tokens, EOS, in the order in which the dedup stage left it.

    Args:
        documents: what the dedup stage wrote.
        out: directory to make, with shards and ``manifest.json``.
        config: the corpus' pack section.
        vocabulary: the tokenizer.
        read_encoded: gives the documents of a file with their tokens, one after the other.
        inputs: digests of what else the result stands on, by name.

    Raises:
        IntegrityError: ``documents`` is not whole, or a document is of no source that it lists.
        InputError: a split has no document.
    """
    corpus = Manifest.read(documents, "corpus.dedup")
    corpus.verify(documents)
    sources = [{key: s[key] for key in ("name", "licence")} for s in corpus.facts["sources"]]
    names = [source["name"] for source in sources]
    with new_directory(out) as root:
        splits = {}
        for split in SPLITS:
            framed = _frame(read_encoded(documents / f"{split}.jsonl"), names, vocabulary)
            shards = write_split(root, split, framed, vocabulary, config.shard_tokens)
            splits[split] = _describe_split(root, split, shards, names)
        return Manifest.write(
            root,
            KIND,
            params={"pack": asdict(config)},
            inputs={"dedup": corpus.sha256, **inputs},
            facts={
                "tokenizer_sha256": vocabulary.sha256,
                "vocab_size": vocabulary.vocab_size,
                "splits": splits,
                "sources": sources,
            },
        )


def _frame(
    encoded: Iterable[tuple[Document, np.ndarray]], sources: list[str], vocabulary: Vocabulary
) -> Iterator[PackedDocument]:
    """Put BOS before and EOS behind each document."""
    for document, ids in encoded:
        if document.source not in sources:
            raise IntegrityError(
                f"document {document.id!r} is of source {document.source!r}, which the corpus' "
                f"manifest does not list; it has: {', '.join(sources)}"
            )
        yield PackedDocument(
            tokens=np.concatenate([[vocabulary.bos_id], ids, [vocabulary.eos_id]]).astype(np.int64),
            source=sources.index(document.source),
            n_bytes=len(document.text.encode("utf-8")),
        )


def _describe_split(root: Path, split: str, shards: list[str], names: list[str]) -> dict[str, Any]:
    """Return the facts about a split, counted in what was written."""
    if not shards:
        raise InputError(
            f"expected documents in {split}.jsonl, found none; add text to the corpus, or change "
            "dedup.val_fraction"
        )
    index = DocumentIndex.join([ShardReader(root / name).documents() for name in shards])
    return {"shards": shards, **count_split(index, names)}


def count_split(index: DocumentIndex, names: list[str]) -> dict[str, Any]:
    """Return documents, tokens and bytes of a split, in all and by source."""
    return {
        "docs": len(index),
        "tokens": int(index.start[-1]),
        "bytes": int(index.n_bytes.sum()),
        "sources": index.count_by_source(names),
    }

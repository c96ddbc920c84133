"""The tokens of a split as one stream, whatever files it is cut into."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from alm.data.index import DocumentIndex
from alm.data.shards import ShardReader
from alm.data.writer import shard_name
from alm.errors import ShardError
from alm.io import Manifest

KIND = "corpus.packed"


def read_packed_manifest(packed: Path) -> Manifest:
    """Read the manifest of a packed corpus.

    Raises:
        IntegrityError: it is absent or damaged.
        ShardError: it lacks what the manifest of a packed corpus says.
    """
    manifest = Manifest.read(packed, KIND)
    if not _is_complete(manifest.facts):
        raise ShardError(
            f"{packed}: expected the facts of a packed corpus in its manifest, found others; pack "
            "the corpus again with this version of alm"
        )
    return manifest


class Stream(Protocol):
    """Tokens of documents by position, whatever they lie in."""

    label: str
    """What it is, for a message."""
    pad_id: int

    @property
    def n_tokens(self) -> int:
        """Tokens, those that frame each document among them."""

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return tokens ``[start, stop)`` as uint32."""

    def read_loss_mask(self, start: int, stop: int) -> np.ndarray:
        """Return which of tokens ``[start, stop)`` are targets that count, as bool."""

    def documents(self) -> DocumentIndex:
        """Return the index of all documents, with positions in the stream."""


class TokenStream:
    """Random access to one split of a packed corpus.

    The stream is the unit of reading, not the file: a read may straddle shards, and moving a cut
    never changes what is read.

    Args:
        packed: what the pack stage wrote.
        split: ``train`` or ``val``.

    Raises:
        IntegrityError: the manifest is absent or damaged.
        ShardError: there is no such split, or a shard is damaged at its head or not one of it.
    """

    def __init__(self, packed: Path, split: str) -> None:
        self.packed = packed
        self.split = split
        self.manifest = read_packed_manifest(packed)
        self._facts = self._split_facts()
        self.shards = [ShardReader(packed / name) for name in self._facts["shards"]]
        for i in range(len(self.shards)):
            self._check_shard(i)
        self._ends = np.cumsum([shard.n_tokens for shard in self.shards])  # (n_shards,) int64
        if self.n_tokens != self._facts.get("tokens"):
            raise ShardError(
                f"{packed}: expected {self._facts.get('tokens')} tokens in {split}, found "
                f"{self.n_tokens}; pack the corpus again"
            )

    @property
    def label(self) -> str:
        """What it is, for a message."""
        return f"the {self.split} split in {self.packed}"

    @property
    def pad_id(self) -> int:
        """Token that fills what no document does; none of them has it."""
        return self.shards[0].header.pad_id

    @property
    def n_tokens(self) -> int:
        """Tokens in the stream, BOS and EOS of each document among them."""
        return int(self._ends[-1])

    @property
    def vocab_size(self) -> int:
        """Size of the vocabulary; every token is below it."""
        return self.manifest.facts["vocab_size"]

    @property
    def tokenizer_sha256(self) -> str:
        """Digest of the vocabulary that the tokens belong to."""
        return self.manifest.facts["tokenizer_sha256"]

    @property
    def source_names(self) -> list[str]:
        """Names of the sources; a document's source number is a place in this list."""
        return [source["name"] for source in self.manifest.facts["sources"]]

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return tokens ``[start, stop)`` as a uint32 copy that the caller may change."""
        pieces = [shard.read(*span) for shard, span in self._spans(start, stop)]
        return np.concatenate([np.empty(0, dtype=np.uint32), *pieces])

    def read_loss_mask(self, start: int, stop: int) -> np.ndarray:
        """Return which of tokens ``[start, stop)`` are targets that count, as bool.

        All are, but for those that a document's loss mask leaves out.
        """
        pieces = [shard.read_loss_mask(*span) for shard, span in self._spans(start, stop)]
        return np.concatenate([np.empty(0, dtype=bool), *pieces])

    def documents(self) -> DocumentIndex:
        """Return the index of all documents, with positions in the stream."""
        index = DocumentIndex.join([shard.documents() for shard in self.shards])
        if (number := int(index.source.max())) >= len(self.source_names):
            raise ShardError(
                f"{self.packed}: expected sources below {len(self.source_names)} in {self.split}, "
                f"found {number}; pack the corpus again"
            )
        return index

    def require_tokenizer(self, sha256: str) -> None:
        """Raise ShardError unless the tokens are of the vocabulary with this digest."""
        if sha256 != self.tokenizer_sha256:
            raise ShardError(
                f"{self.packed}: expected tokens of the vocabulary {sha256[:12]}, found tokens of "
                f"{self.tokenizer_sha256[:12]}; pack the corpus again with this tokenizer"
            )

    def _split_facts(self) -> dict[str, Any]:
        splits = self.manifest.facts["splits"]
        if self.split not in splits:
            raise ShardError(
                f"{self.packed} has no split {self.split!r}; choose from: {', '.join(splits)}"
            )
        facts = splits[self.split]
        names = facts["shards"]
        expected = [shard_name(self.split, i) for i in range(len(names))]
        if not names or names != expected or not self.manifest.files.keys() >= set(names):
            raise ShardError(f"{self.packed}: the list of {self.split} shards is malformed")
        return facts

    def _spans(self, start: int, stop: int) -> list[tuple[ShardReader, tuple[int, int]]]:
        """Return the shards that hold tokens ``[start, stop)``, and which of theirs those are."""
        if not 0 <= start <= stop <= self.n_tokens:
            raise IndexError(f"tokens {start} to {stop} of {self.n_tokens} in {self.split}")
        spans = []
        for i in range(int(np.searchsorted(self._ends, start, side="right")), len(self.shards)):
            begin = int(self._ends[i]) - self.shards[i].n_tokens
            if begin >= stop:
                break
            span = (max(start - begin, 0), min(stop - begin, self.shards[i].n_tokens))
            spans.append((self.shards[i], span))
        return spans

    def _check_shard(self, i: int) -> None:
        """Raise ShardError unless the header of shard ``i`` agrees with the manifest."""
        shard = self.shards[i]
        expected = {
            "tokenizer_sha256": self.tokenizer_sha256,
            "vocab_size": self.vocab_size,
            "shard_index": i,
            "is_last": i == len(self.shards) - 1,
            "file_bytes": self.manifest.files[shard.path.name].bytes,
        }
        for name, value in expected.items():
            if (found := getattr(shard.header, name)) != value:
                raise ShardError(
                    f"{shard.path}: expected {name} {value}, as in the manifest, found {found}; "
                    "it belongs to another corpus, so pack again"
                )


def _is_complete(facts: Any) -> bool:  # noqa: ANN401
    """Whether these are facts as the pack stage writes them, as far as a reader relies on them."""
    kinds = {"tokenizer_sha256": str, "vocab_size": int, "splits": dict, "sources": list}
    return (
        isinstance(facts, dict)
        and all(type(facts.get(name)) is kind for name, kind in kinds.items())
        and all(isinstance(each, dict) for each in facts["splits"].values())
        and all(isinstance(each.get("shards"), list) for each in facts["splits"].values())
        and all(isinstance(each, dict) for each in facts["sources"])
        and all(isinstance(each.get("name"), str) for each in facts["sources"])
    )

"""The tokens of a split as one stream, whatever files it is cut into."""

from pathlib import Path
from typing import Any

import numpy as np

from alm.data.index import DocumentIndex
from alm.data.shards import ShardReader
from alm.data.writer import shard_name
from alm.errors import ShardError
from alm.io import Manifest

KIND = "corpus.packed"


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
        self.manifest = Manifest.read(packed, KIND)
        self._facts = self._split_facts()
        self.shards = [ShardReader(packed / name) for name in self._facts["shards"]]
        for i in range(len(self.shards)):
            self._check_shard(i)
        self._ends = np.cumsum([shard.n_tokens for shard in self.shards])  # (n_shards,) int64
        if self.n_tokens != self._facts["tokens"]:
            raise ShardError(
                f"{packed}: expected {self._facts['tokens']} tokens in {split}, found "
                f"{self.n_tokens}; pack the corpus again"
            )

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
        if not 0 <= start <= stop <= self.n_tokens:
            raise IndexError(f"tokens {start} to {stop} of {self.n_tokens} in {self.split}")
        pieces = [np.empty(0, dtype=np.uint32)]
        first = int(np.searchsorted(self._ends, start, side="right"))
        for shard, end in zip(self.shards[first:], self._ends[first:].tolist(), strict=True):
            begin = end - shard.n_tokens
            if begin >= stop:
                break
            pieces.append(shard.read(max(start - begin, 0), min(stop - begin, shard.n_tokens)))
        return np.concatenate(pieces)

    def documents(self) -> DocumentIndex:
        """Return the index of all documents, with positions in the stream."""
        return DocumentIndex.join([shard.documents() for shard in self.shards])

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

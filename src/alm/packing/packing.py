"""The pack stage: documents as token shards, one stream per split."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from alm.config import PackConfig
from alm.data import DocumentIndex, ShardReader, count_split, write_split
from alm.errors import InputError
from alm.io import Manifest
from alm.packing.audit import Ledger, audit
from alm.packing.encoded import Encoder, Placed, read_encoded, write_encoded
from alm.work import Part, Unit, cut_lines

KIND = "corpus.packed"
FILTERED = "corpus.filter"
SPLITS = ("train", "val")


@dataclass(frozen=True)
class Packing:
    """Stage pack: write both splits of a corpus as token shards.

    A document is stored as BOS, its tokens, EOS, in the order in which stage filter left it. Of a
    source with ``target_tokens`` the train split takes documents until they hold so many tokens,
    BOS and EOS among them; the document that reaches the number is the last.

    Raises:
        IntegrityError: ``documents`` is not what stage filter wrote, a document is of no source
            that it lists, or was encoded to other tokens than it has.
        InputError: a split has no document.
    """

    documents: Path
    """Directory that stage filter wrote."""
    config: PackConfig
    encoder: Encoder
    sources: tuple[dict[str, Any], ...]
    """As filter's manifest lists them."""
    inputs: dict[str, str]
    """Digests of what the result stands on, by name."""
    kind: str = KIND

    @classmethod
    def of(
        cls, documents: Path, config: PackConfig, encoder: Encoder, inputs: dict[str, str]
    ) -> Self:
        """Check what stage filter wrote, and prepare to pack it.

        Args:
            documents: directory that stage filter wrote.
            config: the corpus' pack section.
            encoder: the tokenizer.
            inputs: digests of what else the result stands on, by name.
        """
        corpus = Manifest.read(documents, FILTERED)
        corpus.verify(documents)
        sources = tuple(corpus.facts["sources"])
        return cls(documents, config, encoder, sources, {"filter": corpus.sha256, **inputs})

    def identity(self) -> dict[str, Any]:
        """Return parameters, input and vocabulary."""
        return {
            "params": self._params(),
            "inputs": self.inputs,
            "tokenizer_sha256": self.encoder.sha256,
        }

    def units(self) -> list[Unit]:
        """Cut the train split, then the validation split."""
        units: list[Unit] = []
        for split in SPLITS:
            units += cut_lines(self._path(split), split, first=len(units))
        return units

    def work(self, unit: Unit, root: Path) -> dict[str, Any]:
        """Encode the documents of a unit."""
        return {"docs": write_encoded(root, unit, self.encoder, self._names())}

    def merge(self, parts: list[Part], root: Path) -> dict[str, Any]:
        """Write the shards of both splits, one document behind the other."""
        units = self.units()
        splits = {}
        for split in SPLITS:
            own = [
                (part, unit) for part, unit in zip(parts, units, strict=True) if unit.label == split
            ]
            splits[split] = self._write_split(split, own, root)
        return {
            "params": self._params(),
            "inputs": self.inputs,
            "facts": {
                "tokenizer_sha256": self.encoder.sha256,
                "vocab_size": self.encoder.vocab_size,
                "splits": splits,
                "sources": [
                    {key: source[key] for key in ("name", "licence")} for source in self.sources
                ],
            },
        }

    def _write_split(self, split: str, own: list[tuple[Part, Unit]], root: Path) -> dict[str, Any]:
        """Write the shards of a split, and return the facts about what was written."""
        placed = (each for part, unit in own for each in read_encoded(part.path, unit))
        targets = self._targets() if split == "train" else [None] * len(self.sources)
        limit, ledger = TokenLimit(targets), Ledger()
        documents = ledger.note(limit.keep(placed))
        shards = write_split(root, split, documents, self.encoder, self.config.shard_tokens)
        if not shards:
            raise InputError(
                f"expected documents in {split}.jsonl, found none; add text to the corpus, or "
                "change dedup.val_fraction"
            )
        index = DocumentIndex.join([ShardReader(root / name).documents() for name in shards])
        return {
            "shards": shards,
            **count_split(index, self._names()),
            "dropped": dict(limit.dropped),
            "audited": audit(root, shards, self._path(split), ledger, self.encoder),
        }

    def _path(self, split: str) -> Path:
        return self.documents / f"{split}.jsonl"

    def _names(self) -> list[str]:
        return [source["name"] for source in self.sources]

    def _targets(self) -> list[int | None]:
        return [source.get("target_tokens") for source in self.sources]

    def _params(self) -> dict[str, Any]:
        return {"pack": asdict(self.config)}


class TokenLimit:
    """Lets documents through until their source has the tokens it was meant to give.

    Args:
        targets: tokens wanted of each source, by its number; None wants all.
    """

    def __init__(self, targets: list[int | None]) -> None:
        self._room = targets
        self.dropped: Counter[str] = Counter()
        """How many documents were left out, by reason."""

    def keep(self, placed: Iterator[Placed]) -> Iterator[Placed]:
        """Yield the documents that are wanted."""
        room = list(self._room)
        for each in placed:
            source = each.document.source
            if (left := room[source]) is not None:
                if left <= 0:
                    self.dropped["target_tokens"] += 1
                    continue
                room[source] = left - len(each.document.tokens)
            yield each

"""How many tokens each source of a corpus has, or is expected to have before it is packed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from alm.config import CorpusParams, PackConfig, SourceConfig, Stage
from alm.io import Manifest

PACKED = "corpus.packed"
TOKENIZER = "tokenizer"
TEXT = ("filter", "dedup", "normalize", "ingest")  # the last one first: it has the fewest bytes
TOKEN_BYTES = 4  # in a shard
SPLITS = ("train", "val")


@dataclass(frozen=True, kw_only=True)
class SourceBudget:
    """One source's part of the train split."""

    name: str
    tokens: int | None
    """None where nobody can tell before."""
    basis: str
    """How that is known, or what is known instead."""


@dataclass(frozen=True, kw_only=True)
class Shards:
    """Files of tokens, of both splits."""

    n_files: int
    n_bytes: int


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """One source's part of the validation split."""

    name: str
    docs: int
    bytes: int
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a corpus has to train on."""

    sources: tuple[SourceBudget, ...]
    is_packed: bool
    """Else all of it is an estimate."""
    shards: Shards | None
    """None where nobody can tell before."""
    held_out: tuple[HeldOut, ...] | None
    """None before it is packed."""

    @classmethod
    def of(cls, corpus: str, params: CorpusParams, root: Path = Path()) -> Self:
        """Read what is built of a corpus, and what its recipe assumes about the rest.

        Raises:
            IntegrityError: a manifest is damaged.
        """
        if packed := _read_manifest("pack", PACKED, corpus, root):
            return cls._counted(packed)
        text, ratios = _read_text(corpus, root), _read_ratios(corpus, root)
        sources = tuple(
            _estimate(source, text.get(source.name), ratios.get(source.name), params)
            for source in params.recipe.sources
        )
        tokens = _add(sources)
        shards = None if tokens is None else _cut(tokens, params.dedup.val_fraction, params.pack)
        return cls(sources=sources, is_packed=False, shards=shards, held_out=None)

    @classmethod
    def _counted(cls, packed: Manifest) -> Self:
        splits, counted = packed.facts["splits"], packed.facts["splits"]["train"]["sources"]
        names = [name for split in splits.values() for name in split["shards"]]
        return cls(
            sources=tuple(
                SourceBudget(name=name, tokens=counted[name]["tokens"], basis="packed")
                for name in (source["name"] for source in packed.facts["sources"])
            ),
            is_packed=True,
            shards=Shards(
                n_files=len(names), n_bytes=sum(packed.files[name].bytes for name in names)
            ),
            held_out=tuple(
                HeldOut(name=name, docs=each["docs"], bytes=each["bytes"], tokens=each["tokens"])
                for name, each in splits["val"]["sources"].items()
            ),
        )

    @property
    def tokens(self) -> int | None:
        """Tokens of all sources; None where those of one are not known."""
        return _add(self.sources)


def read_vocabulary(corpus: str, params: CorpusParams, ceiling: int, root: Path) -> int:
    """Return the size of a corpus' vocabulary: as set; where that is ``auto``, as built.

    Args:
        corpus: its name.
        params: its parameters.
        ceiling: what to return where nobody can tell before.
        root: the repository.

    Raises:
        IntegrityError: the tokenizer's manifest is damaged.
    """
    if isinstance(params.tokenizer.vocab_size, int):
        return params.tokenizer.vocab_size
    built = _read_manifest("tokenizer", TOKENIZER, corpus, root)
    return built.facts["vocab_size"] if built else ceiling


def _estimate(
    source: SourceConfig, n_bytes: int | None, ratio: float | None, params: CorpusParams
) -> SourceBudget:
    """Tell what can be told of a source before it is packed.

    Args:
        source: its line in the recipe.
        n_bytes: of its text, held-out text included, where some stage wrote it.
        ratio: bytes in a token, where there is a tokenizer.
        params: of the corpus.
    """
    target = getattr(source, "target_tokens", None)
    assumed = getattr(source, "bytes_per_token", None)
    if n_bytes is None:
        limit = _spell_limit(source)
        basis = f"assumed: target_tokens of the recipe{limit}" if target else f"not read yet{limit}"
        return SourceBudget(name=source.name, tokens=target, basis=basis)
    n_train = n_bytes * (1 - params.dedup.val_fraction)
    text = f"{n_train / 1e6:.1f} MB of text"
    if not (ratio or assumed):
        basis = f"{text}, no tokenizer to count its tokens yet"
        return SourceBudget(name=source.name, tokens=target, basis=basis)
    tokens = int(n_train / (ratio or assumed))
    word = "as the tokenizer measured" if ratio else "assumed by the recipe"
    return SourceBudget(
        name=source.name,
        tokens=min(tokens, target or tokens),
        basis=f"{text}, {ratio or assumed:.2f} bytes per token {word}",
    )


def _spell_limit(source: SourceConfig) -> str:
    """Return how many documents a source has at most, where its recipe says so."""
    limits = {name: getattr(source, name, None) for name in ("n_docs", "max_docs")}
    return "".join(f"; {n:,} documents ({name})" for name, n in limits.items() if n)


def _cut(tokens: int, val_fraction: float, config: PackConfig) -> Shards:
    """Expect the shards of so many tokens, held-out ones besides, without their indices."""
    held_out = int(tokens * val_fraction / (1 - val_fraction))
    return Shards(
        n_files=sum(-(-n // config.shard_tokens) for n in (tokens, held_out)),
        n_bytes=TOKEN_BYTES * (tokens + held_out),
    )


def _add(sources: tuple[SourceBudget, ...]) -> int | None:
    known = [source.tokens for source in sources if source.tokens is not None]
    return sum(known) if len(known) == len(sources) else None


def _read_text(corpus: str, root: Path) -> dict[str, int]:
    """Return the bytes of each source's text after the last stage that is built."""
    for name in TEXT:
        if built := _read_manifest(name, f"corpus.{name}", corpus, root):
            return {source["name"]: source["bytes"] for source in built.facts["sources"]}
    return {}


def _read_ratios(corpus: str, root: Path) -> dict[str, float]:
    """Return the bytes per token of each source's held-out text, where there is a tokenizer."""
    built = _read_manifest("tokenizer", TOKENIZER, corpus, root)
    return dict(built.facts["val"]["bytes_per_token"]) if built else {}


def _read_manifest(stage: str, kind: str, corpus: str, root: Path) -> Manifest | None:
    place = root / Stage.load(stage, corpus, root).outs[0]
    return Manifest.read(place, kind) if place.exists() else None


def describe_sources(budget: Budget, drawn: int, mixture: Mapping[str, float]) -> list[str]:
    """Return a table: what each source has, and how often a run reads it.

    Args:
        budget: of the corpus.
        drawn: tokens that the run reads.
        mixture: source -> share of the rows; empty reads all sources alike.
    """
    rows = [("source", "tokens", "read", "known from")]
    for source in budget.sources:
        share = _share(source, budget, mixture)
        times = "?"
        if source.tokens and share is not None:
            times = f"{drawn * share / source.tokens:.2f} times"
        about = "" if budget.is_packed else "~"
        tokens = "?" if source.tokens is None else f"{about}{source.tokens:,}"
        rows.append((source.name, tokens, times, source.basis))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return [
        f"{name:{widths[0]}}  {tokens:>{widths[1]}}  {times:>{widths[2]}}  {basis}"
        for name, tokens, times, basis in rows
    ]


def _share(source: SourceBudget, budget: Budget, mixture: Mapping[str, float]) -> float | None:
    if mixture:
        return mixture.get(source.name, 0.0)
    total = budget.tokens
    return source.tokens / total if total and source.tokens is not None else None

"""Put two models side by side on the same documents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from alm.checkpoint import ModelSpec, load_model, read_spec
from alm.config import EvaluateConfig, Stage
from alm.errors import ConfigError
from alm.eval.bits_per_byte import bits_per_byte, score_documents
from alm.eval.held_out import SPLIT, TEXT, HeldOut
from alm.eval.interval import Costs, interval
from alm.io import sha256_file

STAGE = "evaluate"  # whose dependencies in dvc.yaml say where things lie
READS = ("pretrain", "packed", "filter")  # by the last part of their paths


@dataclass(frozen=True, kw_only=True)
class DocumentCosts:
    """What one model makes of each held-out document."""

    name: str
    text_sha256: str
    """Digest of the text that was scored."""
    nats: dict[str, list[float]]
    """Source -> nats of its documents, in the order of the corpus."""
    bytes: dict[str, list[int]]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """The model of a preset, and the held-out documents of its corpus: read, but not yet scored."""

    name: str
    model: Path
    spec: ModelSpec
    held_out: HeldOut
    text_sha256: str

    @classmethod
    def read(cls, preset: str, config: EvaluateConfig) -> Self:
        """Read what stage evaluate of a preset depends on.

        Raises:
            ConfigError: there is no such preset.
            IntegrityError: a file is damaged, or model, tokens and text do not belong together.
        """
        places = {path.name: path for path in Stage.load(STAGE, preset).deps}
        model, packed, documents = (places[name] for name in READS)
        spec = read_spec(model)
        held_out = HeldOut.read(packed, documents, config.max_bytes, config.limits)
        held_out.stream.require_tokenizer(spec.tokenizer_sha256)
        digest = sha256_file(documents / TEXT.format(split=SPLIT))
        return cls(name=preset, model=model, spec=spec, held_out=held_out, text_sha256=digest)

    @property
    def bytes(self) -> dict[str, list[int]]:
        """Source -> bytes of its documents, in the order of the corpus."""
        texts, chosen = self.held_out.texts, self.held_out.chosen
        return {source: [len(texts[i]) for i in own] for source, own in chosen.items()}

    def score(self, batch_size: int, device: str) -> DocumentCosts:
        """Score the documents, as stage evaluate does."""
        network, held_out = load_model(self.model, device), self.held_out
        options = {"seq_len": self.spec.seq_len, "batch_size": batch_size}
        nats = {
            source: score_documents(network, held_out.stream, held_out.starts, own, **options)
            for source, own in held_out.chosen.items()
        }
        return DocumentCosts(
            name=self.name,
            text_sha256=self.text_sha256,
            nats={source: each.tolist() for source, each in nats.items()},
            bytes=self.bytes,
        )


def compare_models(a: str, b: str, config: EvaluateConfig, device: str) -> str:
    """Score the models of two presets under one configuration, and say which is better.

    Raises:
        ConfigError: there is no such preset, or their corpora hold other text; nothing has been
            scored then.
        IntegrityError: one of them is not built, or damaged.
    """
    pair = [Contender.read(each, config) for each in (a, b)]
    _require_same_text(*pair)
    return render(compare_costs(*(each.score(config.batch_size, device) for each in pair)), a, b)


def compare_costs(a: DocumentCosts, b: DocumentCosts) -> dict[str, Any]:
    """Return how many bits per byte ``b`` needs more than ``a``, per source and in total.

    The interval is of the difference, document by document, which is far narrower than those of the
    two models by themselves: what is hard for one is hard for the other.

    Returns:
        For ``total`` and each source: ``documents``, ``a`` and ``b`` (bits per byte),
        ``difference`` (b - a), its 95 % ``interval``, and ``b_is_better``, the share of the
        documents that cost ``b`` less.

    Raises:
        ConfigError: they were not scored on the same text.
    """
    _require_same_text(a, b)
    rows = {source: _compare(a, b, [source]) for source in a.nats}
    return {"total": _compare(a, b, list(a.nats)), "sources": rows}


def _require_same_text(a: Contender | DocumentCosts, b: Contender | DocumentCosts) -> None:
    if (a.text_sha256, a.bytes) != (b.text_sha256, b.bytes):
        raise ConfigError(
            f"expected {a.name} and {b.name} to be scored on the same documents, found others; "
            "give both presets corpora with the same text, and the same evaluate section"
        )


def _compare(a: DocumentCosts, b: DocumentCosts, sources: Sequence[str]) -> dict[str, Any]:
    pairs = [
        (np.array(a.nats[name]), np.array(b.nats[name]), np.array(a.bytes[name]))
        for name in sources
    ]
    mine, others, sizes = (np.concatenate(each) for each in zip(*pairs, strict=True))
    n_bytes = int(sizes.sum())
    return {
        "documents": len(sizes),
        "a": bits_per_byte(float(mine.sum()), n_bytes),
        "b": bits_per_byte(float(others.sum()), n_bytes),
        "difference": bits_per_byte(float((others - mine).sum()), n_bytes),
        "interval": interval([Costs.of(y - x, size) for x, y, size in pairs]),
        "b_is_better": float((others < mine).mean()),
    }


def render(found: dict[str, Any], a: str, b: str) -> str:
    """Return the comparison as a table and a sentence, win or lose."""
    rows = [("source", "documents", a, b, "difference", "95 % interval", f"{b} is better on")]
    named = [*found["sources"].items(), ("all", found["total"])]
    rows += [_row(name, each) for name, each in named]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*(line.rstrip() for line in lines), "", *_verdict(found["total"], a, b)])


def _row(name: str, each: dict[str, Any]) -> tuple[str, ...]:
    sure = each["interval"]
    return (
        name,
        f"{each['documents']:,}",
        f"{each['a']:.4f}",
        f"{each['b']:.4f}",
        f"{each['difference']:+z.4f}",
        f"{sure[0]:+z.4f} to {sure[1]:+z.4f}" if sure else "too few documents",
        f"{100 * each['b_is_better']:.0f} %",
    )


def _verdict(total: dict[str, Any], a: str, b: str) -> Iterator[str]:
    sure, difference = total["interval"], total["difference"]
    if sure is None or sure[0] <= 0 <= sure[1]:
        yield f"which of {a} and {b} is better cannot be told from these documents"
    else:
        better, worse = (b, a) if difference < 0 else (a, b)
        least, most = sorted(map(abs, sure))
        yield f"{better} needs {least:.4f} to {most:.4f} bits per byte less than {worse}"

"""Everything that a preset's stages found out, read from what they left."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from alm.errors import IntegrityError
from alm.io import Manifest, read_json
from alm.report.svg import Series

NUMBERS = ("step", "tokens", "loss", "val_loss", "lr", "grad_norm", "max_load")
COLUMNS = (*NUMBERS, "weights")  # the last says which weights these were, and is not drawn
CORPUS_STAGES = ("ingest", "normalize", "dedup", "filter", "packed")


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Where the findings lie, as ``dvc.yaml`` says."""

    pretrain: Path
    loss: Path
    evaluate: Path
    quantize: Path
    samples: Path
    model: Path
    int8: Path
    ingested: Path
    normalized: Path
    deduplicated: Path
    documents: Path
    """What stage filter wrote."""
    tokenizer: Path
    packed: Path


@dataclass(frozen=True)
class LossCurve:
    """The columns of a loss table."""

    rows: list[dict[str, float | None]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the CSV that training wrote.

        Raises:
            IntegrityError: it is absent, has other columns, or holds something that is no number.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            rows = list(_read_rows(lines, path))
        except OSError as error:
            raise IntegrityError(f"cannot read {path}: {error.strerror}; build it again") from None
        except ValueError as error:
            raise IntegrityError(f"{path} is damaged: {error}; build it again") from None
        return cls(rows)

    def series(self, name: str, column: str) -> Series:
        """Return one column over tokens; where it was not measured is a gap."""
        return Series(name, [(row["tokens"], row[column]) for row in self.rows])

    def measured(self, name: str, column: str) -> Series:
        """Return one column over tokens, only where it was measured."""
        points = [(row["tokens"], row[column]) for row in self.rows if row[column] is not None]
        return Series(name, points)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What the report is made of; plain data, as the stages wrote it."""

    preset: str
    pretrain: dict[str, Any]
    losses: LossCurve
    evaluate: dict[str, Any]
    quantize: dict[str, Any]
    samples: dict[str, Any]
    model: Manifest
    int8: Manifest
    spec: dict[str, Any]
    """Shape of the network and what goes with its weights."""
    corpus: dict[str, Manifest]
    """By stage, in the order of ``CORPUS_STAGES``."""
    tokenizer: Manifest

    @classmethod
    def read(cls, preset: str, paths: Paths) -> Self:
        """Read every file.

        Raises:
            IntegrityError: one is absent, damaged or of another kind; the message names it.
        """
        folders = (
            paths.ingested,
            paths.normalized,
            paths.deduplicated,
            paths.documents,
            paths.packed,
        )
        return cls(
            preset=preset,
            pretrain=read_json(paths.pretrain),
            losses=LossCurve.read(paths.loss),
            evaluate=read_json(paths.evaluate),
            quantize=read_json(paths.quantize),
            samples=read_json(paths.samples),
            model=Manifest.read(paths.model, "model.pretrain"),
            int8=Manifest.read(paths.int8, "model.int8"),
            spec=read_json(paths.model / "config.json"),
            corpus={
                stage: Manifest.read(folder, f"corpus.{stage}")
                for stage, folder in zip(CORPUS_STAGES, folders, strict=True)
            },
            tokenizer=Manifest.read(paths.tokenizer, "tokenizer"),
        )


def _read_rows(lines: list[str], path: Path) -> Iterator[dict[str, float | None]]:
    head, *rest = list(csv.reader(lines)) or [[]]
    if tuple(head) != COLUMNS:
        raise IntegrityError(
            f"{path}: expected the columns {', '.join(COLUMNS)}, found "
            f"{', '.join(head) or 'none'}; train again"
        )
    for number, fields in enumerate(rest, start=2):
        if len(fields) != len(COLUMNS):
            raise ValueError(
                f"expected {len(COLUMNS)} fields, found {len(fields)} in line {number}"
            )
        values = (float(field) if field else None for field in fields[: len(NUMBERS)])
        yield dict(zip(NUMBERS, values, strict=True))

"""When a published model read a document: its batches are a formula, so they can be asked again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import ValidationError

import alm.data
from alm.config import DataConfig
from alm.data import DocumentIndex, Loader, TokenStream
from alm.errors import IntegrityError
from alm.io import Manifest, sha256_tree

MODEL = "model.pretrain"
FILTERED = "corpus.filter"
CODE = "src/alm/data"
SHOWN_STEPS = 6
SHOWN_EPOCHS = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """One time that a document, or a part of it, was trained on; both are counted from 1."""

    epoch: int | None
    """None in a mixture, where each source has its own."""
    step: int


class Marks:
    """A stream that stands in for another: in place of tokens it has marks of some documents.

    Mark ``i`` is of the document at place ``i - 1`` of ``chosen``; 0 is of all others, and of each
    document's first token, which says that one begins, and nothing else.
    """

    pad_id = 0

    def __init__(self, stream: TokenStream, chosen: Sequence[int]) -> None:
        self.label = stream.label
        self.n_tokens = stream.n_tokens
        self.source_names = stream.source_names
        self._stream = stream
        self._index = stream.documents()
        self._spans = [self._index.start[i : i + 2].astype(np.int64).tolist() for i in chosen]

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return the marks of tokens ``[start, stop)`` as uint32."""
        marks = np.zeros(stop - start, dtype=np.uint32)
        for mark, (first, end) in enumerate(self._spans, start=1):
            marks[max(first + 1 - start, 0) : max(end - start, 0)] = mark
        return marks

    def read_loss_mask(self, start: int, stop: int) -> np.ndarray:
        """Return which of tokens ``[start, stop)`` are targets that count, as bool."""
        return self._stream.read_loss_mask(start, stop)

    def documents(self) -> DocumentIndex:
        """Return the index of all documents."""
        return self._index


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """What a run read, and in which order."""

    stream: TokenStream
    config: DataConfig
    seed: int
    batch_size: int
    n_steps: int

    @classmethod
    def of(cls, model: Path, packed: Path, documents: Path) -> Self:
        """Read what the manifest of a published model says about its run.

        Args:
            model: what stage pretrain wrote.
            packed: the shards that are there now.
            documents: the text that is there now.

        Raises:
            IntegrityError: something is damaged, or the model read other shards or with other code,
                or the shards are of other text.
        """
        manifest, stream = Manifest.read(model, MODEL), TokenStream(packed, "train")
        if manifest.inputs.get("packed") != stream.manifest.sha256:
            raise IntegrityError(
                f"{model} was trained on other tokens than those in {packed}; train it again"
            )
        if stream.manifest.inputs.get("filter") != Manifest.read(documents, FILTERED).sha256:
            raise IntegrityError(
                f"{packed} was packed from other text than that in {documents}; pack it again"
            )
        if manifest.code.get(CODE) != sha256_tree(Path(alm.data.__file__).parent):
            raise IntegrityError(
                f"{model} was trained with another version of {CODE}, which may order rows in "
                "another way; train it again"
            )
        return cls(
            stream=stream,
            config=_read_config(manifest, model),
            seed=manifest.params["seed"],
            batch_size=manifest.params["train"]["batch_size"],
            n_steps=manifest.facts["steps"],
        )

    def place_of(self, source: str, rank: int) -> int | None:
        """Return which packed document is the one of this rank in its source, if it was packed.

        Of a source with ``target_tokens`` the last documents were not.
        """
        number = self.stream.source_names.index(source)
        places = np.flatnonzero(self.stream.documents().source == number)
        return int(places[rank]) if rank < len(places) else None

    def readings(self, places: Sequence[int]) -> list[list[Reading]]:
        """Return when each of some packed documents was trained on, in the order of the run.

        The run is gone through without a network, with marks for tokens: some ten microseconds a
        row.
        """
        loader = Loader(
            Marks(self.stream, places),
            self.config,
            batch_size=self.batch_size,
            steps=self.n_steps,
            seed=self.seed,
        )
        n_rows = None if self.config.mixture else loader.facts()["rows"]
        found: list[list[Reading]] = [[] for _ in places]
        for step in range(self.n_steps):
            for sample, mark in self._marked(loader, step):
                epoch = n_rows and (step * self.batch_size + sample) // n_rows + 1
                found[mark - 1].append(Reading(epoch, step + 1))
        return found

    def _marked(self, loader: Loader, step: int) -> list[tuple[int, int]]:
        """Return which samples of a step have targets of which mark, in order."""
        batch = loader.batch(step)
        marks = np.where(batch.loss_mask_BT, batch.tokens_BT[:, 1:], 0)
        rows, places = np.nonzero(marks)
        samples = rows * self.batch_size // len(batch)  # a curriculum cuts rows up
        return sorted(set(zip(samples.tolist(), marks[rows, places].tolist(), strict=True)))


def _read_config(manifest: Manifest, model: Path) -> DataConfig:
    try:
        return DataConfig(**manifest.params["data"])
    except (ValidationError, TypeError):
        raise IntegrityError(
            f"{model}: expected the data section of this version of alm in its manifest, found "
            "another; train it again"
        ) from None


def spell_readings(preset: str, readings: Sequence[Reading]) -> str:
    """Say in one line when a document was read, with the first steps of the first epochs."""
    if not readings:
        return f"never by {preset}: training ended before its turn"
    epochs: dict[int | None, list[int]] = {}
    for reading in readings:
        epochs.setdefault(reading.epoch, []).append(reading.step)
    told = [
        _spell_steps(steps) if epoch is None else f"epoch {epoch}: {_spell_steps(steps)}"
        for epoch, steps in list(epochs.items())[:SHOWN_EPOCHS]
    ]
    if len(epochs) > SHOWN_EPOCHS:
        told.append(f"and {len(epochs) - SHOWN_EPOCHS} epochs more, up to step {readings[-1].step}")
    return f"by {preset}, {'; '.join(told)}"


def _spell_steps(steps: list[int]) -> str:
    unique = sorted(set(steps))
    if len(unique) > SHOWN_STEPS:
        return f"{len(unique):,} steps from {unique[0]:,} to {unique[-1]:,}"
    word = "step" if len(unique) == 1 else "steps"
    return f"{word} {', '.join(f'{step:,}' for step in unique)}"

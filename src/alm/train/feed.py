"""The rows of each step on the device, those of the next one on their way while this one runs."""

import math
from collections.abc import Callable
from typing import NamedTuple

from alm.data import Batch
from alm.train.objectives import Examples


class MicroBatch(NamedTuple):
    """The rows of one forward pass."""

    examples: Examples
    parts: float  # as many with so many targets make up the step; infinite where none counts


class Feed:
    """Micro-batches by step: a function of the step's number, with nothing to save.

    A device computes what it was given while the host goes on. So the host reads the next step's
    rows and sends them off in that time, before it asks what came of this step; a thread of its own
    would win nothing. On a CPU the order is the same, and gains nothing either.

    Args:
        batches: step -> its rows.
        steps: of the whole run; nothing is read beyond them.
        n_parts: micro-batches per step.
        device: where the model is.
    """

    def __init__(
        self, batches: Callable[[int], Batch], steps: int, n_parts: int, device: str
    ) -> None:
        self._batches = batches
        self._steps = steps
        self._n_parts = n_parts
        self._device = device
        self._sent: dict[int, list[MicroBatch]] = {}

    def send(self, step: int) -> None:
        """Read the rows of a step, from 0, and send them to the device, unless the run is over.

        Raises:
            ShardError: the files are not what was packed.
        """
        if step < self._steps and step not in self._sent:
            self._sent[step] = self._load(step)

    def take(self, step: int) -> list[MicroBatch]:
        """Return the micro-batches of a step, and forget them.

        Raises:
            ShardError: the files are not what was packed.
        """
        return self._sent.pop(step, None) or self._load(step)

    def _load(self, step: int) -> list[MicroBatch]:
        batch = self._batches(step)
        parts = batch.split(self._n_parts)
        # A division, no inverse: where all targets count, equal parts are equal to the bit.
        sizes = [batch.n_targets / p.n_targets if p.n_targets else math.inf for p in parts]
        examples = [Examples.of(part, self._device) for part in parts]
        return [MicroBatch(*each) for each in zip(examples, sizes, strict=True)]

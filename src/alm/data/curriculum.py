"""Shorter rows at first: a schedule of the step, over the same tokens in the same order."""

from collections.abc import Sequence
from typing import Protocol

from alm.data.batch import Batch


class Phase(Protocol):
    """A time of shorter rows, as the data section writes it."""

    until: float
    seq_len: int


class Curriculum:
    """Cuts a step's rows into as many shorter ones as they hold, until a share of the steps.

    Args:
        phases: rising shares of the steps, and the inputs of a row up to each.
        seq_len: inputs of a row after the last of them (T).
        steps: of the whole run.

    Reference:
        Li et al. 2021 (arXiv:2108.06084): sequence length warm-up. There rows are cut off and the
        rest is left out; here they are cut up, and each token is a target as ever.
    """

    def __init__(self, phases: Sequence[Phase], seq_len: int, steps: int) -> None:
        self._ends = [(round(phase.until * steps), phase.seq_len) for phase in phases]
        self._seq_len = seq_len

    def seq_len(self, step: int) -> int:
        """Return the inputs of a row of a step, from 0."""
        return next((length for end, length in self._ends if step < end), self._seq_len)

    def cut(self, batch: Batch, step: int) -> Batch:
        """Cut the rows of a step to their length."""
        return batch.cut(self.seq_len(step))

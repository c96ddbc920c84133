"""Cut documents into windows in which every token is scored exactly once.

A document that fits ``seq_len`` is one window. A longer one is cut into windows that overlap by
half: the first scores all its targets, each later one just those that the windows before it did
not reach, so that these see at least half a window of context.

Dimensions: B windows in a batch, T = ``seq_len``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from alm.model import IGNORED

PAD_ID = 0


class Stream(Protocol):
    """Tokens by position, as ``alm.data.TokenStream`` reads them."""

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return the tokens at positions ``[start, stop)``."""
        ...


@dataclass(frozen=True)
class Window:
    """Inputs ``[start, stop - 1)`` of the stream, scored on the targets ``[scored, stop)``."""

    document: int
    start: int
    scored: int
    stop: int


def cut_windows(starts: np.ndarray, documents: Sequence[int], seq_len: int) -> Iterator[Window]:
    """Yield the windows of each document in turn.

    Args:
        starts: (n + 1,) where each document begins in the stream, and the end.
        documents: which of them to cut.
        seq_len: T, the most inputs of one window.
    """
    stride = max(seq_len // 2, 1)
    for document in map(int, documents):
        start, end = int(starts[document]), int(starts[document + 1])
        scored = start + 1  # the first token, BOS, is given
        while scored < end:
            stop = min(start + seq_len + 1, end)
            yield Window(document, start, scored, stop)
            start, scored = start + stride, stop


def fill_batch(
    stream: Stream, windows: Sequence[Window], batch_size: int, seq_len: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and targets, ``(B, T)`` int64 each, whatever the number of windows.

    Shapes never change, because the rounding of a matrix product may depend on them.
    """
    ids = np.full((batch_size, seq_len), PAD_ID, np.int64)
    targets = np.full((batch_size, seq_len), IGNORED, np.int64)
    for row, window in enumerate(windows):
        tokens = stream.read(window.start, window.stop)
        ids[row, : len(tokens) - 1] = tokens[:-1]
        first = window.scored - window.start
        targets[row, first - 1 : len(tokens) - 1] = tokens[first:]
    return ids, targets

"""Training rows cut from a token stream.

Dimensions: N tokens in the stream, T = ``seq_len`` tokens a model sees at once.
"""

from functools import cached_property
from typing import Protocol

import numpy as np

from alm.data.batch import Batch
from alm.data.stream import Stream
from alm.errors import ConfigError


class RowSet(Protocol):
    """Rows by number, where which rows there are is settled beforehand."""

    @property
    def fill_rate(self) -> float:
        """Share of the rows' places that hold a token."""

    def __len__(self) -> int:
        """How many there are."""

    def batch(self, indices: np.ndarray) -> Batch:
        """Return the rows with these numbers, in this order."""


class Rows:
    """Rows of ``T + 1`` tokens; row ``i`` begins at stream position ``i * T``.

    Its first ``T`` tokens are the inputs and its last ``T`` the targets, so neighbours share one
    token, and every token but the first is a target exactly once, up to a tail too short for a row,
    which is left out. Which rows there are follows from N and T alone. Every target counts, or
    those of the loss mask where the shards carry one.

    Raises:
        ConfigError: the stream is too short for a single row.

    Reference:
        Brown et al. 2020 (arXiv:2005.14165), appendix B: full-length rows over concatenated
        documents, without padding or masks between them.
    """

    def __init__(self, stream: Stream, seq_len: int) -> None:
        self.stream = stream
        self.seq_len = seq_len
        self._n_rows = (stream.n_tokens - 1) // seq_len
        if self._n_rows < 1:
            raise ConfigError(
                f"data.seq_len is {seq_len}, but {stream.label} holds {stream.n_tokens} tokens, "
                "too few for one row; lower it in params.yaml or add text"
            )

    def __len__(self) -> int:
        """Whole rows in the stream: ``(N - 1) // T``."""
        return self._n_rows

    @property
    def fill_rate(self) -> float:
        """Share of the rows' places that hold a token: all of them."""
        return 1.0

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Return the rows with these numbers as int64 of shape ``(n, T + 1)``."""
        found = np.empty((len(indices), self.seq_len + 1), dtype=np.int64)
        for place, i in enumerate(np.asarray(indices).tolist()):
            start = self._start(i)
            found[place] = self.stream.read(start, start + self.seq_len + 1)
        return found

    def batch(self, indices: np.ndarray) -> Batch:
        """Return the rows with these numbers, with their documents and loss mask."""
        tokens_BT = self.rows(indices)
        documents_BT = np.empty((len(tokens_BT), self.seq_len), dtype=np.int32)
        loss_mask_BT = np.empty((len(tokens_BT), self.seq_len), dtype=bool)
        for place, i in enumerate(np.asarray(indices).tolist()):
            start = self._start(i)
            documents_BT[place] = self._documents(start)
            loss_mask_BT[place] = self.stream.read_loss_mask(start + 1, start + self.seq_len + 1)
        return Batch(tokens_BT, documents_BT, loss_mask_BT)

    def _start(self, i: int) -> int:
        if not 0 <= i < len(self):
            raise IndexError(f"row {i} of {len(self)} (T={self.seq_len})")
        return i * self.seq_len

    def _documents(self, start: int) -> np.ndarray:
        """Return the number of each input's document, counted from that of the first."""
        inner = (start + 1, start + self.seq_len)
        first, end = np.searchsorted(self._document_starts, inner)
        begins = np.zeros(self.seq_len, dtype=np.int32)
        begins[self._document_starts[first:end] - start] = 1
        return begins.cumsum(dtype=np.int32)

    @cached_property
    def _document_starts(self) -> np.ndarray:
        return self.stream.documents().start[:-1].astype(np.int64)

"""What one step trains on: tokens, which document each is of, and which targets count."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

PADDING = -1
"""Number of the document of a place that holds no token."""


@dataclass(frozen=True)
class Batch:
    """B rows of ``T + 1`` tokens: the first T are the inputs, the last T the targets."""

    tokens_BT: np.ndarray
    """(B, T + 1) int64."""
    documents_BT: np.ndarray
    """(B, T) int32: number of each input's document within its row, from 0; PADDING holds none."""
    loss_mask_BT: np.ndarray
    """(B, T) bool: which targets count."""

    def __len__(self) -> int:
        """Rows (B)."""
        return len(self.tokens_BT)

    @property
    def seq_len(self) -> int:
        """Inputs of a row (T)."""
        return self.tokens_BT.shape[1] - 1

    @property
    def n_targets(self) -> int:
        """Targets that count."""
        return int(self.loss_mask_BT.sum())

    @property
    def is_token_BT(self) -> np.ndarray:
        """Which inputs are a token, not padding: (B, T) bool."""
        return self.documents_BT != PADDING

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of several batches of one T in one."""
        return cls(
            np.concatenate([part.tokens_BT for part in parts]),
            np.concatenate([part.documents_BT for part in parts]),
            np.concatenate([part.loss_mask_BT for part in parts]),
        )

    def split(self, n_parts: int) -> list[Self]:
        """Return ``n_parts`` batches of equally many rows, in order; views, not copies."""
        if n_parts < 1 or len(self) % n_parts:
            raise ValueError(f"expected a divisor of {len(self)} rows, found {n_parts}")
        size = len(self) // n_parts
        starts = range(0, len(self), size)
        return [
            type(self)(
                self.tokens_BT[i : i + size],
                self.documents_BT[i : i + size],
                self.loss_mask_BT[i : i + size],
            )
            for i in starts
        ]

    def cut(self, seq_len: int) -> Self:
        """Cut each row into ``T / seq_len`` shorter ones, in order: the same targets, in new rows.

        Neighbours share a token, the last target of one and the first input of the next, as
        neighbouring rows of a stream do. Documents are counted anew in each row.
        """
        if seq_len < 1 or self.seq_len % seq_len:
            raise ValueError(f"expected a divisor of T={self.seq_len}, found {seq_len}")
        if seq_len == self.seq_len:
            return self
        starts = np.arange(0, self.seq_len, seq_len)
        tokens = self.tokens_BT[:, starts[:, None] + np.arange(seq_len + 1)]
        documents = self.documents_BT.reshape(-1, seq_len)
        return type(self)(
            tokens.reshape(-1, seq_len + 1),
            np.where(documents == PADDING, PADDING, documents - documents[:, :1]),
            self.loss_mask_BT.reshape(-1, seq_len),
        )

"""Training rows cut from a token stream.

Dimensions: N tokens in the stream, T = ``seq_len`` tokens a model sees at once.
"""

import numpy as np

from alm.data.stream import TokenStream
from alm.errors import ConfigError


class Rows:
    """Rows of ``T + 1`` tokens; row ``i`` begins at stream position ``i * T``.

    Its first ``T`` tokens are the inputs and its last ``T`` the targets, so neighbours share one
    token, and every token but the first is a target exactly once, up to a tail too short for a row,
    which is left out. Which rows there are follows from N and T alone.

    Raises:
        ConfigError: the stream is too short for a single row.

    Reference:
        Brown et al. 2020 (arXiv:2005.14165), appendix B: full-length rows over concatenated
        documents, without padding or masks between them.
    """

    def __init__(self, stream: TokenStream, seq_len: int) -> None:
        self.stream = stream
        self.seq_len = seq_len
        self._n_rows = (stream.n_tokens - 1) // seq_len
        if not self._n_rows:
            raise ConfigError(
                f"data.seq_len is {seq_len}, but the {stream.split} split in {stream.packed} holds "
                f"{stream.n_tokens} tokens, too few for one row; lower it in params.yaml or add "
                "text"
            )

    def __len__(self) -> int:
        """Whole rows in the stream: ``(N - 1) // T``."""
        return self._n_rows

    @property
    def fill_rate(self) -> float:
        """Share of the stream's tokens that stand in some row."""
        return (len(self) * self.seq_len + 1) / self.stream.n_tokens

    def rows(self, indices: np.ndarray) -> np.ndarray:
        """Return the rows with these numbers as int64 of shape ``(n, T + 1)``."""
        found = np.empty((len(indices), self.seq_len + 1), dtype=np.int64)
        for place, i in enumerate(np.asarray(indices).tolist()):
            if not 0 <= i < len(self):
                raise IndexError(f"row {i} of {len(self)} (T={self.seq_len})")
            start = i * self.seq_len
            found[place] = self.stream.read(start, start + self.seq_len + 1)
        return found

"""Training rows that keep documents whole where they fit.

Dimensions: T = ``seq_len`` tokens a model sees at once; a row has ``T + 1`` places.
"""

import numpy as np

from alm.data.batch import PADDING, Batch
from alm.data.stream import Stream
from alm.errors import ConfigError

WINDOW = 2**20  # documents that are packed at a time: bounds the memory, hardly costs space


def best_fit_decreasing(sizes: np.ndarray, capacity: int) -> np.ndarray:
    """Return the bin of each item, (n,) int64, so that no bin holds more than ``capacity``.

    The largest item comes first, of equal ones the earlier. It goes where it leaves the least
    space, of equal bins into the one used last, or opens a bin. Bins are numbered as they are
    opened.

    The bins wait in a stack per size of their free space, and a bit per stack says whether there
    are any: the tightest one is the lowest bit from the item's size on. So an item takes constant
    time, however many bins there are.

    Args:
        sizes: (n,) integers from 1 to ``capacity``.
        capacity: of each bin.

    Reference:
        Johnson et al. 1974, "Worst-case performance bounds for simple one-dimensional packing
        algorithms": best fit decreasing. Ding et al. 2024 (arXiv:2404.10830), section 3, for its
        use on documents; there a tree finds the bin.
    """
    bins = np.empty(len(sizes), dtype=np.int64)
    waiting: list[list[int]] = [[] for _ in range(capacity + 1)]
    is_waiting, n_bins = 0, 0  # bit f of the first: some bin has f places free
    for item in np.argsort(-sizes.astype(np.int64), kind="stable").tolist():
        size = int(sizes[item])
        if fitting := is_waiting >> size:
            free = size + (fitting & -fitting).bit_length() - 1
            chosen = waiting[free].pop()
            is_waiting ^= 0 if waiting[free] else 1 << free
        else:
            chosen, free, n_bins = n_bins, capacity, n_bins + 1
        bins[item] = chosen
        if free > size:
            waiting[free - size].append(chosen)
            is_waiting |= 1 << free - size
    return bins


class BestFitRows:
    """Rows of whole documents, or of whole pieces of those longer than a row, padded at the end.

    A document of L tokens has ``L - 1`` targets. As many rows of T targets as these fill hold
    nothing else, and neighbours among them share a token; what is left, with the token before it,
    is a piece of at most T tokens. Pieces go into rows by best fit decreasing, window by window of
    ``2**20`` documents, and stand there in the order of the stream. So every token but the first of
    its document is a target exactly once, always of its own document; the first of a piece and
    padding are no targets that count. Which rows there are follows from the lengths of the
    documents and T alone.

    Args:
        stream: the documents.
        seq_len: inputs of a row (T).

    Raises:
        ConfigError: no document has two tokens, so that there is nothing to predict.

    Reference:
        Ding et al. 2024 (arXiv:2404.10830), section 3. They cut a document into disjoint pieces, so
        that the first token of each is no target.
    """

    def __init__(self, stream: Stream, seq_len: int) -> None:
        self.stream = stream
        self.seq_len = seq_len
        self._starts = stream.documents().start.astype(np.int64)
        n_targets = np.diff(self._starts) - 1
        self._full_ends = np.cumsum(n_targets // seq_len)  # (n_docs,): full rows up to each
        self._n_full = int(n_targets.sum() - (n_targets % seq_len).sum()) // seq_len
        self._pieces, self._bounds = _pack_pieces(n_targets % seq_len, seq_len + 1)
        if not len(self):
            raise ConfigError(
                f"{stream.label} has no document of two tokens, and so nothing to predict; add text"
            )

    def __len__(self) -> int:
        """Rows: those that one document fills, then those of pieces."""
        return self._n_full + len(self._bounds) - 1

    @property
    def fill_rate(self) -> float:
        """Share of the rows' places that hold a token; the others hold padding."""
        n_in_pieces = int(self._piece_lengths(self._pieces).sum())
        n_places = len(self) * (self.seq_len + 1)
        return (self._n_full * (self.seq_len + 1) + n_in_pieces) / n_places

    def batch(self, indices: np.ndarray) -> Batch:
        """Return the rows with these numbers, with their documents and loss mask."""
        shape = (len(indices), self.seq_len)
        tokens_BT = np.full((shape[0], self.seq_len + 1), self.stream.pad_id, dtype=np.int64)
        batch = Batch(tokens_BT, np.full(shape, PADDING, np.int32), np.zeros(shape, bool))
        for row, i in enumerate(np.asarray(indices).tolist()):
            self._fill(batch, row, i)
        return batch

    def _fill(self, batch: Batch, row: int, i: int) -> None:
        """Write row ``i`` to a row of a batch."""
        at = 0
        for number, (start, length) in enumerate(self._spans(i)):
            end = at + length
            batch.tokens_BT[row, at:end] = self.stream.read(start, start + length)
            batch.documents_BT[row, at:end] = number
            counted = self.stream.read_loss_mask(start + 1, start + length)
            batch.loss_mask_BT[row, at : end - 1] = counted
            at = end

    def _spans(self, i: int) -> list[tuple[int, int]]:
        """Return where in the stream each piece of row ``i`` begins, and its tokens."""
        if not 0 <= i < len(self):
            raise IndexError(f"row {i} of {len(self)} (T={self.seq_len})")
        if i < self._n_full:
            return [self._full_span(i)]
        first, end = self._bounds[i - self._n_full : i - self._n_full + 2]
        documents = self._pieces[first:end]
        lengths = self._piece_lengths(documents)
        starts = self._starts[documents + 1] - lengths
        return list(zip(starts.tolist(), lengths.tolist(), strict=True))

    def _full_span(self, i: int) -> tuple[int, int]:
        document = int(np.searchsorted(self._full_ends, i, side="right"))
        before = int(self._full_ends[document - 1]) if document else 0
        return int(self._starts[document]) + (i - before) * self.seq_len, self.seq_len + 1

    def _piece_lengths(self, documents: np.ndarray) -> np.ndarray:
        """Return the tokens of what each document leaves over."""
        n_targets = self._starts[documents + 1] - self._starts[documents] - 1
        return n_targets % self.seq_len + 1


def _pack_pieces(n_left: np.ndarray, capacity: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the documents with targets left, row by row, and where among them each row begins.

    Both are int64; the second ends with the length of the first.
    """
    pieces, bounds, n_before = [np.empty(0, np.int64)], [np.zeros(1, np.int64)], 0
    for first in range(0, len(n_left), WINDOW):
        documents = first + np.flatnonzero(n_left[first : first + WINDOW])
        bins = best_fit_decreasing(n_left[documents] + 1, capacity)
        pieces.append(documents[np.argsort(bins, kind="stable")])
        bounds.append(n_before + np.cumsum(np.bincount(bins)))
        n_before += len(documents)
    return np.concatenate(pieces), np.concatenate(bounds)

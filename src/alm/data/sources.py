"""The documents of one source as a stream of their own."""

import numpy as np

from alm.data.index import DocumentIndex
from alm.data.stream import TokenStream


class SourceStream:
    """The documents of one source, laid end to end.

    Documents that are neighbours in the whole stream are read as one.

    Args:
        stream: the whole stream.
        index: its documents.
        source: number of the source.
    """

    def __init__(self, stream: TokenStream, index: DocumentIndex, source: int) -> None:
        self.stream = stream
        self.pad_id = stream.pad_id
        self.label = f"source {stream.source_names[source]!r} of {stream.label}"
        self._index = index.select(index.source == source)
        begins = index.start[:-1][index.source == source].astype(np.int64)
        own = self._index.start.astype(np.int64)
        is_first = np.ones(len(begins), dtype=bool)  # of a run of neighbours
        is_first[1:] = np.diff(begins) != np.diff(own[:-1])
        self._begins = begins[is_first]  # where each run begins in the whole stream
        self._starts = np.append(own[:-1][is_first], own[-1])  # and in this one, and the end

    @property
    def n_tokens(self) -> int:
        """Tokens of the source."""
        return int(self._starts[-1])

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return tokens ``[start, stop)`` as a uint32 copy."""
        spans = self._spans(start, stop)
        return np.concatenate([np.empty(0, np.uint32), *(self.stream.read(*s) for s in spans)])

    def read_loss_mask(self, start: int, stop: int) -> np.ndarray:
        """Return which of these tokens count as targets, as bool."""
        spans = self._spans(start, stop)
        return np.concatenate([np.empty(0, bool), *(self.stream.read_loss_mask(*s) for s in spans)])

    def documents(self) -> DocumentIndex:
        """Return the index of the documents, with positions in this stream."""
        return self._index

    def _spans(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return the stretches of the whole stream that make up one of this."""
        if not 0 <= start <= stop <= self.n_tokens:
            raise IndexError(f"tokens {start} to {stop} of {self.n_tokens} in {self.label}")
        spans = []
        run = int(np.searchsorted(self._starts, start, side="right")) - 1
        while start < stop:
            end = min(stop, int(self._starts[run + 1]))
            begin = int(self._begins[run]) + start - int(self._starts[run])
            spans.append((begin, begin + end - start))
            start, run = end, run + 1
        return spans

"""How much two texts have in common, counted on their sets of shingles and not estimated."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alm.corpus.document import read_documents
from alm.corpus.shingles import I64, U64, shingle_texts

BATCH_BYTES = 2**20  # of documents whose shingles are held at once, unless two are longer
BATCH_PAIRS = 1 << 14  # compared at once


class Edges(NamedTuple):
    """Pairs of documents, ascending by (later, earlier), each array of shape (n,)."""

    later: I64
    earlier: I64
    jaccard: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compare documents of a file, reading each where its line begins."""

    path: Path
    starts: U64
    """Byte where each document's line begins, shape (n_documents,)."""
    n_words: int
    """Of a shingle."""

    def measure(self, pairs: Iterable[tuple[U64, U64]], min_jaccard: float) -> Iterator[Edges]:
        """Yield those of the pairs (later, earlier) that have at least ``min_jaccard``.

        Both numbers of a quotient are exact, and so is its comparison: IEEE division gives the
        double that is nearest, as reading ``0.8`` does.
        """
        for later, earlier in self._batches(pairs):
            found = self._measure_batch(later, earlier, min_jaccard)
            enough = found >= min_jaccard
            yield Edges(later[enough], earlier[enough], found[enough])

    def _batches(self, pairs: Iterable[tuple[U64, U64]]) -> Iterator[tuple[I64, I64]]:
        """Cut pairs into runs whose documents fit ``BATCH_BYTES``, one pair at least."""
        for portion in pairs:
            for first in range(0, len(portion[0]), BATCH_PAIRS):
                batch = [each[first : first + BATCH_PAIRS].astype(np.int64) for each in portion]
                cuts = [0, *self._cut(batch[0].tolist(), batch[1].tolist()), len(batch[0])]
                for start, stop in itertools.pairwise(cuts):
                    yield batch[0][start:stop], batch[1][start:stop]

    def _cut(self, later: list[int], earlier: list[int]) -> Iterator[int]:
        """Yield the places of pairs that would make the documents of a run too long."""
        held: set[int] = set()
        n_bytes = 0
        for i, pair in enumerate(zip(later, earlier, strict=True)):
            n_bytes += sum(self._size(each) for each in pair if each not in held)
            if n_bytes > BATCH_BYTES and held:
                yield i
                held, n_bytes = set(), sum(map(self._size, pair))
            held.update(pair)

    def _measure_batch(self, later: I64, earlier: I64, least: float) -> NDArray[np.float64]:
        documents = np.unique(np.concatenate([later, earlier]))
        sets = dict(zip(documents.tolist(), self._read_sets(documents), strict=True))
        pairs = zip(later.tolist(), earlier.tolist(), strict=True)
        found = (measure_overlap(sets[i], sets[j], least) for i, j in pairs)
        return np.fromiter(found, np.float64, len(later))

    def _read_sets(self, documents: I64) -> list[U64]:
        return shingle_sets(map(self.read_text, documents.tolist()), self.n_words)

    def read_text(self, document: int) -> bytes:
        """Return the text of a document in UTF-8."""
        found = next(read_documents(self.path, int(self.starts[document])))
        return found.text.encode("utf-8")

    def _size(self, document: int) -> int:
        """Return about how many bytes a document has; the last one's length does not matter."""
        following = min(document + 1, len(self.starts) - 1)
        return int(self.starts[following] - self.starts[document])


def shingle_sets(texts: Iterable[bytes], n_words: int) -> list[U64]:
    """Return the hashes of each text's shingles in ascending order, each once."""
    shingles = shingle_texts(texts, n_words)
    return [np.unique(each) for each in np.split(shingles.hashes, np.cumsum(shingles.counts)[:-1])]


def measure_overlap(one: U64, two: U64, least: float = 0.0) -> float:
    """Return the Jaccard similarity of two sets; 0 for empty ones, or when it is below ``least``.

    Args:
        one: ascending, without repetitions.
        two: the same.
        least: below this, the exact value is not wanted.
    """
    small, large = sorted((one, two), key=len)
    if len(small) == 0 or len(small) / len(large) < least:
        return 0.0
    places = np.minimum(np.searchsorted(large, small), len(large) - 1)
    common = int(np.count_nonzero(large[places] == small))
    return common / (len(one) + len(two) - common)

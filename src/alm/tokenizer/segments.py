"""Encode text segment by segment: each distinct one once, and all that come again by look-up."""

from itertools import chain
from typing import Protocol

import numpy as np
from sentencepiece import SentencePieceProcessor

from alm.tokenizer.segment_table import LONGEST, SegmentTable, make_keys

BLOCK_BYTES = 2**17  # worked on at once: what is at hand for it fits into a core's cache
MEMORABLE = range(LONGEST + 1, 256)  # characters
FEW = 512  # texts for which it does not pay that SentencePiece starts a thread for a list
MAX_IDS = 8  # held per segment on average; text has about 3


class BytesEncoder(Protocol):
    """Encodes texts that lie one behind the other."""

    def encode(self, data: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of all texts, and how many each has.

        Args:
            data: the texts in UTF-8, uint8.
            lengths: (n,) bytes of each.

        Returns:
            uint32 ids, one text's behind the other's, and int64 ``(n,)`` counts.
        """
        ...


class PlainEncoder:
    """SentencePiece itself, on one thread.

    Args:
        processor: of the model.
        n_remembered: texts of ``MEMORABLE`` lengths whose ids are kept: rows of dashes and the
            like, which are too long for a table and come again.
    """

    def __init__(self, processor: SentencePieceProcessor, n_remembered: int = 0) -> None:
        self._processor = processor
        self._n_remembered = n_remembered
        self._remembered: dict[str, list[int]] = {}

    def encode(self, data: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of all texts, and how many each has."""
        ends = np.cumsum(lengths)
        places = zip((ends - lengths).tolist(), ends.tolist(), strict=True)
        raw = data.tobytes()
        encoded = self._encode([raw[start:end].decode("utf-8") for start, end in places])
        counts = np.fromiter(map(len, encoded), np.int64, len(encoded))
        return np.fromiter(chain.from_iterable(encoded), np.uint32, int(counts.sum())), counts

    def _encode(self, texts: list[str]) -> list[list[int]]:
        known = self._remembered
        new = [text for text in texts if text not in known]
        found = dict(zip(new, self._ask(new), strict=True))
        encoded = [found[text] if text in found else known[text] for text in texts]
        if len(known) > self._n_remembered:
            known.clear()
        if self._n_remembered:
            known.update({text: ids for text, ids in found.items() if len(text) in MEMORABLE})
        return encoded

    def _ask(self, texts: list[str]) -> list[list[int]]:
        if len(texts) < FEW:
            return [self._processor.encode(text) for text in texts]
        return self._processor.encode(texts, num_threads=1)


class SegmentEncoder:
    """Cut texts where that is sound, and remember what every segment was encoded to.

    The memory is bounded: when it is full it is emptied, which changes no id. An error on the way
    empties it too, since a segment may have a number then and no ids. For one thread at a time.

    Args:
        cuts: bool ``(65536,)``, from :func:`alm.tokenizer.cuts.find_cuts`.
        inner: encodes the segments that are new, or too long to be remembered.
        capacity: segments that are remembered; at least ``BLOCK_BYTES``.
    """

    def __init__(self, cuts: np.ndarray, inner: BytesEncoder, capacity: int) -> None:
        self._cuts = cuts
        self._inner = inner
        self._capacity = capacity
        self._table = SegmentTable(capacity)
        self._spans = np.empty((capacity, 2), dtype=np.int32)  # first id in _ids, and how many
        self._ids = np.empty(0, dtype=np.uint32)
        self._n_ids = 0

    def encode(self, data: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of all texts, and how many each has."""
        try:
            return self._encode(data, lengths)
        except BaseException:  # also Ctrl-C
            self._forget()
            raise

    def _encode(self, data: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        edges = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        before = np.zeros(len(edges), dtype=np.int64)  # ids before each edge
        blocks = [np.empty(0, dtype=np.uint32)]
        begin = n_ids = 0
        while begin < edges[-1]:
            bounds = self._cut_block(data, edges, begin)
            ids, n_before = self._encode_block(data[begin : bounds[-1]], bounds - begin)
            inside = slice(*np.searchsorted(edges, [begin, bounds[-1]], side="right"))
            before[inside] = n_ids + n_before[np.searchsorted(bounds, edges[inside])]
            blocks.append(ids)
            begin, n_ids = int(bounds[-1]), n_ids + len(ids)
        return np.concatenate(blocks), np.diff(before)

    def _cut_block(self, data: np.ndarray, edges: np.ndarray, begin: int) -> np.ndarray:
        """Return the bounds of the segments of a block: one, or as many as it has room for."""
        end = begin + BLOCK_BYTES
        bounds = self._find_bounds(data, edges, begin, end)
        while len(bounds) == 1:  # a segment longer than the block
            more = self._find_bounds(data, edges, end, end + BLOCK_BYTES)
            bounds = np.append(bounds, more[1:2])
            end += BLOCK_BYTES
        return bounds

    def _find_bounds(self, data: np.ndarray, edges: np.ndarray, begin: int, end: int) -> np.ndarray:
        """Return ``begin`` and the places up to ``end`` where a segment ends, as int64."""
        end = min(end, int(edges[-1]))
        pairs = data[begin:end].astype(np.uint16)
        pairs <<= 8
        following = data[begin + 1 : end + 1]
        pairs[: len(following)] |= following  # the last byte of all is followed by none
        is_bound = np.empty(end - begin + 1, dtype=bool)
        is_bound[1:] = self._cuts.take(pairs)
        is_bound[edges[slice(*np.searchsorted(edges, [begin, end + 1]))] - begin] = True
        is_bound[0] = True
        return np.flatnonzero(is_bound) + begin

    def _encode_block(self, data: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids of a block, and how many stand before each of its bounds."""
        starts, lengths = bounds[:-1], np.diff(bounds)
        if len(starts) == 1:  # perhaps a huge one
            ids, _ = self._inner.encode(data, lengths)
            return ids, np.array([0, len(ids)])
        self._make_room(len(starts))
        numbers, n_kept = self._number(data, starts, lengths)
        spans = self._spans.take(numbers, axis=0)
        first, counts = spans[:, 0], spans[:, 1]
        n_before = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        places = np.repeat(first - n_before[:-1], counts)
        places += np.arange(n_before[-1])
        ids = self._ids[places]
        self._n_ids = n_kept
        return ids, n_before

    def _number(
        self, data: np.ndarray, starts: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray, int]:
        """Give every segment a number under which its ids are found.

        Segments that are too long for the table have the numbers behind its last, until the next
        block.

        Returns:
            int64 ``(n,)`` numbers, and how many of the ids are worth remembering.
        """
        short, long = np.flatnonzero(lengths <= LONGEST), np.flatnonzero(lengths > LONGEST)
        numbers, n_known = np.empty(len(starts), dtype=np.int64), len(self._table)
        keys = make_keys(data, starts[short], lengths[short])
        numbers[short], new = self._table.number(keys)
        numbers[long] = np.arange(len(long)) + len(self._table)
        wanted = np.concatenate([short[new], long])
        counts = self._encode_new(data, starts[wanted], lengths[wanted], n_known)
        return numbers, self._n_ids + int(counts[: len(new)].sum())

    def _encode_new(
        self, data: np.ndarray, starts: np.ndarray, lengths: np.ndarray, number: int
    ) -> np.ndarray:
        """Encode segments and put their ids down, the first of them under ``number``."""
        ends = np.cumsum(lengths)
        if not ends.size:
            return ends
        places = np.repeat(starts - (ends - lengths), lengths) + np.arange(ends[-1])
        ids, counts = self._inner.encode(data[places], lengths)
        stop = self._n_ids + len(ids)
        if stop > len(self._ids):
            grown = np.empty(2 * stop, dtype=np.uint32)
            grown[: self._n_ids] = self._ids[: self._n_ids]
            self._ids = grown
        self._ids[self._n_ids : stop] = ids
        first = self._n_ids + np.cumsum(counts) - counts
        self._spans[number : number + len(counts)] = np.stack([first, counts], axis=1)
        return counts

    def _make_room(self, n_segments: int) -> None:
        full = len(self._table) + n_segments > self._capacity
        if full or self._n_ids > MAX_IDS * self._capacity:
            self._forget()

    def _forget(self) -> None:
        self._table.clear()
        self._n_ids = 0

"""longest_runs: exact against brute force, wherever the run lies and however long it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.infer import longest_runs, overlap
from alm.infer.overlap import window_hashes

tokens = st.lists(st.integers(0, 3), max_size=60)


class Stream:
    """Tokens in memory."""

    def __init__(self, ids):
        self._ids = np.array(ids, dtype=np.uint32)
        self.n_tokens = len(ids)
        self.largest_read = 0

    def read(self, start, stop):
        assert 0 <= start < stop <= self.n_tokens
        self.largest_read = max(self.largest_read, stop - start)
        return self._ids[start:stop].copy()


def longest_run_slowly(sample, stream):
    runs = {tuple(stream[i:j]) for i in range(len(stream)) for j in range(i, len(stream) + 1)}
    return max(
        (
            j - i
            for i in range(len(sample))
            for j in range(i, len(sample) + 1)
            if tuple(sample[i:j]) in runs
        ),
        default=0,
    )


@given(st.lists(tokens, max_size=3), tokens, st.sampled_from([1, 7, 16, 1000]))
def test_runs_are_those_of_brute_force_whatever_the_piece(samples, stream, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlap, "PIECE", piece)
        runs = longest_runs(samples, Stream(stream))

    assert runs == [longest_run_slowly(sample, stream) for sample in samples]


@pytest.mark.parametrize("at", [0, 63, 64, 90, 400 - 23], ids=str)
def test_a_run_is_found_wherever_pieces_are_cut(monkeypatch, at):
    monkeypatch.setattr(overlap, "PIECE", 64)
    stream = list(range(1000, 1400))
    sample = [7, *stream[at : at + 23], 7]

    assert longest_runs([sample], Stream(stream)) == [23]


def test_a_stream_is_read_in_bounded_pieces(monkeypatch):
    monkeypatch.setattr(overlap, "PIECE", 64)
    stream = Stream(range(1000))

    longest_runs([range(10), range(20)], stream)

    assert stream.largest_read <= 64 + 19


def test_equal_hashes_of_other_windows_are_no_run(monkeypatch):
    monkeypatch.setattr(
        overlap, "window_hashes", lambda ids, width: np.zeros(len(ids) - width + 1, np.uint64)
    )

    assert longest_runs([[1, 2, 3, 4]], Stream([5, 2, 3, 9])) == [2]


def test_largest_ids_are_told_apart():
    assert longest_runs([[2**32 - 1, 2**32 - 2]], Stream([2**32 - 1, 2**32 - 1])) == [1]


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20), st.data())
def test_hash_of_a_window_is_its_polynomial(ids, data):
    width = data.draw(st.integers(1, len(ids)))

    hashes = window_hashes(np.array(ids, np.uint64), width)

    base = overlap._BASE
    assert hashes.tolist() == [
        sum(ids[i + j] * base ** (width - 1 - j) for j in range(width)) % 2**64
        for i in range(len(ids) - width + 1)
    ]

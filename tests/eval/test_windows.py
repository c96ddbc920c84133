"""Windows: every token but BOS is scored once, with half a window before it where there is one."""

import numpy as np
import pytest

from alm.eval.windows import IGNORED, Window, cut_windows, fill_batch

LENGTHS = [2, 3, 9, 10, 11, 40, 2, 17]
STARTS = np.concatenate([[0], np.cumsum(LENGTHS)]).astype(np.uint64)


class FakeStream:
    """Token i stands at position i."""

    def read(self, start, stop):
        return np.arange(start, stop, dtype=np.uint32)


@pytest.mark.parametrize("seq_len", [1, 2, 3, 8, 9, 64])
def test_every_token_but_the_first_of_a_document_is_scored_once(seq_len):
    windows = list(cut_windows(STARTS, range(len(LENGTHS)), seq_len))

    scored = [i for w in windows for i in range(w.scored, w.stop)]

    assert sorted(scored) == [i for i in range(sum(LENGTHS)) if i not in STARTS]
    assert all(w.stop - w.start - 1 <= seq_len for w in windows)


@pytest.mark.parametrize("seq_len", [8, 9])
def test_later_windows_give_half_a_window_of_context(seq_len):
    windows = list(cut_windows(STARTS, [5], seq_len))

    assert len(windows) > 2
    assert all(w.scored - w.start >= seq_len / 2 for w in windows[1:])


def test_document_that_fits_is_one_window():
    assert list(cut_windows(STARTS, [2], 8)) == [Window(document=2, start=5, scored=6, stop=14)]


def test_only_the_documents_asked_for_are_cut_and_in_that_order():
    assert [w.document for w in cut_windows(STARTS, [3, 0], 16)] == [3, 0]


def test_no_window_reaches_into_another_document():
    for window in cut_windows(STARTS, range(len(LENGTHS)), 4):
        assert STARTS[window.document] <= window.start
        assert window.stop <= STARTS[window.document + 1]


def test_targets_are_inputs_moved_by_one_and_what_is_not_scored_is_ignored():
    ids, targets = fill_batch(FakeStream(), [Window(0, 10, 13, 16), Window(1, 20, 21, 23)], 3, 6)

    assert ids.tolist() == [[10, 11, 12, 13, 14, 0], [20, 21, 0, 0, 0, 0], [0] * 6]
    assert targets[0].tolist() == [IGNORED, IGNORED, 13, 14, 15, IGNORED]
    assert targets[1].tolist() == [21, 22, *[IGNORED] * 4]
    assert targets[2].tolist() == [IGNORED] * 6

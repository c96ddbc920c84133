"""pending: rows of numbers come back as they were."""

import pytest

from alm.corpus.filters.pending import COLUMNS, Pending


@pytest.mark.parametrize("rows", [[], [(0, 1, 1 << 40, 5, 2), (3, 0, 0, 9, 1)]])
def test_rows_come_back(rows, tmp_path):
    Pending.of(rows).write(tmp_path / "pending.bin")

    again = Pending.read(tmp_path / "pending.bin")

    assert [tuple(row) for row in again.rows.tolist()] == rows
    assert len(again) == len(rows)
    assert again.column("score").tolist() == [row[COLUMNS.index("score")] for row in rows]


def test_bytes_are_little_endian(tmp_path):
    Pending.of([(1, 2, 3, 4, 5)]).write(tmp_path / "pending.bin")

    expected = b"".join(n.to_bytes(8, "little") for n in (1, 2, 3, 4, 5))
    assert (tmp_path / "pending.bin").read_bytes() == expected

"""Units: where a file is cut follows from its bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.errors import IntegrityError
from alm.work import cut_lines

SIZE = 8
LINES = st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"") + b"\n"))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("units") / "lines"


@pytest.fixture(scope="module", autouse=True)
def small_units():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alm.work.unit.UNIT_BYTES", SIZE)
        yield


@given(LINES)
def test_units_joined_are_the_file_and_end_with_lines(path, lines):
    data = b"".join(lines)
    path.write_bytes(data)

    pieces = [data[unit.start : unit.stop] for unit in cut_lines(path)]

    assert b"".join(pieces) == data
    assert all(piece.endswith(b"\n") for piece in pieces if data)
    assert all(len(piece) >= SIZE for piece in pieces[:-1])


@given(LINES)
def test_no_unit_holds_a_line_more_than_it_must(path, lines):
    path.write_bytes(b"".join(lines))

    for unit in cut_lines(path):
        last = path.read_bytes()[unit.start : unit.stop][:-1].rfind(b"\n") + 1
        assert last < SIZE


def test_units_are_numbered_on_from_those_of_another_file(path):
    path.write_bytes(b"12345678\n" * 3)

    assert [unit.number for unit in cut_lines(path, "train", first=4)] == [4, 5, 6]


def test_an_empty_file_is_one_empty_unit(path):
    path.write_bytes(b"")

    (unit,) = cut_lines(path)
    assert (unit.start, unit.stop) == (0, 0)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(IntegrityError, match="absent"):
        cut_lines(tmp_path / "absent")

"""The table of speakers: every ratio is of two rows of it."""

import pytest
from saying import Said, Table
from speaker import EAGER, LLAMA_CPP, NATIVE, PORTABLE, TRANSFORMERS


def one(side, threads, others, long, first=(0.002,)):
    return Said(
        side=side,
        model="pico",
        threads=threads,
        kernel="it",
        n_prompt=16,
        n_new=101,
        n_long=200,
        first=first,
        others=others,
        long=long,
        peak_bytes=300 * 10**6,
        loaded_bytes=200 * 10**6,
    )


TABLE = Table(
    [
        one(NATIVE, 1, (0.1, 9.0, 0.05), (0.5,), first=(0.001, 0.004, 0.003)),
        one(PORTABLE, 1, (0.25,), (1.0,)),
        one(EAGER, 1, (4.0,), (2.0,)),
        one(TRANSFORMERS, 1, (1.0,), (4.0,)),
        one(LLAMA_CPP, 1, (0.2,), (0.4,)),
        one(NATIVE, 2, (0.05,), (0.25,)),
        one(LLAMA_CPP, 2, (0.2,), (0.1,)),
    ]
)


def cells():
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in TABLE.render().splitlines()]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (0, "alm, int8|1|1,000|-|400|-|3.0|300|200"),
        (1, "alm, int8 in plain C|1|400|2.50|200|2.00|2.0|300|200"),
        (4, "llama.cpp, Q8_0|1|500|2.00|500|0.80|2.0|300|200"),
        (6, "llama.cpp, Q8_0|2|500|4.00|2,000|0.40|2.0|300|200"),
    ],
)
def test_row_says(row, expected):
    assert cells()[row + 2] == expected.split("|")


def test_every_row_has_a_cell_for_every_column():
    assert {len(row) for row in cells()} == {9}


def test_bars_are_of_the_same_number_of_threads():
    found = [(bar.ours, bar.other, bar.of, bar.threads, bar.ratio) for bar in TABLE.bars()]

    assert found == [
        (NATIVE, TRANSFORMERS, "new", 1, pytest.approx(10)),
        (NATIVE, LLAMA_CPP, "new", 1, pytest.approx(2)),
        (NATIVE, LLAMA_CPP, "new", 2, pytest.approx(4)),
        (PORTABLE, LLAMA_CPP, "new", 1, pytest.approx(0.8)),
        (NATIVE, LLAMA_CPP, "prompt", 1, pytest.approx(0.8)),
        (NATIVE, LLAMA_CPP, "prompt", 2, pytest.approx(0.4)),
    ]
    assert [str(bar).split("|")[-2].strip() for bar in TABLE.bars()][-2:] == ["no", "no"]

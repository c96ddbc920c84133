"""The table of speeds: every ratio is of two rows of it."""

from dataclasses import replace

import pytest
from standing import Rates, Standing, Table

MB = 10**6


def one(side, model, precision, seconds, peak=100):
    return Standing(
        side=side,
        model=model,
        is_mixture=model == "moe",
        precision=precision,
        compiled=False,
        loops=False,
        where="cpu, 2 threads",
        tokens=1000,
        seconds=seconds,
        peak_bytes=peak * MB,
        loaded_bytes=10 * MB,
    )


TABLE = Table(
    [
        one("alm", "dense", "bfloat16", (1.0, 2.0, 9.0), peak=50),
        one("alm", "moe", "bfloat16", (4.0,)),
        one("transformers", "dense", "float32", (8.0,)),
        one("transformers", "dense", "bfloat16", (5.0,)),
        one("transformers", "moe", "bfloat16", (10.0,), peak=80),
    ],
    Rates(
        flops_per_token={"dense": 1e6, "moe": 2e6},
        gemm={"float32": 1e9, "bfloat16": 2e9},
        peak=4e9,
    ),
)


def cells(table):
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.render().splitlines()]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (0, "alm, dense|bfloat16|500|4.00|2.50|-|25%|12.5%|50|10|0.50"),
        (1, "alm, moe|bfloat16|250|-|2.50|0.50|25%|12.5%|100|10|1.25"),
        (2, "transformers, dense|float32|125|-|0.62|-|12%|-|100|10|-"),
        (4, "transformers, moe|bfloat16|100|-|-|0.50|10%|5.0%|80|10|-"),
    ],
)
def test_row_says(row, expected):
    assert cells(TABLE)[row + 2] == expected.split("|")


@pytest.mark.parametrize(("seconds", "ratio"), [(5.0, "1.25"), (20.0, "2.50")])
def test_a_mixture_is_compared_with_the_faster_of_a_peers_ways(seconds, ratio):
    looping = replace(one("transformers", "moe", "bfloat16", (seconds,)), loops=True)
    table = Table([*TABLE.standings, looping], TABLE.rates)

    assert cells(table)[-1][0] == "transformers, moe, experts one by one"
    assert cells(table)[3][4] == ratio


@pytest.mark.parametrize(("took_part", "ratio"), [(True, "2.00"), (False, "4.00")])
def test_compiled_is_compared_with_compiled_where_it_took_part(took_part, ratio):
    ours = replace(one("alm", "dense", "float32", (2.0,)), compiled=True)
    eager = one("transformers", "dense", "float32", (8.0,))
    theirs = replace(one("transformers", "dense", "float32", (4.0,)), compiled=True)

    table = Table([ours, eager, *([theirs] if took_part else [])], TABLE.rates)

    assert cells(table)[2][0] == "alm, dense, compiled"
    assert cells(table)[2][3] == ratio


def test_every_row_has_a_cell_for_every_column():
    assert {len(row) for row in cells(TABLE)} == {11}

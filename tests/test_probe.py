"""The probe: a network timed by a clock that we set, and scaled to the whole by counted work."""

from dataclasses import replace

import pytest

from alm.config import Params
from alm.model import describe
from alm.probe import MOST, Slice, Stopwatch, measure_pace
from alm.runtime import Numerics

CPU = Numerics(
    mode="native", device="cpu", precision="float32", threads=1, cpu_capability="", torch=""
)
AT_ONCE = 1e9  # tokens per second
N_VOCAB = 300


@pytest.fixture(scope="module")
def params():
    """Tiny's, with rows so short that a turn takes no time."""
    tiny = Params.load("tiny")
    train = replace(tiny.train, micro_batch_size=2)
    return tiny.model_copy(update={"data": replace(tiny.data, seq_len=16), "train": train})


class Clock:
    """Goes on by a second each time that it is looked at."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        self.seconds += 1.0
        return self.seconds


def test_a_network_that_is_quick_is_timed_whole(params):
    pace = measure_pace(params, N_VOCAB, CPU, AT_ONCE, Clock())

    assert (pace.training, pace.scoring) == (1 / 32, 1 / 32)  # a second for 2 rows of 16 tokens
    assert (pace.update, pace.speaking) == (1.0, 1 / 8)
    assert pace.basis == "4 of 4 layers, rows of 16 tokens by 2, on cpu in float32"
    assert pace.training_bytes >= pace.scoring_bytes > 4 * describe(params.model, 300, 16).n_active


def test_what_was_timed_of_a_part_is_scaled_to_the_whole(params):
    slow = measure_pace(params, N_VOCAB, CPU, 32.0, Clock())

    part = replace(params.model, n_layers=2, moe=replace(params.model.moe, n_dense_layers=1))
    whole, half = (describe(each, N_VOCAB, 16) for each in (params.model, part))
    assert "2 of 4 layers, rows of 16 tokens by 2" in slow.basis
    assert slow.training == pytest.approx(whole.flops_per_token / half.flops_per_token / 32)
    assert slow.update == pytest.approx(whole.n_parameters / half.n_parameters)


@pytest.mark.parametrize(
    ("seconds", "n_layers", "rows"),
    [(0.4, 4, 2), (1.0, 2, 2), (4.0, 2, 1), (1e6, 2, 1)],
)
def test_layers_are_cut_before_rows(params, seconds, n_layers, rows):
    found = Slice.of(params, 2 * 16 / seconds)

    assert (found.config.n_layers, found.rows) == (n_layers, rows)


def test_a_network_too_large_for_a_moment_is_cut_however_fast_the_machine(params):
    wide = replace(params.model, d_model=4096, d_ff=8192)

    assert Slice.of(params.model_copy(update={"model": wide}), AT_ONCE).config.n_layers == 2


def test_a_part_keeps_a_mixture(params):
    deep = replace(params.model, n_layers=16, moe=replace(params.model.moe, n_dense_layers=4))

    assert Slice.of(params.model_copy(update={"model": deep}), 1.0).config.moe.n_dense_layers == 1


def test_memory_of_the_whole_is_that_of_the_part_and_what_is_not_in_it(params):
    many_rows = replace(params.train, batch_size=1002, micro_batch_size=1002)
    large = params.model_copy(update={"train": many_rows})
    few, many = (measure_pace(each, N_VOCAB, CPU, 4.0, Clock()) for each in (params, large))

    # Both timed one row of two layers, so what differs is a thousand more rows, counted.
    added = 1000 * 16 * describe(params.model, N_VOCAB, 16).activation_bytes_per_token
    assert many.training_bytes - few.training_bytes == pytest.approx(added, abs=20e6)


def test_the_first_turn_does_not_count_and_the_median_does():
    times = iter([0.0, 0.9, 0.0, 0.1, 0.0, 0.7, 0.0, 0.3])

    assert Stopwatch("cpu", lambda: next(times)).time(lambda: None) == [0.3]


def test_quick_turns_are_many_and_slow_ones_one():
    done = []

    Stopwatch("cpu", lambda: 0.0).time(lambda: done.append("quick"))
    Stopwatch("cpu", Clock()).time(lambda: done.append("slow"))

    assert (done.count("quick"), done.count("slow")) == (1 + MOST, 1)

"""judge: what may train, against a slow version of the rule that keeps every loss."""

import json
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.train.guard import LEAST_LOSSES, MAX_SPIKES, WINDOW, Guard, Verdict, judge


def feed(guard, losses, deviations=6.0, grad_norm=1.0):
    """Judge several losses, one after the other."""
    verdicts = []
    for loss in losses:
        guard, verdict = judge(guard, loss, grad_norm, deviations)
        verdicts.append(verdict)
    return guard, verdicts


def calm(n=WINDOW):
    """Losses of 2 and 2.1 in turn: a mean of 2.05 and a deviation of 0.05."""
    return [2.0 + 0.1 * (i % 2) for i in range(n)]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf], ids=str)
def test_what_is_not_finite_never_trains(bad):
    for loss, norm in ((bad, 1.0), (2.0, bad), (bad, bad)):
        guard, verdict = judge(Guard.start(), loss, norm, 6.0)

        assert verdict is Verdict.NOT_FINITE
        assert not verdict.trains
        assert (guard.skipped, guard.skipped_in_a_row, guard.losses) == (1, 1, ())


def test_a_finite_step_ends_a_row_of_others():
    guard, _ = feed(Guard.start(), [math.nan, math.nan, 2.0, math.nan])

    assert (guard.skipped, guard.skipped_in_a_row) == (3, 1)


def test_a_step_without_a_target_leaves_no_trace():
    before, _ = feed(Guard.start(), [*calm(), math.nan])

    assert judge(before, None, math.nan, 6.0) == (before, Verdict.NO_TARGET)


@pytest.mark.parametrize(("loss", "trains"), [(2.34, True), (2.36, False)])
def test_a_spike_is_what_lies_six_deviations_above_the_mean(loss, trains):
    guard, _ = feed(Guard.start(), calm())

    after, verdict = judge(guard, loss, 1.0, 6.0)

    assert verdict.trains == trains
    assert (after.spikes, after.losses[-1] == loss) == ((0, True) if trains else (1, False))


def test_far_below_the_mean_is_no_spike():
    assert feed(Guard.start(), [*calm(), 0.1])[1][-1] is Verdict.TRAIN


def test_losses_without_any_scatter_leave_room_for_a_little():
    guard, _ = feed(Guard.start(), [2.0] * WINDOW)

    assert judge(guard, 2.11, 1.0, 6.0)[1] is Verdict.TRAIN
    assert judge(guard, 2.13, 1.0, 6.0)[1] is Verdict.SPIKE


@pytest.mark.parametrize(("n", "trains"), [(LEAST_LOSSES - 1, True), (LEAST_LOSSES, False)])
def test_nothing_is_a_spike_until_enough_losses_are_known(n, trains):
    guard, _ = feed(Guard.start(), calm(n))

    assert judge(guard, 9.0, 1.0, 6.0)[1].trains == trains


def test_with_no_deviations_nothing_is_a_spike_and_nothing_is_kept():
    guard, verdicts = feed(Guard.start(), [*calm(), 1e9], deviations=0.0)

    assert set(verdicts) == {Verdict.TRAIN}
    assert guard == Guard.start()


def test_a_level_that_stays_is_taken_for_the_new_one():
    guard, _ = feed(Guard.start(), calm())

    guard, verdicts = feed(guard, [5.0] * (MAX_SPIKES + 3))

    left_out = [Verdict.SPIKE] * MAX_SPIKES
    assert verdicts == [*left_out, Verdict.NEW_LEVEL, Verdict.TRAIN, Verdict.TRAIN]
    assert (guard.losses, guard.spikes, guard.spikes_in_a_row) == ((5.0,) * 3, MAX_SPIKES, 0)


def test_spikes_apart_from_each_other_are_each_left_out():
    guard, _ = feed(Guard.start(), calm())

    guard, verdicts = feed(guard, [9.0, 2.0] * 2 * MAX_SPIKES)

    assert verdicts == [Verdict.SPIKE, Verdict.TRAIN] * 2 * MAX_SPIKES
    assert guard.spikes == 2 * MAX_SPIKES


def test_what_is_not_finite_does_not_end_a_row_of_spikes():
    guard, _ = feed(Guard.start(), calm())

    _, verdicts = feed(guard, [9.0] * MAX_SPIKES + [math.nan, 9.0])

    assert verdicts[-2:] == [Verdict.NOT_FINITE, Verdict.NEW_LEVEL]


LOSSES = st.lists(
    st.one_of(st.floats(1.9, 2.2), st.floats(2.0, 6.0), st.just(math.nan)), max_size=150
)


@given(LOSSES)
def test_judges_as_the_rule_says(losses):
    level, in_a_row, verdicts = [], 0, []
    for loss in losses:
        window = level[-WINDOW:]
        limit = math.inf
        if len(window) >= LEAST_LOSSES:
            mean = sum(window) / len(window)
            variance = sum((each - mean) ** 2 for each in window) / len(window)
            limit = mean + 4 * max(0.02, math.sqrt(variance))
        if abs(loss - limit) < 1e-9:  # both may round
            return
        if math.isnan(loss):
            verdicts.append(Verdict.NOT_FINITE)
        elif loss <= limit:
            level, in_a_row = [*level, loss], 0
            verdicts.append(Verdict.TRAIN)
        elif in_a_row == MAX_SPIKES:
            level, in_a_row = [loss], 0
            verdicts.append(Verdict.NEW_LEVEL)
        else:
            in_a_row += 1
            verdicts.append(Verdict.SPIKE)

    assert feed(Guard.start(), losses, deviations=4.0)[1] == verdicts


@given(LOSSES, st.integers(0, 150))
def test_a_guard_that_was_saved_goes_on_as_if_it_had_not(losses, cut):
    straight, _ = feed(Guard.start(), losses)

    half, _ = feed(Guard.start(), losses[:cut])
    saved = json.loads(json.dumps(half.to_state()))
    resumed, _ = feed(Guard.from_state(saved), losses[cut:])

    assert resumed == straight


def test_only_the_last_losses_are_remembered():
    guard, _ = feed(Guard.start(), [3.0, *calm()])

    assert guard.losses == tuple(calm())
    assert len(guard.losses) == WINDOW
    assert statistics.pstdev(guard.losses) == pytest.approx(0.05)

"""What is said of a win, a loss, a draw, and of what is not known."""

import pytest

from alm.twins import tell


def test_a_win_is_told(compare, speed):
    gap, total_gap, recovered, target, fast, balance = tell(compare(), speed)

    assert gap == (
        "After 4,014,080 tokens the mixture's held-out loss is 0.1000 ± 0.0248 nats lower than "
        "that of its dense twin of equal active size."
    )
    assert total_gap == (
        "The mixture's held-out loss is 0.0433 ± 0.0143 nats higher than that of its dense twin of "
        "equal total size."
    )
    assert recovered.startswith("The mixture recovers 70 % (")
    assert "of the 0.1433 ± 0.0379 nats" in recovered
    assert target == (
        "The target, a loss 75 % of the way from the dense twin of equal active size to the one of "
        "equal total size, is missed by 0.0075 ± 0.0062 nats."
    )
    assert fast.startswith(
        "The mixture trains at 0.82 (0.80 to 0.84) of the speed of its dense twin of"
    )
    assert "would read 4.9 M tokens in the time of its 4.01 M" in fast
    assert "at 1.37 (1.30 to 1.40) of that of its dense twin of equal total size" in fast
    assert "0.12 in the mean and 0.30 at worst" in balance


def test_a_loss_is_told_as_plainly(compare, speed):
    gap, _, recovered, target, *_ = tell(compare(moe=(3.70, 3.72, 3.68)), speed)

    assert "is 0.1000 ± 0.0248 nats higher than" in gap
    assert "no difference" not in gap
    assert recovered.startswith("The mixture recovers -70 % (")
    assert target.endswith("is missed by 0.2075 ± 0.0062 nats.")


def test_a_difference_that_seeds_explain_is_no_difference(compare):
    gap, *_ = tell(compare(moe=(3.50, 3.72, 3.48)), None)

    assert gap.endswith("of equal active size: no difference is shown.")


def test_one_seed_promises_nothing(compare):
    gap, total_gap, recovered, target, *_ = tell(
        compare(moe=(3.5,), active=(3.6,), total=(3.4,)), None
    )

    assert "0.1000 nats lower" in gap
    assert gap.endswith("one seed gives no interval.")
    assert total_gap.endswith("one seed gives no interval.")
    assert recovered.startswith("The mixture recovers 50 % (no interval) of the 0.2000 nats")
    assert target.endswith("is not shown to be reached: -0.0500 nats to spare.")


def test_no_gap_between_the_dense_is_nothing_to_recover(compare):
    _, _, recovered, *_ = tell(compare(total=(3.60, 3.65, 3.55)), None)

    assert recovered.startswith("Its dense twin of equal total size is not shown to be better")
    assert recovered.endswith("so there is no gap to recover.")


def test_a_mixture_below_both_dense_twins_reaches_the_target_though_size_gains_nothing(compare):
    target = tell(compare(total=(3.60, 3.62, 3.58)), None)[3]

    assert target.endswith("is reached with 0.1000 ± 0.0062 nats to spare.")


def test_a_target_passed_in_the_mean_alone_is_not_shown_to_be_reached(compare):
    found = compare(moe=(3.43, 3.48, 3.46))

    assert found.gap.sign == 1
    assert found.to_spare.value == pytest.approx(0.0358, abs=1e-4)
    assert "is not shown to be reached: 0.0358 ± 0.0687 nats to spare." in tell(found, None)[3]


def test_a_dense_twin_that_got_worse_with_size_makes_no_target_that_counts(compare):
    target = tell(compare(moe=(3.61, 3.63, 3.59), total=(3.90, 3.92, 3.88)), None)[3]

    assert "is not shown to be reached" in target


def test_a_busy_machine_tells_no_speed(compare):
    assert tell(compare(), None)[4] == "Speed not measured: machine busy."

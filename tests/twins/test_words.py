"""What is said of a win, a loss, a draw, and of what is not known."""

from alm.twins import tell


def test_a_win_is_told(compare, speed):
    gap, recovered, fast, balance = tell(compare(), speed)

    assert gap == (
        "After 4,014,080 tokens the mixture's held-out loss is 0.1000 ± 0.0248 nats lower than "
        "that of its dense twin of equal active size."
    )
    assert recovered.startswith("The mixture recovers 70 % (")
    assert "of the 0.1433 ± 0.0379 nats" in recovered
    assert fast.startswith(
        "The mixture trains at 0.82 (0.80 to 0.84) of the speed of its dense twin of"
    )
    assert "would read 4.9 M tokens in the time of its 4.01 M" in fast
    assert "at 1.37 (1.30 to 1.40) of that of its dense twin of equal total size" in fast
    assert "0.12 in the mean and 0.30 at worst" in balance


def test_a_loss_is_told_as_plainly(compare, speed):
    gap, recovered, *_ = tell(compare(moe=(3.70, 3.72, 3.68)), speed)

    assert "is 0.1000 ± 0.0248 nats higher than" in gap
    assert "no difference" not in gap
    assert recovered.startswith("The mixture recovers -70 % (")


def test_a_difference_that_seeds_explain_is_no_difference(compare):
    gap, *_ = tell(compare(moe=(3.50, 3.72, 3.48)), None)

    assert gap.endswith("of equal active size: no difference is shown.")


def test_one_seed_promises_nothing(compare):
    gap, recovered, *_ = tell(compare(moe=(3.5,), active=(3.6,), total=(3.4,)), None)

    assert "0.1000 nats lower" in gap
    assert gap.endswith("one seed gives no interval.")
    assert recovered.startswith("The mixture recovers 50 % (no interval) of the 0.2000 nats")


def test_no_gap_between_the_dense_is_nothing_to_recover(compare):
    _, recovered, *_ = tell(compare(total=(3.60, 3.65, 3.55)), None)

    assert recovered.startswith("Its dense twin of equal total size is not shown to be better")
    assert recovered.endswith("so there is no gap to recover.")


def test_a_busy_machine_tells_no_speed(compare):
    assert tell(compare(), None)[2] == "Speed not measured: machine busy."

"""Display: what is known is shown, what is not is left out."""

import pytest
import torch

from alm.train.display import Display
from alm.train.figures import Figures
from alm.train.losstable import LossRow
from alm.train.speed import Speed


class Spy:
    """A line and a board that remember."""

    def __init__(self):
        self.lines, self.points, self.opened, self.flushed = [], {}, None, 0

    def update(self, done, figures):
        self.lines.append((done, "  ".join(figures)))

    def open(self, first_step):
        self.opened = first_step

    def add(self, step, scalars):
        self.points[step] = scalars

    def flush(self):
        self.flushed += 1


@pytest.fixture
def spy():
    return Spy()


def display_on(spy, peak=None):
    ticks = iter(range(100))
    speed = Speed(50, peak, lambda: float(next(ticks)))
    speed.count_step(6.0)
    return Display(spy, spy, speed, "cpu", {"train": 2.0, "val": 4.0})


ROW = {"step": 4, "tokens": 64, "lr": 0.01, "grad_norm": None, "max_load": None, "weights": None}
FIGURES = Figures(2.0, 0.5, torch.zeros(0, 0, dtype=torch.int64))


def test_line_shows_loss_rate_speed_and_memory(spy):
    display = display_on(spy)
    display.open(7, 1.25)

    display.update(8, 2.0, 0.01)

    assert spy.opened == 7
    step, figures = spy.lines[0]
    assert step == 8
    assert figures.startswith("loss 2.0000  val 1.2500  50 tok/s  lr 0.01  ")
    assert figures.endswith(" GB")


def test_line_shows_the_share_of_the_peak_where_that_is_known(spy):
    display_on(spy, peak=1000.0).update(8, 2.0, 0.01)

    assert "MFU 30.0%" in spy.lines[0][1]


def test_loss_on_the_line_is_smoothed_over_the_steps_that_trained(spy):
    display = display_on(spy)

    for loss in (2.0, None, 3.0):
        display.update(1, loss, 0.01)

    shown = [figures.split()[1] for _, figures in spy.lines]
    assert shown == ["2.0000", "2.0000", "2.1000"]


def test_line_without_a_loss_yet_does_not_make_one_up(spy):
    display_on(spy).update(1, None, 0.01)

    assert spy.lines[0][1].startswith("50 tok/s  lr 0.01")


def test_board_has_what_the_row_has_and_bits_per_byte(spy):
    row = LossRow(**{**ROW, "loss": 1.3862943611, "val_loss": None})

    display_on(spy).plot(row, FIGURES, {"guard/spikes": 2.0})

    points = spy.points[4]
    assert points["loss/train"] == row.loss
    assert points["bits_per_byte/train"] == pytest.approx(1.0)
    assert points["machine/tokens_per_second"] == 50.0
    assert points["machine/peak_bytes"] > 2**20
    assert points["guard/spikes"] == 2.0
    absent = ("loss/val", "bits_per_byte/val", "optimizer/grad_norm", "machine/mfu")
    assert not set(absent) & set(points)


def test_bits_per_byte_of_each_split_are_of_its_own_text(spy):
    nats = 4 * 0.69314718056
    row = LossRow(**{**ROW, "loss": nats, "val_loss": nats})

    display_on(spy).plot(row, FIGURES, {})

    assert spy.points[4]["bits_per_byte/train"] == pytest.approx(2.0)  # 2 bytes a token
    assert spy.points[4]["bits_per_byte/val"] == pytest.approx(1.0)  # 4 of them


def test_a_validation_shows_on_the_line_from_then_on(spy):
    display = display_on(spy)

    display.plot(LossRow(**{**ROW, "loss": 1.0, "val_loss": 1.5}), FIGURES, {})
    display.plot(LossRow(**{**ROW, "loss": 1.0, "val_loss": None}), FIGURES, {})
    display.update(5, 1.0, 0.01)

    assert "val 1.5000" in spy.lines[0][1]


def test_flushing_reaches_the_board(spy):
    display_on(spy).flush()

    assert spy.flushed == 1

"""LossScaler: gradients that float16 could not hold, and a scale that follows what it can."""

import json
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from alm.errors import Interrupted
from alm.train.scaler import FIRST, GROWTH_STEPS, LARGEST, LEAST, LossScaler


def test_scaling_up_and_down_again_changes_no_bit():
    scaler = LossScaler.start()
    torch.manual_seed(0)
    plain, scaled = nn.Linear(5, 3), nn.Linear(5, 3)
    scaled.load_state_dict(plain.state_dict())
    x = torch.randn(7, 5)

    plain(x).square().mean().backward()
    scaler.scale_up(scaled(x).square().mean()).backward()
    scaler.scale_down(scaled.parameters())

    for ours, theirs in zip(scaled.parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours.grad, theirs.grad)


def test_a_gradient_below_the_least_float16_survives():
    """1e-9 is nothing in float16; scaled by 65,536 it is well within."""
    weight = nn.Parameter(torch.ones(()))
    scaler = LossScaler.start()

    def backward(scale_up):
        weight.grad = None
        half = weight.half()  # its gradient is a float16
        scale_up(half.float() * 1e-9).backward()
        return weight.grad.clone()

    lost = backward(lambda loss: loss)
    backward(scaler.scale_up)
    scaler.scale_down([weight])

    assert lost.item() == 0
    assert weight.grad.item() == pytest.approx(1e-9, rel=1e-3)


def test_a_parameter_without_a_gradient_is_left_alone():
    weight = nn.Parameter(torch.ones(2))

    LossScaler.start().scale_down([weight])

    assert weight.grad is None


@pytest.mark.parametrize("norm", [math.inf, math.nan], ids=str)
def test_an_overflow_halves_the_scale_and_leaves_the_step_out(norm):
    scaler = LossScaler(scale=FIRST, good_steps=7)

    assert scaler.overflowed(2.0, norm)
    assert scaler == LossScaler(scale=FIRST / 2, good_steps=0)


def test_after_many_good_steps_the_scale_doubles():
    scaler = LossScaler.start()

    for _ in range(GROWTH_STEPS):
        assert scaler.scale == FIRST
        assert not scaler.overflowed(2.0, 1.0)

    assert scaler == LossScaler(scale=2 * FIRST, good_steps=0)


def test_the_scale_stays_within_its_bounds():
    largest = LossScaler(scale=LARGEST, good_steps=GROWTH_STEPS - 1)
    largest.overflowed(2.0, 1.0)
    least = LossScaler(scale=LEAST, good_steps=0)

    assert largest.scale == LARGEST
    assert not least.overflowed(2.0, math.inf)  # so it counts as a step that was not finite
    assert least.scale == LEAST


@pytest.mark.parametrize("loss", [None, math.nan, math.inf], ids=str)
def test_a_loss_that_says_nothing_about_the_scale_does_not_move_it(loss):
    scaler = LossScaler(scale=FIRST, good_steps=7)

    assert not scaler.overflowed(loss, math.nan)
    assert scaler == LossScaler(scale=FIRST, good_steps=7)


def test_state_and_back_is_the_same_scaler():
    scaler = LossScaler(scale=512.0, good_steps=3)

    assert LossScaler(**json.loads(json.dumps(scaler.to_state()))) == scaler


# --- in the trainer -------------------------------------------------------------------------------


class _TooLarge(torch.autograd.Function):
    """Zero forward; backward what float16 makes of a gradient above its largest number."""

    @staticmethod
    def forward(ctx, param):
        ctx.shape = param.shape
        return param.new_zeros(())

    @staticmethod
    def backward(ctx, grad):
        return (grad * torch.ones(ctx.shape)).half().float()


@pytest.fixture
def half(numerics):
    """Numerics of float16, on a CPU that computes in float32 all the same."""

    class Half(type(numerics)):
        def autocast(self):
            return numerics.autocast()

    return Half(**{**numerics.as_dict(), "precision": "float16"})


def overflowing(objective, times):
    """Make the gradient one that float16 holds only from a scale of 2^15 down."""

    def wrapped(model, examples):
        loss = objective(model, examples)
        return replace(loss, value=loss.value + times * _TooLarge.apply(model.norm.weight))

    return wrapped


def test_a_run_halves_its_scale_until_float16_holds_the_gradient(build, half, capsys):
    objective = build().task.objective
    trainer = build("half", objective=overflowing(objective, 1), numerics=half)

    trainer.fit()

    assert trainer.progress.overflows == 1
    assert trainer._scaler == LossScaler(scale=FIRST / 2, good_steps=11)
    assert (trainer.progress.guard.skipped, trainer.progress.loss_count) == (0, 0)
    assert "too large for float16" in capsys.readouterr().out


def test_the_scale_goes_on_where_the_saved_state_has_it(build, half):
    objective = overflowing(build().task.objective, 1)
    straight, left = (build(name, objective=objective, numerics=half) for name in ("a", "b"))
    straight.fit()
    left.around.stop.signal = 15  # as if it came in the first step, which overflows
    with pytest.raises(Interrupted):
        left.fit()

    resumed = build("b", objective=objective, numerics=half)
    resumed.fit()

    assert resumed._scaler == straight._scaler
    assert resumed.progress == straight.progress
    assert resumed.table.to_csv() == straight.table.to_csv()


def test_an_overflow_moves_nothing(build, half):
    trainer = build(objective=overflowing(build().task.objective, 1), numerics=half)
    before = {name: t.clone() for name, t in trainer.task.model.state_dict().items()}

    trainer.step()

    assert all(torch.equal(before[n], t) for n, t in trainer.task.model.state_dict().items())
    assert trainer.task.optimizer.state_tensors() == {}


def test_gradients_are_clipped_in_the_size_they_have_unscaled(build, numerics, half):
    plain, scaled = build("plain", numerics=numerics), build("scaled", numerics=half)

    plain.fit()
    scaled.fit()

    assert scaled.table.to_csv() == plain.table.to_csv()


def test_other_precisions_have_no_scaler(build):
    assert build()._scaler is None

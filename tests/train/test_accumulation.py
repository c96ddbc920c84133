"""accumulate: the gradient of a step's mean loss, however the step is cut up."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from alm.train import Examples, next_token_loss
from alm.train.accumulation import accumulate, routing_loss
from alm.train.feed import Feed

N_EXPERTS = 4


def add_up(trainer, scaler=None):
    """Accumulate the gradient of the first step."""
    task, config = trainer.task, trainer.config
    feed = Feed(task.batches, task.steps, config.grad_accum_steps, "cpu")
    autocast = trainer.numerics.autocast
    return accumulate(task.model, task.objective, feed.take(0), config, autocast, scaler)


def gradients(trainer):
    return [param.grad for param in trainer.task.optimizer.parameters]


def assert_same_gradients(ours, theirs, **tolerance):
    for each, other in zip(gradients(ours), gradients(theirs), strict=True):
        torch.testing.assert_close(each, other, **tolerance)


TOLERANCE = {"atol": 1e-6, "rtol": 1e-4}
EXACT = {"atol": 0, "rtol": 0}


def test_several_micro_batches_are_the_same_as_one_large_one(build, config):
    config = replace(config, balance_loss=0.0)  # shares are of a micro-batch
    whole = build("a", config=config)
    pieces = build("b", config=replace(config, micro_batch_size=1))

    sums, pieces_sums = add_up(whole), add_up(pieces)

    assert pieces_sums.loss.item() == pytest.approx(sums.loss.item(), abs=1e-6)
    assert torch.equal(pieces_sums.loads_ME, sums.loads_ME)
    assert_same_gradients(pieces, whole, **TOLERANCE)


def with_masks(build, config, mask, **changes):
    """Build a trainer of which a step's targets count where ``mask`` says."""
    config = replace(config, balance_loss=0.0, **changes)
    plain = build(f"run-{changes}", config=config)
    batch = replace(plain.task.batches(0), loss_mask_BT=np.array(mask, bool))
    return build(f"run-{changes}", config=config, batches=lambda step: batch)


UNEVEN = [[1] * 8, [0] * 8, [1, 0, 0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1, 1, 0]]


@pytest.mark.parametrize("micro_batch_size", [1, 2])
def test_every_target_weighs_the_same_whatever_micro_batch_it_is_in(
    build, config, micro_batch_size
):
    whole = with_masks(build, config, UNEVEN)
    pieces = with_masks(build, config, UNEVEN, micro_batch_size=micro_batch_size)

    loss, pieces_loss = add_up(whole).loss.item(), add_up(pieces).loss.item()

    assert pieces_loss == pytest.approx(loss, rel=1e-6)
    assert_same_gradients(pieces, whole, **TOLERANCE)


def test_a_step_without_a_target_that_counts_has_no_gradient_and_says_so(build, config):
    trainer = with_masks(build, config, np.zeros((4, 8)), micro_batch_size=1)

    sums = add_up(trainer)

    assert not sums.has_targets
    assert all((grad == 0).all() for grad in gradients(trainer))


def cost_by_hand(usage, loads_ME, config):
    """The balance and z-loss as they are written on paper."""
    f_ME = loads_ME / loads_ME.sum(-1, keepdim=True)
    balance = N_EXPERTS * (f_ME * usage.shares_ME).sum(-1).mean()
    return config.balance_loss * balance + config.z_loss * usage.z_loss


@pytest.mark.parametrize("of_window", [True, False], ids=["window", "each for itself"])
@pytest.mark.parametrize("n_parts", [1, 3])
def test_balance_is_that_of_the_step_so_far(build, config, n_parts, of_window):
    """Three parts: a third as a factor would round otherwise than a division by three."""
    config = replace(config, batch_size=3, micro_batch_size=3 // n_parts)
    config = replace(config, balance_loss=0.5, z_loss=0.1)
    trainer, plain = build("a", config=config), build("b", config=config)

    sums = add_up(trainer)

    total, loads_ME = torch.zeros(()), 0
    for part in plain.task.batches(0).split(n_parts):
        loss = next_token_loss(plain.task.model, Examples.of(part, "cpu"))
        loads_ME = loss.usage.loads_ME + (loads_ME if of_window else 0)
        ((loss.value + cost_by_hand(loss.usage, loads_ME, config)) / n_parts).backward()
        total = total + loss.value.detach() / n_parts
    assert sums.loss.item() == total.item()
    equal = [torch.equal(*pair) for pair in zip(gradients(trainer), gradients(plain), strict=True)]
    assert all(equal) == (of_window or n_parts == 1)


def test_the_loss_that_is_reported_is_that_of_the_text_alone(build, config):
    heavy = replace(config, balance_loss=10.0, z_loss=10.0)

    losses = [add_up(build(config=each)).loss.item() for each in (config, heavy)]

    assert losses[0] == losses[1]


def test_what_has_no_weight_costs_nothing(build, config):
    config = replace(config, balance_loss=0.0, z_loss=0.0)
    trainer = build(config=config)
    loss = next_token_loss(trainer.task.model, Examples.of(trainer.task.batches(0), "cpu"))

    assert routing_loss(loss.usage, loss.usage.loads_ME, config) == 0.0


def test_a_network_without_experts_is_trained_on_its_loss_alone(build, config):
    shape = replace(build().task.model.config, moe=None)
    costly = replace(config, balance_loss=1.0, z_loss=1.0)
    free = replace(config, balance_loss=0.0, z_loss=0.0)
    ours, theirs = (build(str(each), config=each, shape=shape) for each in (costly, free))

    sums = add_up(ours), add_up(theirs)

    assert sums[0].loss == sums[1].loss
    assert_same_gradients(ours, theirs, **EXACT)

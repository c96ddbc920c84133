"""Trainer: it learns, it resumes to the bit, and what is not finite never reaches the weights."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from alm.errors import CheckpointError, Interrupted, TrainingError
from alm.train import Examples, next_token_loss
from alm.train.objectives import Loss
from alm.train.trainer import _busiest, _entropy
from alm.train.validation import _shares


def weights(trainer):
    return {name: t.clone() for name, t in trainer.task.model.state_dict().items()}


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[n], theirs[n]) for n in ours)


def stop_after(trainer, step):
    """Make the trainer hear a signal while it works on ``step``."""
    batches = trainer.task.batches

    def batch(n):
        if n == step - 1:
            trainer.around.stop.signal = 15
        return batches(n)

    trainer.task = replace(trainer.task, batches=batch)
    return trainer


def test_learns_to_count(build, config):
    trainer = build(steps=60, config=replace(config, validate_every=60, save_every=60))

    trainer.fit()

    assert trainer.table.rows[0].loss > 5
    assert trainer.table.rows[-1].val_loss < 2


@pytest.mark.parametrize("step", range(1, 12))
def test_resumed_after_any_step_it_ends_in_the_same_bits(build, step):
    straight = build("straight")
    straight.fit()
    with pytest.raises(Interrupted, match=f"saved step {step};"):
        stop_after(build("resumed"), step).fit()

    resumed = build("resumed")
    resumed.fit()

    assert resumed._first_step == step
    assert same(weights(resumed), weights(straight))
    assert same(resumed.best, straight.best)
    assert resumed.table.to_csv() == straight.table.to_csv()
    assert resumed.progress == straight.progress


def test_a_signal_that_comes_once_the_save_was_decided_on_waits_for_the_next_step(build):
    """What is said to be saved is: the run must not leave between the two."""
    trainer = build()
    due = trainer._due

    def signal_while_asked(every):
        trainer.around.stop.signal = 15
        return due(every)

    trainer._record = lambda *_: setattr(trainer, "_due", signal_while_asked)  # from step 1 on
    with pytest.raises(Interrupted, match="saved step 2;"):
        trainer.fit()

    assert trainer.around.store.load_latest().step == 2


def test_a_saved_state_says_how_many_steps_there_will_be(build):
    trainer = build(steps=12)
    with pytest.raises(Interrupted):
        stop_after(trainer, 2).fit()

    assert trainer.around.store.load_latest().values["steps"] == 12


def test_a_full_disk_is_refused_before_the_first_step(build, monkeypatch):
    calls = []
    trainer = build(batches=calls.append)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 10_000))

    with pytest.raises(CheckpointError, match="found 0.0 MB; .* nothing was trained yet"):
        trainer.fit()

    assert calls == []


def test_a_full_disk_does_not_matter_to_a_run_that_is_done(build, monkeypatch):
    build().fit()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))

    build().fit()


@pytest.mark.parametrize("lost", ["optimizer", "progress"])
def test_a_resume_that_forgot_something_would_be_seen(build, lost):
    straight, resumed = build("straight"), build("resumed")
    straight.fit()
    with pytest.raises(Interrupted):
        stop_after(resumed, 5).fit()

    again = build("resumed")
    if lost == "optimizer":
        again.task.optimizer.load_state_tensors = lambda tensors: None
        again.fit()
        assert not same(weights(again), weights(straight))
    else:
        again._resume()
        again.progress.loss_sum = 0.0
        again._resume = lambda: None
        again.fit()
        assert again.table.to_csv() != straight.table.to_csv()


def test_a_finished_run_is_not_trained_again(build):
    build().fit()
    calls = []
    again = build(batches=calls.append)

    again.fit()

    assert calls == []
    assert again.progress.step == 12
    assert again.tokens_per_second is None


def test_accumulating_gradients_is_the_same_as_one_large_batch(build, config):
    config = replace(config, balance_loss=0.0)  # it is taken over a forward pass, not a step
    whole, pieces = (
        build("a", config=config),
        build("b", config=replace(config, micro_batch_size=1)),
    )

    (loss, loads_ME), (pieces_loss, pieces_loads_ME) = whole._accumulate(), pieces._accumulate()

    assert pieces_loss == pytest.approx(loss, abs=1e-6)
    assert torch.equal(pieces_loads_ME, loads_ME)
    for ours, theirs in zip(
        pieces.task.optimizer.parameters, whole.task.optimizer.parameters, strict=True
    ):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=1e-4)


def with_masks(build, config, mask, **changes):
    """Build a trainer of which a step's targets count where ``mask`` says."""
    config = replace(config, balance_loss=0.0, **changes)  # that is taken over a forward pass
    trainer = build(f"run-{changes}", config=config)
    batch = replace(trainer.task.batches(0), loss_mask_BT=np.array(mask, bool))
    trainer.task = replace(trainer.task, batches=lambda step: batch)
    return trainer


UNEVEN = [[1] * 8, [0] * 8, [1, 0, 0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1, 1, 0]]


@pytest.mark.parametrize("micro_batch_size", [1, 2])
def test_every_target_weighs_the_same_whatever_micro_batch_it_is_in(
    build, config, micro_batch_size
):
    whole = with_masks(build, config, UNEVEN)
    pieces = with_masks(build, config, UNEVEN, micro_batch_size=micro_batch_size)

    loss, pieces_loss = whole._accumulate()[0], pieces._accumulate()[0]

    assert pieces_loss == pytest.approx(loss, rel=1e-6)
    for ours, theirs in zip(
        pieces.task.optimizer.parameters, whole.task.optimizer.parameters, strict=True
    ):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=1e-4)


def test_a_step_without_a_target_that_counts_has_no_gradient(build, config):
    trainer = with_masks(build, config, np.zeros((4, 8)), micro_batch_size=1)

    loss, _ = trainer._accumulate()

    assert loss is None
    assert all((p.grad == 0).all() for p in trainer.task.optimizer.parameters)


def test_where_all_targets_count_a_step_is_the_plain_mean_to_the_bit(build, config):
    """Three parts: a third as a factor would round otherwise than a division by three."""
    config = replace(config, batch_size=3, micro_batch_size=1)
    trainer, plain = build("a", config=config), build("b", config=config)

    loss, _ = trainer._accumulate()

    total = torch.zeros(())
    for part in plain.task.batches(0).split(3):
        each = next_token_loss(plain.task.model, Examples.of(part, "cpu"))
        ((each.value + config.balance_loss * each.balance) / 3).backward()
        total = total + each.value.detach() / 3
    assert loss == total.item()
    for ours, theirs in zip(
        trainer.task.optimizer.parameters, plain.task.optimizer.parameters, strict=True
    ):
        assert torch.equal(ours.grad, theirs.grad)


def test_shorter_rows_keep_the_tokens_of_a_forward_pass(build, config):
    config = replace(config, batch_size=4, micro_batch_size=2)
    trainer, seen = build(config=config), []
    batches = trainer.task.batches

    def objective(model, examples):
        seen.append(tuple(examples.tokens_BT.shape))
        return next_token_loss(model, examples)

    trainer.task = replace(
        trainer.task, batches=lambda step: batches(step).cut(2), objective=objective
    )
    trainer._accumulate()

    assert seen == [(2 * 4, 3)] * 2


def non_finite(bad, steps, where):
    """Build an objective that is ``bad`` at some calls, in its loss or in a gradient alone."""
    calls = iter(range(10_000))

    def objective(model, examples):
        loss = next_token_loss(model, examples)
        if not model.training or next(calls) not in steps:
            return loss
        if where == "loss":
            return Loss(loss.value * bad, loss.balance, loss.loads_ME)
        param = next(model.parameters())
        return Loss(loss.value + _Poison.apply(param, bad), loss.balance, loss.loads_ME)

    return objective


class _Poison(torch.autograd.Function):
    """Zero forward, a bad gradient backward."""

    @staticmethod
    def forward(ctx, param, bad):
        ctx.shape, ctx.bad = param.shape, bad
        return param.new_zeros(())

    @staticmethod
    def backward(ctx, _):
        return torch.full(ctx.shape, ctx.bad), None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")], ids=str)
@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_step_that_is_not_finite_changes_nothing(build, bad, where):
    trainer = build(objective=non_finite(bad, {0}, where))
    before = weights(trainer)

    trainer._step()

    assert same(weights(trainer), before)
    assert trainer.task.optimizer.state_tensors() == {}
    assert (trainer.progress.step, trainer.progress.skipped) == (1, 1)


def test_training_goes_on_after_it_and_its_loss_is_never_reported(build):
    trainer = build(objective=non_finite(float("nan"), {3, 4}, "loss"))

    trainer.fit()

    assert trainer.progress.skipped == 2
    assert trainer.table.rows[-1].loss < trainer.table.rows[0].loss
    assert "nan" not in trainer.table.to_csv()


def test_ten_in_a_row_end_the_run_with_advice(build):
    with pytest.raises(TrainingError, match="lower train.lr"):
        build(objective=non_finite(float("nan"), range(100), "loss")).fit()


def test_skips_in_a_row_are_counted_across_a_resume(build):
    objective = non_finite(float("nan"), range(100), "loss")
    with pytest.raises(Interrupted):
        stop_after(build(objective=objective), 6).fit()

    again = build(objective=objective)
    with pytest.raises(TrainingError, match="up to step 10"):
        again.fit()


def test_best_weights_are_those_of_the_lowest_validation_loss(build):
    trainer = build(steps=12)

    trainer.fit()

    measured = {row.step: row.val_loss for row in trainer.table.rows if row.val_loss is not None}
    assert trainer.progress.best_step == min(measured, key=measured.get)
    assert list(measured) == [4, 8, 12]


def test_best_weights_stay_when_training_makes_the_model_worse(build, config):
    trainer = build(config=replace(config, validate_every=4, save_every=100))
    seen = {}
    validate = trainer._validate

    def worsen_after_the_first():
        seen[trainer.progress.step] = weights(trainer)
        loss = validate()
        trainer.progress.best_loss = -1.0  # nothing later can be better
        return loss

    trainer._validate = worsen_after_the_first
    trainer.fit()

    assert trainer.progress.best_step == 4
    assert same(trainer.best, seen[4])
    assert not same(trainer.best, weights(trainer))


def test_selection_biases_move_towards_balance_and_stay_centred(build, config):
    trainer = build(config=replace(config, bias_rate=0.1))

    trainer.fit()

    biases = [t for name, t in weights(trainer).items() if "bias" in name]
    assert biases
    assert all(bias.abs().max() > 0 and bias.mean().abs() < 1e-5 for bias in biases)


def test_every_expert_and_the_router_move(build):
    trainer = build(steps=12)
    before = weights(trainer)

    trainer.fit()

    for name, tensor in weights(trainer).items():
        if "expert" in name or "_EFD" in name or "router" in name:
            rows = (tensor - before[name]).flatten(1) if tensor.ndim > 1 else tensor[None]
            assert (rows.abs().amax(dim=1) > 0).all(), name


def test_speed_counts_only_what_this_process_did(build):
    trainer = build()

    trainer.fit()

    assert trainer.tokens_per_second > 0


class WithoutFloat64(torch.Tensor):
    """Stands for a tensor on MPS, which has no float64; on the CPU it is like any other."""

    def double(self):
        raise TypeError("the MPS framework doesn't support float64")

    def cpu(self):
        return self.as_subclass(torch.Tensor)


@pytest.mark.parametrize("figure", [_busiest, _entropy, _shares])
def test_loads_on_a_device_without_float64_give_the_same_figures(figure):
    loads_ME = torch.tensor([[3, 1, 0, 4], [2, 2, 2, 2]])

    assert figure(loads_ME.as_subclass(WithoutFloat64)) == figure(loads_ME)


def test_a_step_without_a_target_that_counts_moves_nothing(build):
    trainer = build(steps=4)
    trainer._step()  # so that there is momentum to go on with
    before, state = weights(trainer), trainer.task.optimizer.state_tensors()
    state = {name: tensor.clone() for name, tensor in state.items()}
    batches, losses = trainer.task.batches, trainer.progress.loss_count
    blank = lambda step: replace(batches(step), loss_mask_BT=np.zeros((4, 8), bool))  # noqa: E731
    trainer.task = replace(trainer.task, batches=blank)

    trainer._step()

    assert same(weights(trainer), before)
    assert same(trainer.task.optimizer.state_tensors(), state)
    assert all(param.grad is None for param in trainer.task.optimizer.parameters)
    assert (trainer.progress.step, trainer.progress.loss_count) == (2, losses)
    assert trainer.progress.skipped == 0


@pytest.mark.parametrize("bad", [float("nan"), float("inf")], ids=str)
def test_a_validation_loss_that_is_not_finite_is_told_and_never_the_best(build, capsys, bad):
    def objective(model, examples):
        loss = next_token_loss(model, examples)
        if model.training or trainer.progress.step != 4:
            return loss
        return Loss(loss.value * bad, loss.balance, loss.loads_ME)

    trainer = build(objective=objective)
    trainer.fit()

    measured = {row.step: row.val_loss for row in trainer.table.rows if row.step % 4 == 0}
    assert [step for step, loss in measured.items() if loss is None] == [4]
    assert trainer.progress.best_step in {8, 12}
    assert f"step 4: validation loss {bad}; not in the table" in capsys.readouterr().out
    assert trainer.around.store.load_latest().step == 12

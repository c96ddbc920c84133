"""Trainer: it learns, it resumes to the bit, and what is not finite never reaches the weights."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from alm.data import Curriculum
from alm.errors import CheckpointError, Interrupted, TrainingError
from alm.io import rounded
from alm.model import moe
from alm.optim import lr_factor
from alm.train import collapse, guard, next_token_loss, next_token_loss_within_documents
from alm.train.scaler import LossScaler


def weights(trainer):
    return {name: t.clone() for name, t in trainer.task.model.state_dict().items()}


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[n], theirs[n]) for n in ours)


def stop_after(trainer, step):
    """Make the trainer hear a signal while it works on ``step``."""
    train = trainer.step

    def hear_and_train():
        if trainer.progress.step == step - 1:
            trainer.around.stop.signal = 15
        return train()

    trainer.step = hear_and_train
    return trainer


def given(trainer, **changes):
    """Return a trainer that does the same, but for parts of its task."""
    return replace(trainer, task=replace(trainer.task, **changes))


def test_learns_to_count(build, config):
    trainer = build(steps=60, config=replace(config, validate_every=60, save_every=60))

    trainer.fit()

    assert trainer.table.rows[0].loss > 5
    assert trainer.table.rows[-1].val_loss < 2


def test_memory_that_a_step_freed_is_kept_for_the_next(build, monkeypatch):
    asked = []
    monkeypatch.setattr("alm.train.trainer.keep_freed_memory", lambda: asked.append(True))

    build(steps=1).fit()

    assert asked


def test_every_step_has_the_learning_rate_of_its_number(build, config, monkeypatch):
    trainer, taken = build(), []
    step = trainer.task.optimizer.step
    monkeypatch.setattr(trainer.task.optimizer, "step", lambda lr: (taken.append(lr), step(lr)))

    trainer.fit()

    assert taken == [config.lr * lr_factor(number, 12, config) for number in range(12)]
    assert [row.lr for row in trainer.table.rows] == rounded(taken[1::2])


@pytest.mark.parametrize("step", range(1, 12))
def test_resumed_after_any_step_it_ends_in_the_same_bits(build, step, capsys):
    straight = build("straight")
    straight.fit()
    with pytest.raises(Interrupted, match=f"saved step {step};"):
        stop_after(build("resumed"), step).fit()

    resumed = build("resumed")
    resumed.fit()

    assert f"resuming at step {step} of 12" in capsys.readouterr().out
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


def test_shorter_rows_keep_the_tokens_of_a_forward_pass(build, config):
    config = replace(config, batch_size=4, micro_batch_size=2)
    trainer, seen = build(config=config), []
    batches = trainer.task.batches

    def objective(model, examples):
        seen.append(tuple(examples.tokens_BT.shape))
        return next_token_loss(model, examples)

    given(trainer, batches=lambda step: batches(step).cut(2), objective=objective).step()

    assert seen == [(2 * 4, 3)] * 2


def non_finite(bad, steps, where):
    """Build an objective that is ``bad`` at some calls, in its loss or in a gradient alone."""
    calls = iter(range(10_000))

    def objective(model, examples):
        loss = next_token_loss(model, examples)
        if not model.training or next(calls) not in steps:
            return loss
        if where == "loss":
            return replace(loss, value=loss.value * bad)
        param = next(model.parameters())
        return replace(loss, value=loss.value + _Poison.apply(param, bad))

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

    trainer.step()

    assert same(weights(trainer), before)
    assert trainer.task.optimizer.state_tensors() == {}
    assert (trainer.progress.step, trainer.progress.guard.skipped) == (1, 1)


def test_training_goes_on_after_it_and_its_loss_is_never_reported(build):
    trainer = build(objective=non_finite(float("nan"), {3, 4}, "loss"))

    trainer.fit()

    assert trainer.progress.guard.skipped == 2
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


def worsen_after_the_first_validation(trainer, seen):
    """Note the weights at each validation; let none be better than the first."""
    validate = trainer._validate

    def worsen_after_the_first():
        seen[trainer.progress.step] = weights(trainer)
        loss = validate()
        trainer.progress.best_loss = -1.0  # nothing later can be better
        return loss

    trainer._validate = worsen_after_the_first
    return trainer


def test_best_weights_stay_when_training_makes_the_model_worse(build, config):
    trainer, seen = build(config=replace(config, validate_every=4, save_every=100)), {}

    worsen_after_the_first_validation(trainer, seen).fit()

    assert trainer.progress.best_step == 4
    assert same(trainer.best, seen[4])
    assert not same(trainer.best, weights(trainer))


def test_best_weights_of_before_an_interruption_stay(build):
    seen = {}
    with pytest.raises(Interrupted):
        stop_after(worsen_after_the_first_validation(build(), seen), 6).fit()
    trainer = build()

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


def test_speed_counts_only_what_this_process_did(build, config):
    with pytest.raises(Interrupted):
        stop_after(build(), 9).fit()
    trainer = build()
    counted = []
    trainer._speed.count_step = counted.append

    trainer.fit()

    assert counted == [8.0] * 3  # of rows of 8 tokens, as the fixture has it


def test_a_state_without_a_loss_scale_starts_one(build, numerics):
    with pytest.raises(Interrupted):
        stop_after(build(), 9).fit()
    trainer = build(numerics=replace(numerics, precision="float16"))

    trainer._resume()

    assert trainer._scaler == LossScaler.start()


def test_a_step_without_a_target_that_counts_moves_nothing(build):
    trainer = build(steps=4)
    trainer.step()  # so that there is momentum to go on with
    before, state = weights(trainer), trainer.task.optimizer.state_tensors()
    state = {name: tensor.clone() for name, tensor in state.items()}
    batches, losses = trainer.task.batches, trainer.progress.loss_count
    blank = lambda step: replace(batches(step), loss_mask_BT=np.zeros((4, 8), bool))  # noqa: E731
    trainer = given(trainer, batches=blank)

    trainer.step()

    assert same(weights(trainer), before)
    assert same(trainer.task.optimizer.state_tensors(), state)
    assert all(param.grad is None for param in trainer.task.optimizer.parameters)
    assert (trainer.progress.step, trainer.progress.loss_count) == (2, losses)
    assert trainer.progress.guard.skipped == 0


@pytest.mark.parametrize("bad", [float("nan"), float("inf")], ids=str)
def test_a_validation_loss_that_is_not_finite_is_told_and_never_the_best(build, capsys, bad):
    def objective(model, examples):
        loss = next_token_loss(model, examples)
        if model.training or trainer.progress.step != 4:
            return loss
        return replace(loss, value=loss.value * bad)

    trainer = build(objective=objective)
    trainer.fit()

    measured = {row.step: row.val_loss for row in trainer.table.rows if row.step % 4 == 0}
    assert [step for step, loss in measured.items() if loss is None] == [4]
    assert trainer.progress.best_step in {8, 12}
    assert f"step 4: validation loss {bad}; not in the table" in capsys.readouterr().out
    assert trainer.around.store.load_latest().step == 12


# --- guards ---------------------------------------------------------------------------------------


def spiky(steps):
    """Build an objective whose loss is far too high at some steps; the first token tells which."""

    def objective(model, examples):
        loss = next_token_loss(model, examples)
        is_spike = model.training and examples.tokens_BT[0, 0].item() in steps
        return replace(loss, value=loss.value + 100.0 * is_spike)

    return objective


@pytest.fixture
def soon(monkeypatch):
    """Let spikes be told from four losses on, so that a short run shows them."""
    monkeypatch.setattr(guard, "LEAST_LOSSES", 4)


def test_a_spike_trains_nothing_and_is_told_and_counted(build, config, soon, capsys):
    trainer = build(objective=spiky({6}), config=replace(config, spike_deviations=6.0))
    for _ in range(6):
        trainer.step()
    before, state = weights(trainer), trainer.task.optimizer.state_tensors()
    state = {name: tensor.clone() for name, tensor in state.items()}

    step = trainer.step()

    assert not step.trained
    assert same(weights(trainer), before)
    assert same(trainer.task.optimizer.state_tensors(), state)
    assert all(param.grad is None for param in trainer.task.optimizer.parameters)
    assert (trainer.progress.guard.spikes, trainer.progress.loss_count) == (1, 6)
    assert "step 7: loss 10" in capsys.readouterr().out


def test_without_the_guard_a_spike_trains(build):
    trainer = build(objective=spiky({6}))

    trainer.fit()

    assert (trainer.progress.guard.spikes, trainer.progress.loss_count) == (0, 0)
    assert max(row.loss for row in trainer.table.rows) > 50


@pytest.mark.parametrize("step", [4, 6, 7, 8, 11])
def test_guards_go_on_where_the_saved_state_has_them(build, config, soon, step):
    config = replace(config, spike_deviations=6.0)
    objective = spiky({5, 7, 8, 9, 10, 11})
    straight = build("straight", objective=objective, config=config)
    straight.fit()
    with pytest.raises(Interrupted):
        stop_after(build("resumed", objective=objective, config=config), step).fit()

    resumed = build("resumed", objective=objective, config=config)
    resumed.fit()

    assert straight.progress.guard.spikes == 5
    assert len(straight.progress.guard.losses) == 1  # the last of five in a row was a new level
    assert resumed.progress == straight.progress
    assert same(weights(resumed), weights(straight))


@pytest.fixture
def build_collapsed(build, config, monkeypatch):
    """Build a run of which a router uses two experts of four, and an alarm that soon minds."""
    monkeypatch.setattr(collapse, "PATIENCE", 4)

    def make():
        trainer = build(config=replace(config, bias_rate=0.0, log_every=1))
        router = trainer.task.model.blocks[1].feed_forward.router
        router.selection_bias += torch.tensor([9.0, 9.0, 0.0, 0.0])
        return trainer

    return make


def told_of_experts(capsys):
    return [line for line in capsys.readouterr().out.splitlines() if "of the load" in line]


def test_experts_that_a_router_gave_up_on_are_told_once_and_plotted(
    build_collapsed, capsys, tmp_path
):
    trainer = build_collapsed()

    trainer.fit()
    trainer.around.board.close()

    told = told_of_experts(capsys)
    assert len(told) == 2 + 2  # two that have all, two that have nothing
    assert all(line.startswith("step 4: expert ") for line in told)
    assert scalars(tmp_path / "run")["guard/longest_imbalance"] == list(range(1, 13))


def test_the_alarm_goes_on_counting_where_the_saved_state_has_it(build_collapsed, capsys):
    with pytest.raises(Interrupted):
        stop_after(build_collapsed(), 2).fit()

    build_collapsed().fit()

    assert [line[:7] for line in told_of_experts(capsys)] == ["step 4:"] * 4


def scalars(run):
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    return {tag: [e.value for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_points_are_written_out_before_a_state_is(build, config):
    """So none is missing between the state that a killed run left and what comes after it."""
    events, trainer = [], build(steps=4, config=replace(config, log_every=1))
    board, store = trainer.around.board, trainer.around.store
    board.add = lambda step, _: events.append(f"point {step}")
    board.flush = lambda: events.append("flush")
    store.save = lambda state: events.append(f"state {state.step}")

    trainer.fit()

    points = [f"point {n}" for n in (1, 2, 3, 4)]
    assert events == [*points[:3], "flush", "state 3", points[3], "flush", "state 4"]


# --- a curriculum of row lengths ------------------------------------------------------------------


def with_curriculum(build, config, name):
    """Build a run whose rows are half as long, and twice as many, in its first half."""
    trainer = build(name, config=config)
    phases = (SimpleNamespace(until=0.5, seq_len=4),)
    curriculum, batches = Curriculum(phases, 8, 12), trainer.task.batches
    return given(trainer, batches=lambda step: curriculum.cut(batches(step), step))


def test_a_curriculum_trains_on_as_many_tokens_in_every_step(build, config):
    seen = []

    def objective(model, examples):
        seen.append(tuple(examples.tokens_BT.shape))
        return next_token_loss(model, examples)

    trainer = with_curriculum(build, replace(config, micro_batch_size=2), "run")
    trainer = given(trainer, objective=objective)
    for _ in range(12):
        trainer.step()

    assert seen == [(4, 5)] * 12 + [(2, 9)] * 12


@pytest.mark.parametrize("step", [5, 6, 7])
def test_a_curriculum_is_resumed_to_the_bit_around_its_edge(build, config, step):
    config = replace(config, micro_batch_size=2)
    straight = with_curriculum(build, config, "straight")
    straight.fit()
    with pytest.raises(Interrupted):
        stop_after(with_curriculum(build, config, "resumed"), step).fit()

    resumed = with_curriculum(build, config, "resumed")
    resumed.fit()

    assert same(weights(resumed), weights(straight))
    assert resumed.table.to_csv() == straight.table.to_csv()
    assert [row.tokens for row in straight.table.rows] == [32 * n for n in (2, 4, 6, 8, 10, 12)]


# --- devices that compute while the host goes on --------------------------------------------------


@pytest.fixture
def bfloat16(numerics):
    """Numerics of a device with a grouped kernel, as far as a CPU can stand for one."""
    return replace(numerics, precision="bfloat16")


@pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")
@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("experts", [False, True])
def test_nothing_asks_for_a_value_before_the_whole_step_is_on_its_way(
    build, config, bfloat16, monkeypatch, experts, recompute
):
    """Fake tensors have none, and say so to whoever asks: on a GPU that would be to wait."""
    monkeypatch.setattr(moe, "has_kernel", lambda *_: True)
    monkeypatch.setattr(moe, "padding", lambda _: 1)
    shape = build().task.model.config
    shape = shape if experts else replace(shape, moe=None)
    config = replace(config, micro_batch_size=1, z_loss=0.1, recompute=recompute)
    with FakeTensorMode(allow_non_fake_inputs=True):
        trainer = build(config=config, shape=shape, numerics=bfloat16)
        trainer = given(trainer, objective=next_token_loss_within_documents)

        sums, grad_norm = trainer._accumulate()
        trainer.task.optimizer.step(0.1)
        trainer.task.model.update_selection_biases(sums.loads_ME, 0.1)

        for value in (sums.loss, grad_norm):
            with pytest.raises(DataDependentOutputException):
                value.item()


def test_rows_of_the_next_step_are_sent_before_this_one_is_asked_about(build):
    events = []
    trainer = build(steps=3)
    batches, move = trainer.task.batches, trainer.task.optimizer.step

    def read(step):
        events.append(step)
        return batches(step)

    def update(lr):
        events.append("update")
        move(lr)

    trainer.task.optimizer.step = update
    given(trainer, batches=read).fit()

    assert events == [0, 1, "update", 2, "update", "update"]


@pytest.mark.parametrize("recompute", [False, True])
def test_the_model_is_told_whether_to_recompute(build, config, recompute):
    assert build(config=replace(config, recompute=recompute)).task.model.recompute is recompute

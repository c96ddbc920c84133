"""Validation: a mean over rows, whatever the batches, that leaves no trace."""

from dataclasses import replace

import pytest

from alm.train import Validation, next_token_loss


def run(trainer, n_rows, batch_size):
    validation = Validation(trainer.task.validation._rows, n_rows, batch_size)
    return validation.run(trainer.task.model, next_token_loss, trainer.numerics)


def test_mean_does_not_depend_on_the_batches(build):
    trainer = build()

    assert run(trainer, 7, 7).loss == pytest.approx(run(trainer, 7, 2).loss, rel=1e-5)


def test_rows_come_from_the_whole_split(build):
    trainer = build()

    validation = Validation(trainer.task.validation._rows, 5, 4)

    assert validation._indices.tolist() == [0, 10, 20, 30, 40]


def test_a_small_split_is_read_whole(build):
    trainer = build()

    assert run(trainer, 50, 8) == run(trainer, 10_000, 8)


def test_shares_of_experts_add_up_to_one(build):
    for shares in run(build(), 8, 4).expert_load:
        assert sum(shares) == pytest.approx(1)


def test_validating_changes_nothing_that_training_sees(build, config):
    often = build("often", config=replace(config, validate_every=1, log_every=4))
    seldom = build("seldom", config=replace(config, validate_every=12, log_every=4))

    often.fit()
    seldom.fit()

    ours, theirs = (t.task.model.state_dict() for t in (often, seldom))
    assert all((ours[name] == theirs[name]).all() for name in ours)
    assert often.task.model.training

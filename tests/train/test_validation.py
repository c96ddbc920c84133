"""Validation: a mean over rows, whatever the batches, that leaves no trace."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from alm.errors import TrainingError
from alm.train import Examples, Validation, next_token_loss
from alm.train.validation import _shares


def run(trainer, n_rows, batch_size):
    validation = Validation(trainer.task.validation._rows, n_rows, batch_size)
    return validation.run(trainer.task.model, next_token_loss, trainer.numerics)


def test_mean_does_not_depend_on_the_batches(build):
    trainer = build()

    assert run(trainer, 7, 7).loss == pytest.approx(run(trainer, 7, 2).loss, rel=1e-5)


class MaskedRows:
    """The rows of another set, of which only some targets count."""

    def __init__(self, rows, mask):
        self.rows, self.mask = rows, mask

    def __len__(self):
        return len(self.rows)

    def batch(self, indices):
        return replace(self.rows.batch(indices), loss_mask_BT=self.mask[indices])


def test_mean_is_over_the_targets_that_count_whatever_the_batches(build):
    trainer = build()
    rows = trainer.task.validation._rows
    mask = np.tri(50, 8, dtype=bool)  # in row i the first i + 1 count
    mask[3:5] = False

    losses = [
        Validation(MaskedRows(rows, mask), 50, n).run(
            trainer.task.model, next_token_loss, trainer.numerics
        )
        for n in (1, 7, 50)
    ]

    examples = Examples.of(rows.batch(np.arange(50)), "cpu")
    with torch.no_grad():
        logits = trainer.task.model.logits(trainer.task.model(examples.tokens_BT[:, :-1])[0])
    each = torch.nn.functional.cross_entropy(logits.mT, examples.tokens_BT[:, 1:], reduction="none")
    expected = each[torch.from_numpy(mask)].mean().item()
    assert [loss.loss for loss in losses] == pytest.approx([expected] * 3, rel=1e-4)


def test_held_out_text_without_a_target_is_refused(build):
    trainer = build()
    rows = MaskedRows(trainer.task.validation._rows, np.zeros((50, 8), bool))

    with pytest.raises(TrainingError, match="held-out targets that count, found none"):
        Validation(rows, 8, 4).run(trainer.task.model, next_token_loss, trainer.numerics)


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


class WithoutFloat64(torch.Tensor):
    """Stands for a tensor on MPS, which has no float64; on the CPU it is like any other."""

    def double(self):
        raise TypeError("the MPS framework doesn't support float64")

    def cpu(self):
        return self.as_subclass(torch.Tensor)


def test_loads_on_a_device_without_float64_give_the_same_shares():
    loads_ME = torch.tensor([[3, 1, 0, 4], [2, 2, 2, 2]])

    assert _shares(loads_ME.as_subclass(WithoutFloat64)) == _shares(loads_ME)

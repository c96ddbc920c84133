"""next_token_loss: against the plain loss, on logits that are whole in memory."""

import numpy as np
import pytest
import torch


def test_equals_the_plain_cross_entropy(build):
    trainer = build()
    rows_BT = torch.from_numpy(trainer.task.batches(0))
    model = trainer.task.model

    loss = trainer.task.objective(model, rows_BT)

    logits = model.logits(model(rows_BT[:, :-1]).hidden_BTD)
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows_BT[:, 1:].flatten())
    assert loss.value.item() == pytest.approx(expected.item(), rel=1e-5)


def test_loads_count_every_choice_of_every_token_once(build):
    trainer = build()
    rows_BT = torch.from_numpy(np.zeros((3, 9), dtype=np.int64))

    loss = trainer.task.objective(trainer.task.model, rows_BT)

    assert loss.loads_ME.sum().item() == 3 * 8 * 2  # rows * tokens * experts per token

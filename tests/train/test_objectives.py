"""next_token_loss: against the plain loss, on logits that are whole in memory."""

import numpy as np
import pytest
import torch

from alm.data import Batch
from alm.data.batch import PADDING
from alm.model import balance_loss
from alm.train import Examples, next_token_loss, next_token_loss_within_documents

TWO_DOCUMENTS = np.array([[0, 0, 0, 1, 1, 1, PADDING, PADDING]], np.int32)
SECOND = TWO_DOCUMENTS == 1


def examples_of(tokens, loss_mask=None, documents=None):
    tokens = np.asarray(tokens)
    shape = (len(tokens), tokens.shape[1] - 1)
    mask = np.ones(shape, bool) if loss_mask is None else loss_mask
    numbers = np.zeros(shape, np.int32) if documents is None else documents
    return Examples.of(Batch(tokens, numbers, mask), "cpu")


def plain_losses(model, examples):
    """Return the loss of every target, (B, T)."""
    logits = model.logits(model(examples.tokens_BT[:, :-1]).hidden_BTD)
    targets = examples.tokens_BT[:, 1:]
    return torch.nn.functional.cross_entropy(logits.mT, targets, reduction="none")


def test_equals_the_plain_cross_entropy(build):
    trainer = build()
    model, examples = trainer.task.model, Examples.of(trainer.task.batches(0), "cpu")

    loss = trainer.task.objective(model, examples)

    assert loss.value.item() == pytest.approx(plain_losses(model, examples).mean().item(), rel=1e-5)


def test_is_the_mean_over_targets_that_count(build):
    trainer = build()
    model, tokens = trainer.task.model, trainer.task.batches(0).tokens_BT
    mask = np.arange(4 * 8).reshape(4, 8) % 3 == 0
    examples = examples_of(tokens, mask)

    loss = trainer.task.objective(model, examples)

    counted = plain_losses(model, examples)[torch.from_numpy(mask)]
    assert loss.value.item() == pytest.approx(counted.mean().item(), rel=1e-5)


def test_a_target_that_does_not_count_may_be_anything(build):
    """Its token is no later input here, so nothing can depend on it."""
    trainer = build()
    mask = np.ones((4, 8), bool)
    mask[:, -1] = False
    tokens = trainer.task.batches(0).tokens_BT
    other = tokens.copy()
    other[:, -1] = 7

    losses = [
        trainer.task.objective(trainer.task.model, examples_of(each, mask)).value.item()
        for each in (tokens, other)
    ]

    assert losses[0] == losses[1]


def test_nothing_that_counts_is_no_loss_and_no_gradient(build):
    trainer = build()
    examples = examples_of(trainer.task.batches(0).tokens_BT, np.zeros((4, 8), bool))

    loss = trainer.task.objective(trainer.task.model, examples)
    loss.value.backward()

    assert loss.value.item() == 0
    assert all((p.grad == 0).all() for p in trainer.task.model.parameters() if p.grad is not None)


def test_loads_count_every_choice_of_every_token_once(build):
    trainer = build()

    loss = trainer.task.objective(trainer.task.model, examples_of(np.zeros((3, 9), dtype=np.int64)))

    assert loss.usage.loads_ME.sum().item() == 3 * 8 * 2  # rows * tokens * experts per token


@pytest.mark.parametrize("objective", [next_token_loss, next_token_loss_within_documents])
def test_experts_are_judged_as_if_there_were_no_padding(build, objective):
    model, tokens, n = build().task.model, np.arange(9)[None], (TWO_DOCUMENTS != PADDING).sum()
    padded = examples_of(tokens, documents=TWO_DOCUMENTS)
    bare = examples_of(tokens[:, : n + 1], documents=TWO_DOCUMENTS[:, :n])

    found, expected = (objective(model, each).usage for each in (padded, bare))

    assert bare.is_token_BT is None
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_rows_of_padding_alone_ask_nothing_of_the_experts(build):
    model = build().task.model
    examples = examples_of(np.zeros((2, 9), np.int64), documents=np.full((2, 8), PADDING))

    usage = next_token_loss(model, examples).usage

    cost = balance_loss(usage.loads_ME, usage.shares_ME) + usage.z_loss
    cost.backward()
    assert cost.item() == usage.loads_ME.sum().item() == 0
    assert not any(p.grad.any() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    ("objective", "sees"), [(next_token_loss, True), (next_token_loss_within_documents, False)]
)
def test_another_document_is_seen_only_where_nothing_masks_it(build, objective, sees):
    model = build().task.model
    torch.nn.init.normal_(model.blocks[0].attention.o.weight)  # it starts as zero: nothing is read
    tokens = np.arange(9)[None]
    other = tokens.copy()
    other[0, :3] = 30

    losses = [
        objective(model, examples_of(each, SECOND, TWO_DOCUMENTS)).value.item()
        for each in (tokens, other)
    ]

    assert (abs(losses[0] - losses[1]) > 1e-5) == sees


def test_padding_changes_nothing_for_a_document_before_it(build):
    model = build().task.model
    torch.nn.init.normal_(model.blocks[0].attention.o.weight)
    tokens = np.arange(9)[None]
    other = tokens.copy()
    other[0, 7:] = 30

    losses = [
        next_token_loss_within_documents(model, examples_of(each, SECOND, TWO_DOCUMENTS)).value
        for each in (tokens, other)
    ]

    assert losses[0] == losses[1]

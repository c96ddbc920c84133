"""Our own predictions: the model's, and only where its experts are chosen clearly."""

import numpy as np
import pytest
import torch

from alm.checkpoint import load_model
from alm.export import reference
from alm.export.reference import Reference


@pytest.fixture
def ids(rows):
    return rows[2][:40].tolist()


def margins_of(model, ids):
    """Return by how much each token's choice was made, by way of the router's own input."""
    router, found = model.blocks[1].feed_forward.router, []
    hook = router.register_forward_pre_hook(lambda _, given: found.append(given[0]))
    with torch.no_grad():
        model(torch.tensor([ids]))
    hook.remove()
    scores = (found[0] @ router.weight.T).sigmoid() + router.selection_bias
    ranked = np.sort(scores.detach().numpy(), axis=-1)[:, ::-1]
    return ranked[:, 1] - ranked[:, 2]


def test_logits_are_those_of_the_published_model(paths_of, ids):
    model = load_model(paths_of()["model"], "cpu")
    with torch.no_grad():
        expected = model.logits(model(torch.tensor([ids])).hidden_BTD[0])

    assert (Reference.load(paths_of()["model"]).logits(ids) == expected.numpy()).all()


def test_tokens_end_before_the_first_undecided_one(paths_of, ids, monkeypatch):
    model = load_model(paths_of()["model"], "cpu")
    margins = margins_of(model, ids)
    least = int(margins[5:].argmin()) + 5
    monkeypatch.setattr(reference, "UNDECIDED", float(margins[least]) * 1.01)
    first = int((margins < reference.UNDECIDED).argmax())

    assert Reference(model).settled(ids) == ids[:first]
    assert first <= least


def test_clear_choices_leave_every_token(paths_of, ids):
    assert Reference.load(paths_of()["model"]).settled(ids) == ids


@pytest.mark.parametrize("shape", ["mixture", "softmax mixture"])
def test_equal_experts_are_never_decided(paths_of, ids, shape):
    model = load_model(paths_of(shape)["model"], "cpu")
    router = model.blocks[1].feed_forward.router
    with torch.no_grad():
        for tensor in [router.weight, *router.buffers()]:
            tensor.zero_()

    assert Reference(model).settled(ids) == []


def test_a_dense_model_leaves_every_token(paths_of, ids):
    assert Reference.load(paths_of("dense")["model"]).settled(ids) == ids

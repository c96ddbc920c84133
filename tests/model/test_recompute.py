"""Recomputation: the same gradients in less memory, and the experts chosen only once."""

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from alm.model import mean_cross_entropy
from alm.model.cache import KVCache

IDS_BT = torch.randint(160, (2, 40), generator=torch.Generator().manual_seed(1))


def train(model):
    """Return the gradients of the language loss and the usage, as computed now."""
    model.zero_grad()
    output = model(IDS_BT[:, :-1])
    hidden_SD = output.hidden_BTD.flatten(0, 1)
    mean_cross_entropy(hidden_SD, model.head_weight, IDS_BT[:, 1:].flatten()).backward()
    return [parameter.grad.clone() for parameter in model.parameters()], output.usage


def kept_bytes(model, cache=None):
    """Count the bytes that the backward pass of the blocks would hold, without the weights."""
    kept = {each.untyped_storage().data_ptr(): 0 for each in model.parameters()}

    def pack(tensor):
        storage = tensor.untyped_storage()
        kept.setdefault(storage.data_ptr(), storage.nbytes())
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        output = model(IDS_BT, cache)  # alive until all is counted
    del output
    return sum(kept.values())


@pytest.mark.parametrize("moe", [True, False], ids=["mixture", "dense"])
@pytest.mark.parametrize("in_bfloat16", [False, True], ids=["float32", "bfloat16"])
def test_gradients_are_the_same_to_the_bit(make_config, make_model, moe, in_bfloat16):
    model = make_model(make_config(moe=moe)).train()

    with torch.autocast("cpu", torch.bfloat16, enabled=in_bfloat16):
        expected, usage = train(model)
        model.recompute = True
        grads, usage_again = train(model)

    assert all(map(torch.equal, grads, expected))
    assert all(map(torch.equal, usage_again, usage))


def test_the_experts_of_a_token_are_chosen_once(make_model):
    model, n_calls = make_model().train(), []
    for block in model.blocks[1:]:
        block.feed_forward.router.register_forward_hook(lambda *_: n_calls.append(1))
    model.recompute = True

    _, usage = train(model)

    assert len(n_calls) == 2
    assert usage.loads_ME.sum(-1).tolist() == [2 * 39 * 2] * 2


@pytest.mark.parametrize(("moe", "share"), [(True, 0.45), (False, 0.35)], ids=["mixture", "dense"])
def test_less_is_kept(make_config, make_model, moe, share):
    model = make_model(make_config(moe=moe)).train()
    all_bytes = kept_bytes(model)

    model.recompute = True

    assert kept_bytes(model) < share * all_bytes


def test_what_reads_a_cache_is_not_computed_again(make_config, make_model):
    """It would be appended to the cache again."""
    model = make_model()

    def with_cache():
        return KVCache(make_config(), 2, 40, torch.float32, torch.device("cpu"))

    all_bytes = kept_bytes(model, with_cache())
    model.recompute = True

    assert kept_bytes(model, with_cache()) == all_bytes

"""Kernels and blocks: compiled, they compute what they compute as they are written."""

import copy
import os
from pathlib import Path

import pytest
import torch

from alm.model import attention, mean_cross_entropy, moe
from alm.model.fusion import CACHE, Kernel, compile_blocks, compiled_kernels, kernel
from alm.model.sight import Sight

pytestmark = pytest.mark.filterwarnings("ignore")  # torch compiles with deprecated parts of its own

IDS_BT = torch.arange(3 * 40).view(3, 40) * 7 % 160


@pytest.fixture
def traced(monkeypatch, forget):
    """Trace as ever, and leave out what would take a C++ compiler; list what is traced."""
    compile_whole, names = torch.compile, []

    def trace(function, *, options, **how):
        names.append(function.__name__)
        return compile_whole(function, backend="eager", **how)

    monkeypatch.setattr(torch, "compile", trace)
    return names


def train(model, ids_BT=IDS_BT, dtype=torch.bfloat16):
    """Return the loss and all gradients of one pass."""
    model.zero_grad()
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        hidden_BTD = model(ids_BT).hidden_BTD
        value = mean_cross_entropy(hidden_BTD.flatten(0, 1), model.head_weight, ids_BT.flatten())
    value.backward()
    return [value.detach(), *(parameter.grad.clone() for parameter in model.parameters())]


def test_every_kernel_is_traced_whole_and_gives_what_it_gives_as_written(
    make_model, traced, kernels
):
    model = make_model()
    expected = train(model, dtype=torch.float32)

    with compiled_kernels(Path("unused")):
        found = train(model, dtype=torch.float32)

    assert sorted(traced) == sorted(each.__name__ for each in kernels)
    torch.testing.assert_close(found, expected)


def test_nothing_is_compiled_that_was_not_asked_for(make_model, listed):
    model = make_model()

    with compiled_kernels(Path("unused"), enabled=False):
        train(model)
    train(model)

    assert not listed


def test_the_cache_is_named_while_kernels_are_compiled_and_no_longer(monkeypatch, tmp_path):
    monkeypatch.setenv(CACHE, "theirs")

    with compiled_kernels(tmp_path):
        assert os.environ[CACHE] == str(tmp_path)
    assert os.environ[CACHE] == "theirs"

    monkeypatch.delenv(CACHE)
    with pytest.raises(KeyError), compiled_kernels(tmp_path):
        raise KeyError
    assert CACHE not in os.environ
    assert not Kernel.compiles


def test_training_and_validation_share_what_is_compiled_whatever_their_sizes(forget, monkeypatch):
    compile_whole, graphs = torch.compile, []

    def keep(graph, _inputs):
        graphs.append(graph)
        return graph.forward

    monkeypatch.setattr(
        torch, "compile", lambda f, **_: compile_whole(f, backend=keep, dynamic=True)
    )
    double = kernel(lambda x: 2 * x)

    with compiled_kernels(Path("unused")):
        double(torch.ones(3, 4, requires_grad=True))
        with torch.no_grad():
            double(torch.ones(5, 6))

    assert len(graphs) == 1


def test_compiled_blocks_give_what_blocks_give(make_config, make_model, forget):
    model = make_model(make_config(n_layers=2))
    twin = copy.deepcopy(model)
    compile_blocks(twin.blocks, backend="eager")

    torch.testing.assert_close(train(twin, dtype=torch.float32), train(model, dtype=torch.float32))
    assert list(twin.state_dict()) == list(model.state_dict())


@pytest.fixture
def as_on_a_gpu(monkeypatch, forget):
    """Let the network decide as on a GPU with a grouped kernel."""
    monkeypatch.setattr(attention, "goes_by_blocks", lambda *_: False)
    monkeypatch.setattr(moe, "has_kernel", lambda *_: True)
    monkeypatch.setattr(moe, "padding", lambda _: 1)
    monkeypatch.setattr(Sight, "mask", None)  # which is there before blocks begin


@pytest.mark.parametrize(("experts", "n_kinds"), [(False, 1), (True, 2)])
@pytest.mark.parametrize("recompute", [False, True])
def test_blocks_of_one_kind_are_compiled_once_and_in_one_piece(
    make_config, make_model, as_on_a_gpu, experts, n_kinds, recompute
):
    model, inputs = make_model(make_config(moe=experts, n_layers=5)), []
    model.recompute = recompute
    compile_blocks(model.blocks, backend=lambda graph, given: inputs.append(given) or graph.forward)

    train(model)
    assert len(inputs) == n_kinds

    train(model, IDS_BT[:, :30])  # compiled for this size, and not for any
    assert len(inputs) == 2 * n_kinds
    assert not [each for given in inputs for each in given if isinstance(each, torch.SymInt)]


def test_other_loads_of_experts_compile_nothing_anew(
    make_config, make_model, as_on_a_gpu, monkeypatch
):
    """Without a grouped kernel each expert has rows of its own number, another in every step."""
    monkeypatch.setattr(moe, "has_kernel", lambda *_: False)
    model, graphs = make_model(make_config(n_layers=3)), []
    compile_blocks(model.blocks, backend=lambda graph, _: graphs.append(graph) or graph.forward)

    train(model, dtype=torch.float32)
    n_first = len(graphs)
    for shift in range(1, 4):
        train(model, (IDS_BT * 3 + 31 * shift) % 160, dtype=torch.float32)

    assert len(graphs) == n_first


@pytest.mark.nightly
def test_compiled_kernels_are_near_and_the_same_in_every_run(make_model, forget, tmp_path):
    """Twice, with what was compiled the first time: an interrupted run must go on with its bits."""
    model, runs = make_model(), []
    expected = train(model)
    for _ in range(2):
        torch._dynamo.reset()
        with compiled_kernels(tmp_path):
            runs.append(train(model))

    assert all(map(torch.equal, *runs))
    for one, other in zip(runs[0], expected, strict=True):
        assert torch.cosine_similarity(one.flatten(), other.flatten(), dim=0) > 0.99
    assert not [
        path for path in tmp_path.rglob("*") if "pickle" in path.name or "fxgraph" in path.name
    ]

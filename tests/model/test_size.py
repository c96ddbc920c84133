"""Size: every number against a network that was really built, or against what it ran."""

import re
from pathlib import Path

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from alm.config import WindowConfig, list_models, load_model_config
from alm.model import KVCache, Transformer, attention, describe, mean_cross_entropy

REPO = Path(__file__).parents[2]
WINDOW = WindowConfig(size=40, full_every=2)
UNITS = {"G": 1e9, "M": 1e6, "k": 1e3}


def build(config):
    with torch.device("meta"):
        return Transformer(config, config.vocab_size)


def claimed(name):
    """Read the counts in the comment that a shape starts with: total, and active if it differs."""
    first = (REPO / "configs" / "models" / f"{name}.yaml").read_text().splitlines()[0]
    return [float(n) * UNITS[unit] for n, unit in re.findall(r"([\d.]+) ([GMk])\b", first)]


@pytest.mark.parametrize("name", list_models(REPO))
def test_count_equals_that_of_the_network_built(name):
    config = load_model_config(name, REPO)

    size = describe(config, config.vocab_size, 128)

    assert size.n_parameters == sum(p.numel() for p in build(config).parameters())


@pytest.mark.parametrize("name", list_models(REPO))
def test_counts_are_what_the_shape_says_of_itself(name):
    config = load_model_config(name, REPO)
    size = describe(config, config.vocab_size, 128)

    found = [size.n_parameters, size.n_active][: 2 if config.moe else 1]

    assert claimed(name) == pytest.approx(found, rel=0.02 if size.n_parameters > 1e7 else 0.05)


def test_untied_network_has_two_embeddings(make_config):
    tied, untied = (describe(make_config(tied_embeddings=t), 160, 64) for t in (True, False))

    assert untied.n_parameters == sum(p.numel() for p in build(make_config()).parameters())
    assert untied.n_embedding == 2 * tied.n_embedding == 2 * 160 * 64


def test_active_parameters_are_those_with_a_gradient_from_one_token(make_config, make_model):
    model = make_model(make_config(tied_embeddings=True))

    mean_cross_entropy(
        model(torch.tensor([[7]])).hidden_BTD[0], model.head_weight, torch.tensor([3])
    ).backward()

    moved = 0
    for name, p in model.named_parameters():
        experts = p.grad.flatten(1).any(-1) if p.ndim == 3 else torch.ones(1, dtype=torch.bool)
        moved += int(experts.sum()) * (p.numel() // len(experts))
        assert not name.endswith("router.weight") or p.grad.any()
    assert describe(model.config, 160, 64).n_active == moved


@pytest.mark.parametrize("moe", [True, False], ids=["mixture", "dense"])
def test_flops_are_those_that_torch_counts(make_config, make_model, moe, monkeypatch):
    """Torch counts whole score matrices, of which a causal kernel needs half; we leave the loss."""
    config = make_config(moe=moe, n_experts=2)  # both chosen by 64 tokens: no row fills up
    model, n_tokens = make_model(config), 64
    size = describe(config, 160, n_tokens)

    monkeypatch.setattr(attention, "goes_by_blocks", lambda q, sight: False)
    missed = {torch.ops.aten.addmm_: lambda y, a, b, **_: 2 * a[0] * a[1] * b[1]}
    counting = FlopCounterMode(display=False, custom_mapping=missed)
    with counting as counter, sdpa_kernel(SDPBackend.MATH):
        hidden_BTD = model(torch.arange(n_tokens).view(1, -1)).hidden_BTD
        model.logits(hidden_BTD).sum().backward()

    skipped_half = 6 * config.n_layers * config.n_heads * config.d_head * n_tokens
    assert counter.get_total_flops() / n_tokens == size.flops_per_token + skipped_half


@pytest.mark.parametrize("window", [1, 16, 64, 500])
def test_a_windowed_layer_costs_what_its_tokens_see(make_config, window):
    """Counted token by token; a token sees half of itself, as a mean over the triangle has it."""
    n_tokens, changes = 256, {"moe": False, "n_layers": 2}
    config = make_config(window=WindowConfig(size=window, full_every=2), **changes)
    full, found = (describe(each, 160, n_tokens) for each in (make_config(**changes), config))

    saved = sum(t + 1 - min(t + 1, window) for t in range(n_tokens)) / n_tokens
    expected = 12 * config.n_heads * config.d_head * saved
    assert full.flops_per_token - found.flops_per_token == pytest.approx(expected, rel=0.02, abs=99)


@pytest.mark.parametrize("moe", [True, False], ids=["mixture", "dense"])
def test_muon_costs_the_products_of_its_iteration(make_config, moe):
    """Every matrix but embedding, output and router."""
    config = make_config(moe=moe)
    matrices = [
        p
        for name, p in build(config).named_parameters()
        if p.ndim > 1 and not name.startswith(("embed", "head")) and "router" not in name
    ]

    with FlopCounterMode(display=False) as counter:
        for matrix in matrices:
            x = matrix if matrix.shape[-2] <= matrix.shape[-1] else matrix.mT
            gram = x @ x.mT
            (gram @ gram) @ x

    assert describe(config, 160, 64).muon_flops == counter.get_total_flops()


@pytest.mark.parametrize("recompute", [False, True], ids=["kept", "recomputed"])
@pytest.mark.parametrize(
    ("changes", "n_tokens", "n_weights"),
    [
        ({}, 256, 32 * (32 + 256) / 2 / 32),
        ({"moe": False}, 256, 32 * (32 + 256) / 2 / 32),
        ({"moe": False}, 640, 0),
        ({"moe": False, "window": WINDOW}, 640, (32 * (32 + 64) + 576 * 96) / 640),
    ],
    ids=["mixture", "dense", "long rows", "windows"],
)
def test_activations_are_those_that_autograd_keeps(
    make_config, make_model, changes, n_tokens, n_weights, recompute
):
    """``n_weights``: of values, that a token keeps a head, with blocks of 32 queries."""
    config = make_config(**({"d_expert": 64, "n_experts": 2} | changes))
    model = make_model(config)
    model.recompute = recompute
    own = {p.untyped_storage().data_ptr() for p in [*model.parameters(), *model.buffers()]}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        output = model(torch.randint(160, (1, n_tokens)))
        hidden_SD = output.hidden_BTD[0]
        loss = mean_cross_entropy(hidden_SD, model.head_weight, torch.zeros(n_tokens).long())

    n_bytes = sum(storage.nbytes() for storage in kept.values()) - 4 * model.head_weight.numel()
    assert loss.requires_grad
    size = describe(config, 160, n_tokens)
    expected = size.activation_bytes_per_token
    if recompute:  # the largest part, attention, is there in the backward pass alone
        expected = size.recomputed_bytes_per_token - 4 * (2 * 64 + 3 * 32 * 6 + 4 * n_weights)
    assert n_bytes / n_tokens == pytest.approx(expected, rel=0.1)


def test_cache_has_as_many_bytes_as_said(make_config):
    config = make_config()
    cache = KVCache(config, 1, 10, torch.float32, torch.device("cpu"))

    n_bytes = cache._keys_LBGTH.nbytes + cache._values_LBGTH.nbytes

    assert describe(config, 160, 10).kv_bytes == n_bytes


def test_training_state_is_three_or_four_numbers_a_parameter(make_config):
    size = describe(make_config(), 160, 64)

    assert 12 * size.n_parameters < size.state_bytes < 16 * size.n_parameters


def test_training_holds_the_best_weights_besides(make_config):
    size = describe(make_config(), 160, 64)
    of_rows = 64 * size.activation_bytes_per_token

    least = size.state_bytes + of_rows + 4 * size.n_parameters
    assert least <= size.training_bytes <= least + 2**28


def test_int8_is_a_little_over_a_quarter_of_float32():
    config = load_model_config("pico", REPO)
    size = describe(config, config.vocab_size, 512)

    assert size.int8_bytes == pytest.approx(size.n_parameters * 34 / 32, rel=0.01)


def test_budget_that_holds_generating_may_be_too_small_for_training():
    config = load_model_config("base", REPO)
    size = describe(config, config.vocab_size, 1024)

    assert [tuple(size.fits(gb)) for gb in (1, 4, 7.7, 18)] == [
        (False, False, False),
        (False, False, True),
        (False, True, True),
        (True, True, True),
    ]

"""KVCache: the logits of a sequence do not depend on how many calls it took to read it."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alm.config import RopeScaling, WindowConfig
from alm.errors import InputError
from alm.model import KVCache

T = 90
CPU = torch.device("cpu")


SHAPES = {
    "rotary": {},
    "stretched": {"rope_scaling": RopeScaling(factor=4.0, original_seq_len=32)},
    "window": {"window": WindowConfig(size=20, full_every=2)},
    "ALiBi": {"position": "alibi"},
    "ALiBi in a window": {"position": "alibi", "window": WindowConfig(size=7, full_every=3)},
}


@pytest.fixture
def model(make_model):
    return make_model()


@pytest.fixture
def ids_BT():
    return torch.randint(160, (2, T), generator=torch.Generator().manual_seed(1))


def new_cache(model, length=T, dtype=torch.float32):
    return KVCache(model.config, 2, length, dtype, CPU)


@torch.no_grad()
def read(model, ids_BT, cuts=(), cache=None):
    """Return the logits of ``ids_BT``, read in pieces that end at ``cuts``."""
    pieces = ids_BT.tensor_split(list(cuts), dim=1)
    return torch.cat([model.logits(model(p, cache).hidden_BTD) for p in pieces], dim=1)


CUTS = {
    "prompt at once, then one by one": range(60, T),
    "one by one from the start": range(1, T),
    "two pieces": [37],
    "pieces of all sizes": [1, 2, 5, 40, 41, 80],
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS.keys())
def test_logits_and_greedy_tokens_equal_those_without_a_cache(
    make_config, make_model, ids_BT, cuts, shape
):
    model = make_model(make_config(**shape))
    whole = read(model, ids_BT)

    cached = read(model, ids_BT, cuts, new_cache(model))

    assert (cached - whole).abs().max() <= 1e-4
    top_two = whole.topk(2).values
    clear = top_two[..., 0] - top_two[..., 1] > 1e-3
    assert clear.float().mean() > 0.9
    assert torch.equal(cached.argmax(-1)[clear], whole.argmax(-1)[clear])


@given(
    size=st.integers(1, 40),
    full_every=st.integers(2, 4),
    cuts=st.lists(st.integers(1, 39), max_size=4, unique=True).map(sorted),
    position=st.sampled_from(["rope", "alibi"]),
)
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_window_read_in_any_pieces_gives_what_it_gives_at_once(
    make_config, make_model, ids_BT, size, full_every, cuts, position
):
    window = WindowConfig(size=size, full_every=full_every)
    model = make_model(make_config(moe=False, window=window, position=position))

    cached = read(model, ids_BT[:, :40], cuts, new_cache(model, 40))

    assert (cached - read(model, ids_BT[:, :40])).abs().max() <= 1e-4


def test_truncated_cache_reads_on_as_if_the_rest_had_never_been(model, ids_BT):
    cache = new_cache(model)
    read(model, ids_BT, [], cache)

    cache.truncate(50)
    other = read(model, ids_BT.flip(0)[:, 50:], [60 - 50], cache)

    mixed = torch.cat([ids_BT[:, :50], ids_BT.flip(0)[:, 50:]], dim=1)
    assert cache.length == T
    assert (other - read(model, mixed)[:, 50:]).abs().max() <= 1e-4


def test_truncating_beyond_the_end_changes_nothing(model, ids_BT):
    cache = new_cache(model)
    read(model, ids_BT[:, :5], [], cache)

    cache.truncate(80)

    assert cache.length == 5


def test_bfloat16_cache_is_near(model, ids_BT):
    cached = read(model, ids_BT, [50], new_cache(model, dtype=torch.bfloat16))

    difference = (cached - read(model, ids_BT)).abs()
    assert difference.max() > 0
    assert difference.mean() < 0.05


def test_full_cache_is_an_error_that_leaves_it_as_it_was(model, ids_BT):
    cache = new_cache(model, length=10)
    read(model, ids_BT[:, :8], [], cache)

    with pytest.raises(InputError, match="at most 10 tokens, found 8 and 3 more"):
        model(ids_BT[:, :3], cache)

    assert cache.length == 8

"""Context: documents, windows and positions as a whole network sees them."""

import pytest
import torch
import transformers

from alm.config import RopeScaling, WindowConfig
from alm.model import KVCache
from alm.model.context import Contexts

CPU = torch.device("cpu")
LENGTHS = (13, 1, 40, 22)
T = sum(LENGTHS)
N_VOCAB = 160


def draw_ids(n_tokens, seed=1):
    return torch.randint(N_VOCAB, (1, n_tokens), generator=torch.Generator().manual_seed(seed))


# --- documents ------------------------------------------------------------------------------------

SHAPES = {
    "rotary": {},
    "window": {"window": WindowConfig(size=9, full_every=2)},
    "ALiBi": {"position": "alibi"},
}


@pytest.fixture(params=SHAPES.values(), ids=SHAPES.keys())
def model(make_config, make_model, request):
    return make_model(make_config(moe=False, n_heads=6, **request.param)).double()


def value_and_gradients(model, rows, documents):
    """Return the outputs of rows of tokens, and the parameters' gradients of their mean square."""
    model.zero_grad()
    pairs = zip(rows, documents, strict=True)
    hidden_TD = torch.cat([model(ids, documents_BT=d).hidden_BTD.flatten(0, 1) for ids, d in pairs])
    hidden_TD.square().mean().backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]  # the head is not asked
    return [hidden_TD.detach(), *grads]


def numbers():
    return torch.repeat_interleave(torch.arange(len(LENGTHS)), torch.tensor(LENGTHS))[None]


def test_packed_row_gives_what_each_document_gives_alone(model):
    """Only distances between tokens count, so it does not matter where a document begins."""
    ids_BT = draw_ids(T)

    packed = value_and_gradients(model, [ids_BT], [numbers().int()])

    alone = value_and_gradients(model, ids_BT.split(LENGTHS, 1), [None] * len(LENGTHS))
    for ours, expected in zip(packed, alone, strict=True):
        assert (ours - expected).abs().max() <= 1e-5 * expected.abs().max().clamp(min=1)
    joined = value_and_gradients(model, [ids_BT], [None])
    assert (joined[0] - packed[0]).abs().max() > 0.1


def test_rows_of_a_batch_have_documents_of_their_own(model):
    ids_BT, other_BT = draw_ids(T), numbers().flip(1)
    both = torch.cat([numbers(), other_BT])

    together = model(ids_BT.expand(2, -1), documents_BT=both).hidden_BTD

    for row, documents_BT in zip(together, (numbers(), other_BT), strict=True):
        torch.testing.assert_close(row[None], model(ids_BT, documents_BT=documents_BT).hidden_BTD)


def test_one_document_is_as_none(model):
    ids_BT = draw_ids(T)

    one = model(ids_BT, documents_BT=torch.full((1, T), 3)).hidden_BTD

    torch.testing.assert_close(one, model(ids_BT).hidden_BTD)


def test_documents_and_a_cache_are_refused_together(model):
    cache = KVCache(model.config, 1, T, torch.float64, CPU)

    with pytest.raises(ValueError, match="documents_BT or a cache, found both"):
        model(draw_ids(T), cache, numbers())


# --- windows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_layers", "full_every", "expected"),
    [(6, 3, [4, 4, None, 4, 4, None]), (5, 2, [4, None, 4, None, None]), (3, 9, [4, 4, None])],
)
def test_so_manieth_and_last_layers_see_everything(make_config, n_layers, full_every, expected):
    window = WindowConfig(size=4, full_every=full_every)

    assert list(Contexts(make_config(n_layers=n_layers, window=window)).windows) == expected


def test_without_windows_every_layer_sees_everything(make_config):
    assert Contexts(make_config()).windows == (None, None, None)


def test_through_windows_alone_nothing_farther_than_their_sum_is_seen(make_config, make_model):
    model = make_model(make_config(moe=False, window=WindowConfig(size=4, full_every=9)))
    model.blocks = model.blocks[:2]  # without the last layer
    model.contexts.windows = model.contexts.windows[:2]
    ids_BT = draw_ids(30)
    changed_BT = ids_BT.clone()
    changed_BT[:, 10] = (ids_BT[:, 10] + 1) % N_VOCAB

    moved = (model(ids_BT).hidden_BTD - model(changed_BT).hidden_BTD).abs().amax(-1)[0] > 1e-6

    assert moved.nonzero().flatten().tolist() == list(range(10, 17))


# --- positions ------------------------------------------------------------------------------------


def their_name(name):
    """Name a dense network's parameter as transformers does."""
    if not name.startswith("blocks."):
        parts = {"embed": "model.embed_tokens", "norm": "model.norm", "head": "lm_head"}
        return f"{parts[name.split('.')[0]]}.weight"
    _, layer, part, *rest = name.split(".")
    norms = {"attention_norm": "input_layernorm", "feed_forward_norm": "post_attention_layernorm"}
    if part in norms:
        return f"model.layers.{layer}.{norms[part]}.weight"
    if part == "feed_forward":
        return f"model.layers.{layer}.mlp.{rest[0]}_proj.weight"
    kind = rest[0] if rest[0].endswith("norm") else f"{rest[0]}_proj"
    return f"model.layers.{layer}.self_attn.{kind}.weight"


def build_theirs(model):
    """Build Qwen3 with the same windows, rotation and weights."""
    config, rope = model.config, {"rope_type": "default", "rope_theta": model.config.rope_theta}
    if scaling := config.rope_scaling:
        rope |= {"rope_type": "yarn", "factor": scaling.factor}
        rope |= {"original_max_position_embeddings": scaling.original_seq_len}
    sizes = Contexts(config).windows
    theirs = transformers.Qwen3ForCausalLM(
        transformers.Qwen3Config(
            vocab_size=config.vocab_size,
            hidden_size=config.d_model,
            intermediate_size=config.d_ff,
            num_hidden_layers=config.n_layers,
            num_attention_heads=config.n_heads,
            num_key_value_heads=config.n_kv_heads,
            head_dim=config.d_head,
            max_position_embeddings=128,
            rms_norm_eps=config.norm_eps,
            tie_word_embeddings=False,
            rope_parameters=rope,
            use_sliding_window=any(sizes),
            sliding_window=config.window and config.window.size,
            layer_types=["sliding_attention" if size else "full_attention" for size in sizes],
            attn_implementation="eager",
            pad_token_id=None,
        )
    )
    theirs.load_state_dict({their_name(n): p for n, p in model.state_dict().items()})
    return theirs.eval()


STRETCHED = RopeScaling(factor=4.0, original_seq_len=32)
WINDOW = WindowConfig(size=11, full_every=2)


@pytest.mark.parametrize(
    "changes",
    [{}, {"window": WINDOW}, {"rope_scaling": STRETCHED}],
    ids=["plain", "window", "stretched"],
)
@torch.no_grad()
def test_logits_are_those_of_transformers(make_config, make_model, changes):
    model = make_model(make_config(moe=False, n_layers=4, **changes))
    ids_BT = draw_ids(100)

    ours = model.logits(model(ids_BT).hidden_BTD)

    assert (ours - build_theirs(model)(ids_BT).logits).abs().max() <= 1e-4
    if changes:
        plain = make_model(make_config(moe=False, n_layers=4))
        assert (ours - plain.logits(plain(ids_BT).hidden_BTD)).abs().max() > 1e-2


def test_alibi_turns_nothing_and_tells_positions_apart_all_the_same(make_config, make_model):
    model = make_model(make_config(moe=False, position="alibi"))
    ids_BT = torch.tensor([[5, 5, 9, 5]])

    context = model.contexts.read(ids_BT, None, None, None)[0]
    last = [model(ids).hidden_BTD[0, -1] for ids in (ids_BT, ids_BT[:, [0, 2, 1, 3]])]

    assert (context.rotation.cos_T1H == 1).all()
    assert (context.rotation.sin_T1H == 0).all()
    assert (last[0] - last[1]).abs().max() > 1e-3

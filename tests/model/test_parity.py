"""The same logits as transformers.

Glm4MoeForCausalLM for sigmoid routers, Qwen3MoeForCausalLM for softmax, Qwen3ForCausalLM for dense.
"""

import re

import pytest
import torch
import transformers

from alm.model import head_norm, rotary, router

T = 96
TOLERANCE = 1e-4
CLEAR = 1e-2  # a mistake shows at least this much
MIN_MOVED = 0.1  # share of tokens whose experts the selection bias must change

# Our name -> theirs, in memory: transformers keeps experts stacked, gate and up in one.
NAMES = {
    r"embed\.": "model.embed_tokens.",
    r"head\.": "lm_head.",
    r"norm\.": "model.norm.",
    r"blocks\.(\d+)\.attention_norm\.": r"model.layers.\1.input_layernorm.",
    r"blocks\.(\d+)\.attention\.([qkvo])\.": r"model.layers.\1.self_attn.\2_proj.",
    r"blocks\.(\d+)\.attention\.([qk])_norm\.": r"model.layers.\1.self_attn.\2_norm.",
    r"blocks\.(\d+)\.feed_forward_norm\.": r"model.layers.\1.post_attention_layernorm.",
    r"blocks\.(\d+)\.feed_forward\.(gate|up|down)\.": r"model.layers.\1.mlp.\2_proj.",
    r"blocks\.(\d+)\.feed_forward\.shared\.(\w+)\.": r"model.layers.\1.mlp.shared_experts.\2_proj.",
    r"blocks\.(\d+)\.feed_forward\.router\.weight": r"model.layers.\1.mlp.gate.weight",
    r"blocks\.(\d+)\.feed_forward\.router\.selection_bias": (
        r"model.layers.\1.mlp.gate.e_score_correction_bias"
    ),
    r"blocks\.(\d+)\.feed_forward\.experts\.w_down_EDF": r"model.layers.\1.mlp.experts.down_proj",
}


def their_weights(model):
    """Rename our weights; a tied network's embedding is written twice."""
    ours = dict(model.state_dict())
    theirs = {"lm_head.weight": ours["embed.weight"]}
    for name in [name for name in ours if name.endswith("w_gate_EFD")]:
        up = ours.pop(name.replace("gate", "up"))
        layer = name.split(".")[1]
        stacked_EFD = torch.cat([ours.pop(name), up], dim=1)
        theirs[f"model.layers.{layer}.mlp.experts.gate_up_proj"] = stacked_EFD
    for name, tensor in ours.items():
        pattern = next(p for p in NAMES if re.match(p, name))
        theirs[re.sub(pattern, NAMES[pattern], name)] = tensor
    return theirs


def common_settings(config):
    return {
        "vocab_size": config.vocab_size,
        "hidden_size": config.d_model,
        "intermediate_size": config.d_ff,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.d_head,
        "max_position_embeddings": 4 * T,
        "rms_norm_eps": config.norm_eps,
        "attention_bias": False,
        "hidden_act": "silu",
        "tie_word_embeddings": config.tied_embeddings,
        "pad_token_id": None,
    }


def build_theirs(config):
    """Build their network; every default that differs from ours is set (each is silent)."""
    rope = {"rope_type": "default", "rope_theta": config.rope_theta}
    if config.moe is None:
        settings = transformers.Qwen3Config(**common_settings(config), rope_parameters=rope)
        return transformers.Qwen3ForCausalLM(settings)
    if config.moe.router == "softmax":
        return transformers.Qwen3MoeForCausalLM(qwen3_moe_settings(config, rope))
    settings = transformers.Glm4MoeConfig(
        **common_settings(config),
        rope_parameters=rope | {"partial_rotary_factor": 1.0},  # theirs: 0.5
        use_qk_norm=True,  # theirs: False
        first_k_dense_replace=config.moe.n_dense_layers,
        n_routed_experts=config.moe.n_experts,
        num_experts_per_tok=config.moe.n_experts_per_token,
        n_shared_experts=config.moe.n_shared_experts,
        moe_intermediate_size=config.moe.d_expert,
        n_group=1,
        topk_group=1,
        norm_topk_prob=config.moe.n_experts_per_token > 1,
        routed_scaling_factor=1.0,
        num_nextn_predict_layers=0,  # theirs: one more layer
    )
    return transformers.Glm4MoeForCausalLM(settings)


def qwen3_moe_settings(config, rope):
    return transformers.Qwen3MoeConfig(
        **common_settings(config),
        rope_parameters=rope,
        mlp_only_layers=list(range(config.moe.n_dense_layers)),
        num_experts=config.moe.n_experts,
        num_experts_per_tok=config.moe.n_experts_per_token,
        moe_intermediate_size=config.moe.d_expert,
        norm_topk_prob=config.moe.n_experts_per_token > 1,
    )


@pytest.fixture
def largest_difference(make_model):
    """Return the largest difference of any logit, on sequences longer than a block of theirs."""

    def compare(config):
        model, theirs = make_model(config), build_theirs(config).eval()
        theirs.load_state_dict(their_weights(model), strict=True)
        theirs.set_attn_implementation("eager")
        ids_BT = torch.randint(
            config.vocab_size, (2, T), generator=torch.Generator().manual_seed(1)
        )
        with torch.no_grad():
            ours = model.logits(model(ids_BT).hidden_BTD)
            return (ours - theirs(ids_BT).logits).abs().max().item()

    return compare


SHAPES = {
    "mixture": {},
    "mixture, tied": {"tied_embeddings": True},
    "mixture, two shared experts": {"n_shared_experts": 2},
    "mixture, top-3, other theta": {"n_experts_per_token": 3, "rope_theta": 5e4},
    "mixture, top-1": {"n_experts_per_token": 1},
    "softmax": {"router": "softmax", "n_shared_experts": 0},
    "softmax, top-1": {"router": "softmax", "n_shared_experts": 0, "n_experts_per_token": 1},
    "softmax, both of two": {"router": "softmax", "n_shared_experts": 0, "n_experts": 2},
    "dense": {"moe": False},
    "dense, tied": {"moe": False, "tied_embeddings": True},
}


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES.keys())
def test_logits_equal_those_of_transformers(make_config, largest_difference, changes):
    assert largest_difference(make_config(**changes)) <= TOLERANCE


def test_selection_bias_changes_the_experts_of_a_tenth_of_the_tokens(make_model, monkeypatch):
    """Without this, the comparison above could not see a bias that is ignored."""
    moved = []

    def choose(scores_SE, bias_E, k):
        with_bias, without = (right(scores_SE, bias, k) for bias in (bias_E, 0 * bias_E))
        moved.append((with_bias.sort(-1).values != without.sort(-1).values).any(-1))
        return with_bias

    right = router.choose
    monkeypatch.setattr(router, "choose", choose)
    model = make_model()
    model(torch.randint(160, (2, T), generator=torch.Generator().manual_seed(1)))

    assert len(moved) == 2
    assert all(layer.float().mean() >= MIN_MOVED for layer in moved)


def turn_neighbours(x_BTNH, cos_T1H, sin_T1H):
    """Rotate components 2i and 2i + 1 together, as the paper does."""
    half = x_BTNH.shape[-1] // 2
    cos_T1H, sin_T1H = cos_T1H[..., :half], sin_T1H[..., half:]
    even, odd = x_BTNH[..., ::2], x_BTNH[..., 1::2]
    turned = [even * cos_T1H - odd * sin_T1H, odd * cos_T1H + even * sin_T1H]
    return torch.stack(turned, dim=-1).flatten(-2)


def ignore_bias(scores_SE, bias_E, k):
    return torch.topk(scores_SE, k, dim=-1).indices


MISTAKES = {
    "selection bias ignored": (router, "choose", ignore_bias),
    "softmax instead of sigmoid": (router, "score", lambda logits_SE, _: logits_SE.softmax(-1)),
    "neighbours rotated instead of halves": (head_norm, "turn", turn_neighbours),
    "weights not normalised": (router, "weigh", lambda s_SE, e_SK: s_SE.gather(-1, e_SK)),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_planted_mistake_breaks_the_equality(make_config, largest_difference, monkeypatch, mistake):
    monkeypatch.setattr(*mistake)

    assert largest_difference(make_config()) > CLEAR


def test_planted_rotation_is_a_rotation():
    """So the comparison sees which components are paired, not that lengths are lost."""
    x_BTNH = torch.randn(1, 5, 2, 8, generator=torch.Generator().manual_seed(0))
    cos_T1H, sin_T1H = rotary.Rotary(8, 100.0)(0, 5, torch.device("cpu"))
    turned_BTNH = turn_neighbours(x_BTNH, cos_T1H, sin_T1H)

    torch.testing.assert_close(turned_BTNH.norm(dim=-1), x_BTNH.norm(dim=-1))

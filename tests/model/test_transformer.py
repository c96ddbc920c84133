"""Transformer: what the whole network promises, whatever its parts are."""

import pytest
import torch

from alm.errors import ConfigError
from alm.model import Transformer, mean_cross_entropy

IDS_BT = torch.randint(160, (2, 40), generator=torch.Generator().manual_seed(1))


def language_loss(model, ids_BT=IDS_BT):
    hidden_SD = model(ids_BT[:, :-1]).hidden_BTD.flatten(0, 1)
    return mean_cross_entropy(hidden_SD, model.head_weight, ids_BT[:, 1:].flatten())


@pytest.mark.parametrize("moe", [True, False], ids=["mixture", "dense"])
def test_a_later_token_never_changes_an_earlier_logit(make_config, make_model, moe):
    model = make_model(make_config(moe=moe))
    changed_BT = IDS_BT.clone()
    changed_BT[:, 25:] = (changed_BT[:, 25:] + 1) % 160

    before, after = (model.logits(model(ids).hidden_BTD) for ids in (IDS_BT, changed_BT))

    torch.testing.assert_close(before[:, :25], after[:, :25], rtol=0, atol=1e-5)
    assert (before[:, 25:] - after[:, 25:]).abs().max() > 0.1


def test_sequences_of_a_batch_do_not_see_each_other(make_model):
    model = make_model()

    together, alone = model(IDS_BT).hidden_BTD[:1], model(IDS_BT[:1]).hidden_BTD

    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


def test_language_loss_alone_trains_every_parameter(make_model):
    """Every expert and the router among them."""
    model = make_model()

    language_loss(model).backward()

    for name, parameter in model.named_parameters():
        grad = parameter.grad.flatten(1) if parameter.ndim == 3 else parameter.grad[None]
        assert grad.any(-1).all() if name.endswith(("EFD", "EDF")) else grad.any(), name


def test_usage_reported_is_that_of_the_mixtures(make_model):
    model = make_model()

    usage = model(IDS_BT).usage

    assert usage.loads_ME.shape == usage.shares_ME.shape == (2, 8)
    assert usage.loads_ME.sum(-1).tolist() == [IDS_BT.numel() * 2] * 2
    assert usage.shares_ME.dtype == usage.z_loss.dtype == torch.float32
    assert usage.z_loss.item() > 0


def test_dense_network_reports_no_usage(make_config, make_model):
    usage = make_model(make_config(moe=False))(IDS_BT).usage

    assert usage.loads_ME.shape == usage.shares_ME.shape == (0, 0)
    assert usage.loads_ME.dtype == torch.int64
    assert usage.z_loss.item() == 0


def test_bias_update_reaches_each_router_with_its_own_loads(make_model):
    model = make_model()
    routers = [block.feed_forward.router for block in model.blocks[1:]]
    before = [router.selection_bias.clone() for router in routers]
    loads_ME = torch.zeros(2, 8, dtype=torch.int64)
    loads_ME[0, 0] = loads_ME[1, 7] = 100

    model.update_selection_biases(loads_ME, rate=0.01)

    moves = [router.selection_bias - was for router, was in zip(routers, before, strict=True)]
    assert [move.argmin().item() for move in moves] == [0, 7]


def test_tied_network_reads_and_predicts_with_one_matrix(make_config, make_model):
    tied, untied = (make_model(make_config(tied_embeddings=tied)) for tied in (True, False))

    assert tied.head_weight is tied.embed.weight
    assert untied.head_weight is untied.head.weight
    language_loss(tied).backward()
    assert tied.embed.weight.grad.any(-1).all()  # also rows of tokens that were not read


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
def test_rows_beyond_the_tokenizer_are_never_predicted_nor_trained(make_config, make_model, tied):
    model = make_model(make_config(tied_embeddings=tied, vocab_size=200), n_vocab=160)

    logits = model.logits(model(IDS_BT).hidden_BTD)
    language_loss(model).backward()

    assert logits.shape[-1] == model.head_weight.shape[0] == 160
    matrix = model.embed if tied else model.head
    assert matrix.weight.grad[:160].any(-1).all()
    assert not matrix.weight.grad[160:].any()


def test_tokenizer_larger_than_the_shape_is_refused_by_both_names(make_config):
    with pytest.raises(ConfigError, match=r"at most 160 .*vocab_size.*found 161 .tokenizer.vocab"):
        Transformer(make_config(), 161)


@pytest.mark.parametrize("moe", [True, False], ids=["mixture", "dense"])
def test_bfloat16_autocast_is_near_float32_forward_and_backward(make_config, make_model, moe):
    model = make_model(make_config(moe=moe))
    losses, grads = [], []
    for enabled in (False, True):
        model.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            loss = language_loss(model)
        loss.backward()
        losses.append(loss.item())
        grads.append(torch.cat([p.grad.flatten() for p in model.parameters()]))

    assert grads[1].dtype == torch.float32
    assert losses[1] == pytest.approx(losses[0], rel=0.01)
    assert torch.cosine_similarity(*grads, dim=0) > 0.95


def test_model_cast_to_bfloat16_runs_without_autocast(make_model):
    model = make_model()
    expected = model.logits(model(IDS_BT).hidden_BTD)

    model.bfloat16()
    hidden_BTD = model(IDS_BT).hidden_BTD

    assert hidden_BTD.dtype == torch.bfloat16
    agree = model.logits(hidden_BTD).argmax(-1) == expected.argmax(-1)
    assert agree.float().mean() > 0.7


def test_same_step_gives_the_same_bits(make_model):
    grads = []
    for _ in range(2):
        model = make_model()
        language_loss(model).backward()
        grads.append([parameter.grad for parameter in model.parameters()])

    assert all(map(torch.equal, *grads))


def test_evaluation_in_between_does_not_disturb_training(make_model):
    """What inference mode makes must not be kept where autograd would meet it."""
    model = make_model()
    with torch.inference_mode():
        model(IDS_BT)

    language_loss(model).backward()

    assert model.embed.weight.grad.any()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_cuda_agrees_with_the_cpu(make_model, precision):
    losses, grads = [], []
    for device in ("cpu", "cuda"):
        model = make_model().to(device)
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
            loss = language_loss(model, IDS_BT.to(device))
        loss.backward()
        losses.append(loss.item())
        grads.append(torch.cat([p.grad.flatten().cpu() for p in model.parameters()]))

    close = 1e-4 if precision == "float32" else 0.02
    assert losses[1] == pytest.approx(losses[0], rel=close)
    assert torch.cosine_similarity(*grads, dim=0) > 1 - 5 * close

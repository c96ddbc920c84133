"""Cross-entropy in chunks: the plain loss and gradients, with a chunk of logits at a time."""

import pytest
import torch
import torch.nn.functional as F

from alm.model import chunked_cross_entropy, loss, mean_cross_entropy
from alm.model.loss import _fused_loss_and_slope, _stepwise_loss_and_slope

S, D, V = 50, 12, 37


@pytest.fixture
def case():
    generator = torch.Generator().manual_seed(0)
    hidden_SD = torch.randn(S, D, generator=generator).requires_grad_()
    weight_VD = torch.randn(V, D, generator=generator).requires_grad_()
    targets_S = torch.randint(V, (S,), generator=generator)
    targets_S[::7] = -1
    return hidden_SD, weight_VD, targets_S


@pytest.fixture(
    params=[(1, 1), (7, 7), (20, 7), (50, 7), (50, 50), (10_000, 10_000)],
    ids=lambda sizes: "chunks of {}, pieces of {}".format(*sizes),
)
def chunk(request, monkeypatch):
    """Cut so that the last chunk, and the last piece of one, is shorter, or the only one."""
    n_chunk, n_piece = request.param
    monkeypatch.setattr(loss, "CHUNK_BYTES", 4 * V * n_chunk)
    monkeypatch.setattr(loss, "CPU_PIECE_BYTES", 4 * V * n_piece)


def plain(hidden_SD, weight_VD, targets_S, reduction):
    logits_SV = hidden_SD @ weight_VD.T
    return F.cross_entropy(logits_SV, targets_S, ignore_index=-1, reduction=reduction)


@pytest.mark.usefixtures("chunk")
def test_each_tokens_loss_and_gradient_equal_the_plain_ones(case):
    ours, expected = chunked_cross_entropy(*case), plain(*case, "none")
    slope_S = torch.linspace(-1, 1, S)  # no mean, so that each token's own gradient counts

    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)
    grads = [torch.autograd.grad((nll * slope_S).sum(), case[:2]) for nll in (ours, expected)]
    torch.testing.assert_close(*grads, rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("chunk")
def test_mean_and_its_gradient_equal_the_plain_ones(case):
    ours, expected = mean_cross_entropy(*case), plain(*case, "mean")

    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)
    grads = [torch.autograd.grad(3 * value, case[:2]) for value in (ours, expected)]
    torch.testing.assert_close(*grads, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("function", [chunked_cross_entropy, mean_cross_entropy])
def test_evaluation_gives_the_same_without_a_gradient(case, function):
    with torch.no_grad():
        value = function(*case)

    assert not value.requires_grad
    torch.testing.assert_close(value, function(*case).detach())


def test_ignored_targets_cost_nothing_and_teach_nothing(case):
    hidden_SD, weight_VD, targets_S = case
    ignored_S = targets_S == -1

    nll_S = chunked_cross_entropy(*case)
    (grad_SD,) = torch.autograd.grad(mean_cross_entropy(*case), hidden_SD)

    assert not nll_S[ignored_S].any()
    assert not grad_SD[ignored_S].any()
    assert grad_SD[~ignored_S].any(-1).all()


def test_nothing_but_ignored_targets_is_zero_and_not_nan(case):
    hidden_SD, weight_VD, targets_S = case

    value = mean_cross_entropy(hidden_SD, weight_VD, torch.full_like(targets_S, -1))
    value.backward()

    assert value.item() == 0
    assert not hidden_SD.grad.any()
    assert not weight_VD.grad.any()


def test_large_logits_do_not_overflow(case):
    hidden_SD, weight_VD, targets_S = case

    ours = mean_cross_entropy(1e3 * hidden_SD, weight_VD, targets_S)

    torch.testing.assert_close(ours, plain(1e3 * hidden_SD, weight_VD, targets_S, "mean"))


@pytest.mark.parametrize("function", [chunked_cross_entropy, mean_cross_entropy])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_logits_are_never_whole(case, monkeypatch, function, dtype):
    """No tensor made on the way is larger than a chunk of logits or one of the inputs."""
    monkeypatch.setattr(loss, "CHUNK_BYTES", 4 * V * 5)
    monkeypatch.setattr(loss, "CPU_PIECE_BYTES", 4 * V * 2)
    sizes = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            made = out if isinstance(out, tuple | list) else [out]
            sizes.extend(x.numel() for x in made if isinstance(x, torch.Tensor))
            return out

    with Watch(), torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        function(*case).sum().backward()

    assert max(sizes) <= max(5 * V, S * D, V * D) < S * V


@pytest.mark.parametrize("form", [_stepwise_loss_and_slope, _fused_loss_and_slope])
@pytest.mark.parametrize("size", [1, 1000], ids=["common logits", "huge logits"])
def test_both_forms_of_the_slope_are_that_of_the_plain_loss(form, size):
    scores_CV = size * torch.randn(S, V, generator=torch.Generator().manual_seed(0))
    targets_S = (torch.arange(S) % (V + 1)) - 1
    expected = F.cross_entropy(
        scores_CV.requires_grad_(), targets_S, ignore_index=-1, reduction="sum"
    )
    counts_S1 = (targets_S != -1).unsqueeze(1)  # the slope of an ignored token goes nowhere

    nll, slope_CV = form(scores_CV.detach(), targets_S)

    torch.testing.assert_close(nll, expected.detach())
    torch.testing.assert_close(slope_CV * counts_S1, *torch.autograd.grad(expected, scores_CV))


@pytest.mark.parametrize("n_vocab", [1000, 32_768, 262_144])
@pytest.mark.parametrize(("device", "mib_of_piece"), [("cpu", 8), ("meta", 64)])
def test_a_chunk_of_logits_is_at_most_64_mib_and_a_piece_of_it_8_on_a_cpu(
    n_vocab, device, mib_of_piece
):
    weight_VD = torch.empty(n_vocab, 1, device=device)
    n_chunk, n_piece = loss._chunk_length(weight_VD), loss._piece_length(weight_VD)

    assert 1 <= n_piece <= n_chunk
    assert 4 * n_chunk * n_vocab <= 64 * 2**20
    assert 4 * n_piece * n_vocab <= mib_of_piece * 2**20


def test_a_frozen_matrix_gets_no_gradient(case):
    hidden_SD, weight_VD, targets_S = case

    loss = mean_cross_entropy(hidden_SD, weight_VD.detach(), targets_S)
    _, of_weight_VD, _ = loss.grad_fn.saved_tensors
    loss.backward()

    assert of_weight_VD is None  # nor was it computed
    assert hidden_SD.grad.any()


@pytest.mark.parametrize("function", [chunked_cross_entropy, mean_cross_entropy])
def test_autocast_multiplies_in_bfloat16_and_sums_in_float32(case, function):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = function(*case)
    value.sum().backward()

    hidden_SD, weight_VD, targets_S = case
    expected = function(hidden_SD, weight_VD, targets_S)
    assert value.dtype == torch.float32
    assert weight_VD.grad.dtype == torch.float32
    torch.testing.assert_close(value, expected, rtol=0.03, atol=0.05)
    assert not torch.equal(value, expected)

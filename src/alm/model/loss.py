"""Cross-entropy over a large vocabulary without holding all logits.

The logits of 16,384 tokens over 32,768 entries would take 2 GB. Both functions work through the
tokens in chunks of at most 64 MiB of logits. :func:`mean_cross_entropy` is for training: the
gradient of a mean is known up to a factor as soon as the logits are, so it is taken at once and
each chunk of logits is computed once. :func:`chunked_cross_entropy` keeps every token's own loss,
for evaluation and for losses that weigh tokens; its gradient has to compute the logits again.

A CPU is quickest where logits are still near it when the next operation reads them, so it takes
them by pieces of a chunk. Products of gradients are quickest where they are long, and the matrix'
own is added to a sum as large as the matrix; so these wait for the whole chunk.

Dimensions: S tokens, C tokens of a chunk, P of a piece, D d_model, V vocabulary.

Reference:
    Hsu et al. 2024 (arXiv:2410.10989), section 3.2: the output matrix and the loss in one, by
    chunks, with the gradient taken in the forward pass. There a chunk's length follows from V / D,
    here from the bytes of its logits.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.utils.checkpoint import checkpoint

from alm.model.fusion import Kernel
from alm.model.precision import activation_dtype, cast_once, linear

IGNORED = -1  # a target that is no token: it has no loss and no gradient
CHUNK_BYTES = 64 * 2**20
CPU_PIECE_BYTES = 8 * 2**20  # stays near the processor: twice as fast as 64 MiB
MAX_CHUNK = 8192  # torch sums this many on one thread, so always in the same order


def chunked_cross_entropy(hidden_SD: Tensor, weight_VD: Tensor, targets_S: Tensor) -> Tensor:
    """Return each token's ``-log softmax(h W^T)[target]``: (S,), float32, in nats.

    0 where the target is -1.
    """
    n = _piece_length(weight_VD)
    pieces = zip(hidden_SD.split(n), targets_S.split(n), strict=True)
    if not torch.is_grad_enabled():
        return torch.cat([_nll(hidden_PD, weight_VD, t_P) for hidden_PD, t_P in pieces])
    options = {"use_reentrant": False, "preserve_rng_state": False}
    return torch.cat([checkpoint(_nll, h_PD, weight_VD, t_P, **options) for h_PD, t_P in pieces])


def mean_cross_entropy(hidden_SD: Tensor, weight_VD: Tensor, targets_S: Tensor) -> Tensor:
    """Return the mean of :func:`chunked_cross_entropy` over targets other than -1: a scalar.

    0 where every target is -1.
    """
    if not torch.is_grad_enabled():
        hidden_SD, weight_VD = hidden_SD.detach(), weight_VD.detach()
    dtype = activation_dtype(hidden_SD)
    return _MeanCrossEntropy.apply(hidden_SD, weight_VD, targets_S, dtype)


def _nll(hidden_PD: Tensor, weight_VD: Tensor, targets_P: Tensor) -> Tensor:
    logits_PV = linear(hidden_PD, weight_VD).float()
    return F.cross_entropy(logits_PV, targets_P, ignore_index=IGNORED, reduction="none")


def _chunk_length(weight_VD: Tensor) -> int:
    return _count_tokens(CHUNK_BYTES, weight_VD)


def _piece_length(weight_VD: Tensor) -> int:
    on_cpu = weight_VD.device.type == "cpu"
    return _count_tokens(CPU_PIECE_BYTES if on_cpu else CHUNK_BYTES, weight_VD)


def _count_tokens(n_bytes: int, weight_VD: Tensor) -> int:
    """Return how many tokens' logits, in float32, take no more bytes; at least one."""
    return min(MAX_CHUNK, max(1, n_bytes // (4 * len(weight_VD))))


class _MeanCrossEntropy(torch.autograd.Function):
    """Sum the losses and both gradients chunk by chunk; divide by the number of tokens last."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        hidden_SD: Tensor,
        weight_VD: Tensor,
        targets_S: Tensor,
        dtype: torch.dtype,
    ) -> Tensor:
        n, matrix_VD = _chunk_length(weight_VD), cast_once(weight_VD, dtype)
        needs_hidden, needs_weight = ctx.needs_input_grad[:2]
        grad_hidden_SD = torch.empty_like(hidden_SD) if needs_hidden else None
        grad_weight_VD = torch.zeros_like(weight_VD) if needs_weight else None
        total = hidden_SD.new_zeros((), dtype=torch.float32)
        for start in range(0, len(hidden_SD), n):
            rows = slice(start, start + n)
            known_C1 = (targets_S[rows] != IGNORED).unsqueeze(1)
            hidden_CD = hidden_SD[rows].to(dtype) * known_C1
            nll, slope_CV = _chunk_loss_and_slope(hidden_CD, matrix_VD, targets_S[rows])
            total += nll
            if needs_hidden:
                grad_hidden_SD[rows] = (slope_CV @ matrix_VD) * known_C1
            if needs_weight:
                _add_product(grad_weight_VD, slope_CV.mT, hidden_CD)
        n_known = (targets_S != IGNORED).sum().clamp(min=1)
        ctx.save_for_backward(grad_hidden_SD, grad_weight_VD, n_known)
        return total / n_known

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        *grads, n_known = ctx.saved_tensors
        factor = grad / n_known
        return *(None if g is None else g * factor for g in grads), None, None


def _chunk_loss_and_slope(
    hidden_CD: Tensor, matrix_VD: Tensor, targets_C: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the summed loss of a chunk and its slope, taken piece by piece."""
    n = _piece_length(matrix_VD)
    if len(hidden_CD) <= n:
        return _loss_and_slope(hidden_CD @ matrix_VD.mT, targets_C)
    slope_CV = hidden_CD.new_empty(len(hidden_CD), len(matrix_VD))
    total = hidden_CD.new_zeros((), dtype=torch.float32)
    pieces = zip(hidden_CD.split(n), targets_C.split(n), slope_CV.split(n), strict=True)
    for hidden_PD, targets_P, slope_PV in pieces:
        nll, found_PV = _loss_and_slope(hidden_PD @ matrix_VD.mT, targets_P)
        total += nll
        slope_PV.copy_(found_PV)
    return total, slope_CV


def _stepwise_loss_and_slope(scores_PV: Tensor, targets_P: Tensor) -> tuple[Tensor, Tensor]:
    """Take few passes over the logits where each operation is one."""
    logits_PV = scores_PV.float()
    shares_PV = torch.softmax(logits_PV, dim=-1)
    # The largest share is exp(largest logit) over the sum of all, and never too small for a log.
    log_sum_P = logits_PV.amax(-1) - shares_PV.amax(-1).log()
    row_P, target_P = torch.arange(len(targets_P), device=targets_P.device), targets_P.clamp(min=0)
    nll_P = log_sum_P - logits_PV[row_P, target_P]
    shares_PV[row_P, target_P] -= 1
    return nll_P.where(targets_P != IGNORED, 0).sum(), shares_PV.to(scores_PV.dtype)


def _fused_loss_and_slope(scores_PV: Tensor, targets_P: Tensor) -> tuple[Tensor, Tensor]:
    """Say the same so that a compiler finds three loops: the largest, the sum, the slope."""
    logits_PV, target_P1 = scores_PV.float(), targets_P.clamp(min=0).unsqueeze(1)
    largest_P1 = logits_PV.amax(-1, keepdim=True)
    powers_PV = (logits_PV - largest_P1).exp()
    sum_P1 = powers_PV.sum(-1, keepdim=True)
    nll_P = (largest_P1 + sum_P1.log() - logits_PV.gather(1, target_P1)).squeeze(1)
    is_target_PV = torch.arange(scores_PV.shape[1], device=scores_PV.device) == target_P1
    slope_PV = powers_PV / sum_P1 - is_target_PV.float()
    return nll_P.where(targets_P != IGNORED, 0).sum(), slope_PV.to(scores_PV.dtype)


_loss_and_slope = Kernel(_fused_loss_and_slope, eager=_stepwise_loss_and_slope)
"""The summed loss and its gradient with respect to the logits: softmax less one-hot."""


def _add_product(total: Tensor, a: Tensor, b: Tensor) -> None:
    """Add ``a b`` to ``total``, which may be more precise than they are."""
    if total.dtype == a.dtype:
        total.addmm_(a, b)
    else:
        total += a @ b

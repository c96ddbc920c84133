"""Muon: momentum whose update is made orthogonal, for matrices and stacks of matrices.

Stacks matter here: the experts of a layer are one (E, M, N) tensor, and each of its E matrices is
orthogonalised by itself, in one batched product. Matrices of equal shape are batched across layers
too, always in the same order, so that the grouping is a function of the model alone.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
EPS = 1e-7


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, with decoupled weight decay.

    The update of an (M, N) matrix has its singular values near one; it is scaled by
    ``0.2 * sqrt(max(M, N))``, which gives it the root mean square of an AdamW update, so that one
    learning rate and one weight decay serve both optimizers.

    Args:
        params: tensors of two or more dimensions; the last two are the matrix.
        lr: learning rate.
        momentum: decay of the running gradient.
        ns_steps: Newton-Schulz iterations.
        weight_decay: decoupled, multiplied by ``lr``.
        dtype: of the iterations; bfloat16 only where matrix units make it fast.

    Reference:
        Jordan et al. 2024 (kellerjordan.github.io/posts/muon); the scale is Liu et al. 2025
        (Moonlight, arXiv:2502.16982), section 2.2. Same as ``torch.optim.Muon`` with
        ``adjust_lr_fn="match_rms_adamw"`` on single matrices, but for the type of the iterations.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float,
        *,
        momentum: float,
        ns_steps: int,
        weight_decay: float,
        dtype: torch.dtype,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "ns_steps": ns_steps,
            "weight_decay": weight_decay,
        }
        super().__init__(params, defaults)
        self._dtype = dtype

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            for params in _by_shape(group["params"]):
                self._step_batch(params, group)

    def _step_batch(self, params: list[Tensor], group: dict) -> None:
        """Move parameters whose matrices share one shape, all in one batch."""
        updates = [self._direction(param, group["momentum"]) for param in params]
        rows, columns = params[0].shape[-2:]
        stack = torch.cat([update.reshape(-1, rows, columns) for update in updates])
        stack = orthogonalize(stack.to(self._dtype), group["ns_steps"])
        scale = 0.2 * max(rows, columns) ** 0.5
        counts = [param.numel() // (rows * columns) for param in params]
        for param, update in zip(params, stack.split(counts), strict=True):
            param.mul_(1 - group["lr"] * group["weight_decay"])
            param.add_(update.reshape(param.shape).to(param.dtype), alpha=-group["lr"] * scale)

    def _direction(self, param: Tensor, momentum: float) -> Tensor:
        state = self.state[param]
        if not state:
            state["momentum"] = torch.zeros_like(param)
        state["momentum"].lerp_(param.grad, 1 - momentum)
        return param.grad.lerp(state["momentum"], momentum)


def orthogonalize(x_SMN: Tensor, ns_steps: int) -> Tensor:
    """Return the matrices of ``x_SMN`` with every singular value moved near one.

    Five iterations of a quintic bring singular values into about 0.7 to 1.2, which is as good as
    one for training; the coefficients maximise the slope at zero.

    Shape:
        (S, M, N) -> (S, M, N), in the type given.

    Reference:
        Jordan et al. 2024 (kellerjordan.github.io/posts/muon), section "Newton-Schulz".
    """
    a, b, c = COEFFICIENTS
    tall = x_SMN.shape[-2] > x_SMN.shape[-1]
    x = x_SMN.mT if tall else x_SMN
    x = x / torch.linalg.vector_norm(x, dim=(-2, -1), keepdim=True).clamp(min=EPS)
    for _ in range(ns_steps):
        gram = x @ x.mT
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, polynomial, x, beta=a)
    return x.mT if tall else x


def _by_shape(params: list[Tensor]) -> list[list[Tensor]]:
    """Group parameters with a gradient by the shape of their matrices, in first-seen order."""
    groups: dict[tuple, list[Tensor]] = {}
    for param in params:
        if param.grad is not None:
            groups.setdefault(tuple(param.shape[-2:]), []).append(param)
    return list(groups.values())

"""Newton-Schulz: matrices made orthogonal by matrix products alone."""

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
EPS = 1e-7


def orthogonalize(x_SMN: Tensor, ns_steps: int) -> Tensor:
    """Return the matrices of ``x_SMN`` with every singular value moved near one.

    Five iterations of a quintic bring singular values into about 0.7 to 1.2, which is as good as
    one for training; the coefficients maximise the slope at zero. Those of the Polar Express
    (Amsel et al. 2025, arXiv:2505.16932) come nearer to one in five iterations, but in four they
    miss it by twice as much as these in five, so they save no work.

    Nor does iterating on the Gram matrices alone, which takes a third fewer products where N is
    3 M: it squares the condition, which leaves nothing right in bfloat16 and two digits less in
    float32.

    Shape:
        (S, M, N) -> (S, M, N), in the type given.

    Reference:
        Jordan et al. 2024 (kellerjordan.github.io/posts/muon), section "Newton-Schulz".
    """
    a, b, c = COEFFICIENTS
    is_tall = x_SMN.shape[-2] > x_SMN.shape[-1]
    x = x_SMN.mT if is_tall else x_SMN
    x = x / torch.linalg.vector_norm(x, dim=(-2, -1), keepdim=True).clamp(min=EPS)
    for _ in range(ns_steps):
        gram = x @ x.mT
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, polynomial, x, beta=a)
    return x.mT if is_tall else x

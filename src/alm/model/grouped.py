"""Multiply the rows of each expert by that expert's matrix.

Dimensions: R rows sorted by expert, E experts, I inputs and O outputs of a matrix.
"""

from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

PAD_TO = 64
"""Without a grouped kernel, each expert's rows are filled up to a multiple of this.

oneDNN (bfloat16 on a CPU) and Metal build a kernel for every new number of rows, for milliseconds,
where the product takes a tenth of one; loads differ in every step, their multiples of 64 do not.
"""


class Groups:
    """Which rows belong to which expert: first those of expert 0, and so on.

    Args:
        loads_E: assignments to each expert.
        pad_to: every expert gets the next multiple of this many rows.
    """

    def __init__(self, loads_E: Tensor, pad_to: int) -> None:
        self.loads_E = loads_E
        self.padded_E = (loads_E + pad_to - 1) // pad_to * pad_to
        self.starts_E = self.padded_E.cumsum(0) - self.padded_E

    @cached_property
    def ends_E(self) -> Tensor:
        """Where each expert's rows end, on the device, int32 as the kernel wants it."""
        return self.padded_E.cumsum(0).to(torch.int32)

    @cached_property
    def slices(self) -> list[slice]:
        """Each expert's rows, on the host: the one time that a layer waits for the device."""
        stops = self.padded_E.cumsum(0).tolist()
        return [slice(start, stop) for start, stop in zip([0, *stops], stops, strict=False)]


def grouped_linear(x_RI: Tensor, w_EOI: Tensor, groups: Groups) -> Tensor:
    """Return ``x W_e^T`` row by row, with the W of the row's expert: (R, O) in the dtype of x.

    The gradient of an expert without rows is zero. No atomic is used, so the result is the same in
    every run.
    """
    return _GroupedLinear.apply(x_RI.contiguous(), w_EOI.to(x_RI.dtype), groups)


def has_kernel(x: Tensor) -> bool:
    """Whether torch has a grouped kernel for ``x``; elsewhere its own is the loop that we have."""
    if not x.is_cuda or x.dtype != torch.bfloat16:
        return False
    return torch.cuda.get_device_capability(x.device) >= (8, 0)


class _GroupedLinear(torch.autograd.Function):
    """Two products back for the one forward, all three by the same kernel or loop."""

    @staticmethod
    def forward(ctx: FunctionCtx, x_RI: Tensor, w_EOI: Tensor, groups: Groups) -> Tensor:
        ctx.save_for_backward(x_RI, w_EOI)
        ctx.groups = groups
        return _multiply(x_RI, w_EOI.mT, groups)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_RO: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x_RI, w_EOI = ctx.saved_tensors
        grad_RO = grad_RO.contiguous()
        needs_x, needs_w, _ = ctx.needs_input_grad
        grad_x_RI = _multiply(grad_RO, w_EOI, ctx.groups) if needs_x else None
        grad_w_EOI = _sum_products(grad_RO, x_RI, ctx.groups) if needs_w else None
        return grad_x_RI, grad_w_EOI, None


def _multiply(x_RI: Tensor, w_EIO: Tensor, groups: Groups) -> Tensor:
    """Multiply each expert's rows by its matrix."""
    if has_kernel(x_RI):
        return F.grouped_mm(x_RI, w_EIO, offs=groups.ends_E)
    y_RO = x_RI.new_empty(len(x_RI), w_EIO.shape[-1])
    for w_IO, rows in zip(w_EIO, groups.slices, strict=True):
        torch.mm(x_RI[rows], w_IO, out=y_RO[rows])
    return y_RO


def _sum_products(grad_RO: Tensor, x_RI: Tensor, groups: Groups) -> Tensor:
    """Sum the outer products of each expert's rows: the gradient of its matrix."""
    if has_kernel(x_RI):
        grad_EOI = F.grouped_mm(grad_RO.mT, x_RI, offs=groups.ends_E)
        # On some GPUs an expert without rows gets whatever was in memory (pytorch#172439).
        return grad_EOI.masked_fill_((groups.loads_E == 0)[:, None, None], 0)
    grad_EOI = x_RI.new_empty(len(groups.slices), grad_RO.shape[1], x_RI.shape[1])
    for grad_OI, rows in zip(grad_EOI, groups.slices, strict=True):
        torch.mm(grad_RO[rows].mT, x_RI[rows], out=grad_OI)
    return grad_EOI

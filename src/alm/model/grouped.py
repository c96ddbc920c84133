"""Which rows belong to which expert, and torch's kernel to multiply each by its own matrix.

Dimensions: R rows sorted by expert, E experts, I inputs and O outputs of a matrix.
"""

from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from alm.model.precision import cast_once

WITH_KERNEL = (9, 10)  # major compute capabilities: Hopper, and Blackwell of data centres
ALIGNED = 8  # bfloat16 numbers in 16 bytes
PAD_TO = 64
"""Where it helps, each expert's rows are filled up to a multiple of this."""


class Groups:
    """Which rows belong to which expert: first those of expert 0, and so on.

    Args:
        loads_E: assignments to each expert.
        pad_to: every expert gets the next multiple of this many rows.
    """

    def __init__(self, loads_E: Tensor, pad_to: int) -> None:
        self.loads_E = loads_E
        padded_E = (loads_E + pad_to - 1) // pad_to * pad_to
        self.ends_E = padded_E.cumsum(0)
        self.starts_E = self.ends_E - padded_E

    @cached_property
    def slices(self) -> list[slice]:
        """Each expert's rows, on the host: the one time that a layer waits for the device."""
        stops = self.ends_E.tolist()
        return [slice(start, stop) for start, stop in zip([0, *stops], stops, strict=False)]

    @property
    def occupied(self) -> list[tuple[int, slice]]:
        """Each expert that has rows, and these, on the host."""
        return [(e, rows) for e, rows in enumerate(self.slices) if rows.start < rows.stop]


def padding(x: Tensor) -> int:
    """Return the multiple that experts' rows are filled up to, by where ``x`` is and its dtype.

    oneDNN (bfloat16 on a CPU) and Metal build a kernel for every new number of rows, for as long as
    the product itself takes; loads differ in every step, their multiples of 64 do not.
    """
    in_half = x.dtype in (torch.bfloat16, torch.float16)
    return PAD_TO if x.device.type == "mps" or (x.device.type == "cpu" and in_half) else 1


def has_kernel(x: Tensor, *widths: int) -> bool:
    """Whether torch has a grouped kernel for ``x`` and matrices of such widths.

    Elsewhere its own is a loop over experts that waits for the device, and rows that are no
    multiple of 16 bytes it refuses.
    """
    if not x.is_cuda or x.dtype != torch.bfloat16 or any(width % ALIGNED for width in widths):
        return False
    return torch.cuda.get_device_capability(x.device)[0] in WITH_KERNEL


def grouped_linear(x_RI: Tensor, w_EOI: Tensor, groups: Groups) -> Tensor:
    """Return ``x W_e^T`` row by row, with the W of the row's expert: (R, O) in the dtype of x.

    The gradient of an expert without rows is zero. No atomic is used, so the result is the same in
    every run, and the host never waits.
    """
    return _GroupedLinear.apply(x_RI.contiguous(), w_EOI, groups)


class _GroupedLinear(torch.autograd.Function):
    """Two products back for the one forward; the gradient goes to the weight that was cast."""

    @staticmethod
    def forward(ctx: FunctionCtx, x_RI: Tensor, w_EOI: Tensor, groups: Groups) -> Tensor:
        cast_EOI = cast_once(w_EOI, x_RI.dtype)
        ctx.save_for_backward(x_RI, cast_EOI)
        ctx.groups, ctx.dtype = groups, w_EOI.dtype
        return F.grouped_mm(x_RI, cast_EOI.mT, offs=groups.ends_E.int())

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_RO: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x_RI, cast_EOI = ctx.saved_tensors
        grad_RO = grad_RO.contiguous()
        ends_E = ctx.groups.ends_E.int()
        needs_x, needs_w, _ = ctx.needs_input_grad
        grad_x_RI = F.grouped_mm(grad_RO, cast_EOI, offs=ends_E) if needs_x else None
        if not needs_w:
            return grad_x_RI, None, None
        grad_EOI = F.grouped_mm(grad_RO.mT, x_RI, offs=ends_E)
        # On some GPUs an expert without rows gets whatever was in memory (pytorch#172439).
        grad_EOI.masked_fill_((ctx.groups.loads_E == 0)[:, None, None], 0)
        return grad_x_RI, grad_EOI.to(ctx.dtype), None

"""Number formats: which one activations have, and weights cast to it once per change.

Weights are float32 while they are trained, and products of bfloat16 are several times faster. What
autocast would do anew in every forward pass is done here after an optimizer step: micro-batches
share one copy, but for blocks that are compiled as a whole, on CUDA. The gradient goes to the
float32 weight, in float32.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.autograd.graph import increment_version
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook


class _Copy(NamedTuple):
    """A cast weight, and what it was cast from."""

    weight: Tensor  # shares the memory, so that no other weight can come to lie there
    version: int
    cast: Tensor


def activation_dtype(x: Tensor) -> torch.dtype:
    """Return the dtype that a matrix product of ``x`` would have under the autocast in force.

    Our own operations are unknown to autocast, so they ask here and cast for themselves.
    """
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def cast_once(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """Return ``weight`` in ``dtype``, without a gradient: a copy kept until the weight changes.

    The copy hangs on the parameter that is passed, or whose first rows are. It is in no
    ``state_dict``, and a deep copy of the model starts without it. A change is seen by torch's
    version counter or by new memory; assignments through ``weight.data[...]`` are not seen. Where
    ``weight`` has the dtype already, it is returned itself; within a block that is compiled as a
    whole, nothing is kept.
    """
    if weight.dtype == dtype:
        return weight.detach()
    if torch.compiler.is_compiling() or weight.is_inference():
        return weight.detach().to(dtype)
    if _is_head(weight):
        return cast_once(weight._base, dtype)[: len(weight)]
    kept = getattr(weight, "_cast", None)
    if kept is None or not _is_current(kept, weight, dtype):
        # Also when first asked for while sampling: training could not save an inference tensor.
        with torch.inference_mode(False), torch.no_grad():
            kept = _Copy(weight.detach(), weight._version, weight.detach().to(dtype))
        weight._cast = kept
    return kept.cast


def _is_head(weight: Tensor) -> bool:
    """Whether these are the first rows of a parameter, and nothing else of it."""
    whole = weight._base
    if whole is None or not whole.is_leaf or weight.data_ptr() != whole.data_ptr():
        return False
    return weight.shape[1:] == whole.shape[1:] and weight.stride() == whole.stride()


def _is_current(kept: _Copy, weight: Tensor, dtype: torch.dtype) -> bool:
    source = kept.weight
    same_memory = source.data_ptr() == weight.data_ptr() and source.device == weight.device
    return same_memory and kept.version == weight._version and kept.cast.dtype == dtype


def _tell_change(optimizer: Optimizer, _args: object, _kwargs: object) -> None:
    """Count an optimizer's step as a change of its weights: torch's fused AdamW does not."""
    increment_version([p for group in optimizer.param_groups for p in group["params"]])


register_optimizer_step_post_hook(_tell_change)


def linear(x: Tensor, weight_OI: Tensor) -> Tensor:
    """Return ``x W^T``, (..., I) -> (..., O), in the dtype of the activations."""
    dtype = activation_dtype(x)
    if weight_OI.dtype == dtype:
        return F.linear(x.to(dtype), weight_OI)
    return _Linear.apply(x.to(dtype), weight_OI)


class _Linear(torch.autograd.Function):
    """A product with a cast copy, whose gradient goes to the weight itself."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight_OI: Tensor) -> Tensor:
        cast_OI = cast_once(weight_OI, x.dtype)
        ctx.save_for_backward(x, cast_OI)
        ctx.dtype = weight_OI.dtype
        return F.linear(x, cast_OI)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, cast_OI = ctx.saved_tensors
        needs_x, needs_weight = ctx.needs_input_grad
        grad_x = grad @ cast_OI if needs_x else None
        if not needs_weight:
            return grad_x, None
        grad_OI = grad.flatten(0, -2).mT @ x.flatten(0, -2)
        return grad_x, grad_OI.to(ctx.dtype)

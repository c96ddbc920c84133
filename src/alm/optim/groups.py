"""Which parameter is trained by which optimizer, and which are trained together."""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor

LOOKUPS = {"embed", "head", "router"}
"""Names of two-dimensional parameters that are tables of rows, not maps between spaces."""


@dataclass(frozen=True)
class ParameterGroups:
    """Named parameters, split by how they are trained."""

    matrices: dict[str, Tensor]
    """Maps from one space to another, or stacks of them: Muon's, with weight decay."""
    rest: dict[str, Tensor]
    """Embedding, output rows, router rows, norms: AdamW's, without decay."""


def group_parameters(named: Iterable[tuple[str, Tensor]]) -> ParameterGroups:
    """Split parameters by dimensions and by name.

    The router is a matrix by shape, but orthogonalising it would force its experts' rows to equal
    norms; an embedding's rows are words, used one at a time.
    """
    matrices: dict[str, Tensor] = {}
    rest: dict[str, Tensor] = {}
    for name, param in named:
        is_map = param.ndim >= 2 and not LOOKUPS & set(name.split("."))
        (matrices if is_map else rest)[name] = param
    return ParameterGroups(matrices, rest)


def by_shape(params: Iterable[Tensor]) -> list[list[Tensor]]:
    """Group parameters by the shape of their matrices, in first-seen order."""
    groups: dict[tuple[int, ...], list[Tensor]] = {}
    for param in params:
        groups.setdefault(tuple(param.shape[-2:]), []).append(param)
    return list(groups.values())


def cut_into_parts(params: Iterable[Tensor], max_numel: int) -> list[list[Tensor]]:
    """Divide parameters, in order, into parts of at most ``max_numel`` numbers or one parameter."""
    parts: list[list[Tensor]] = []
    room = 0
    for param in params:
        if not parts or param.numel() > room:
            parts.append([])
            room = max_numel
        parts[-1].append(param)
        room -= param.numel()
    return parts

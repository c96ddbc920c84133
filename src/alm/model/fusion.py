"""Elementwise work in one pass over memory: as it is written, or compiled where that pays.

Between two matrix products, a network adds, scales and casts; torch runs each such operation by
itself, and the numbers travel through memory each time. The functions that do this work are marked
with :func:`kernel`. They run as written unless :func:`compiled_kernels` is in force, where
``torch.compile`` makes one loop of each. Few and small, they compile in seconds, and once for all
shapes. On CUDA, where starting an operation can take longer than running it,
:func:`compile_blocks` compiles the blocks of a network whole.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, update_wrapper
from pathlib import Path
from typing import Generic, ParamSpec, TypeVar

import torch
from torch import Tensor, nn

CACHE = "TORCHINDUCTOR_CACHE_DIR"
NO_PICKLES = {"fx_graph_cache": False}  # machine code is found again without it
VARIANTS = 4  # of a block: training and validation, whole and last batches
ALONE = {"compile_threads": 1}  # no processes of torch's own, which could outlive a killed run


P = ParamSpec("P")
T = TypeVar("T")


class Kernel(Generic[P, T]):
    """A function of tensors, without gradients: half of an autograd function.

    Args:
        function: what to compile; it must not change its arguments.
        eager: what runs where nothing is compiled.
    """

    compiles = False
    """Whether kernels run compiled now; :func:`compiled_kernels` says so."""

    def __init__(self, function: Callable[P, T], eager: Callable[P, T]) -> None:
        self._function = function
        self._eager = eager
        update_wrapper(self, function)

    def __call__(self, *args: P.args) -> T:
        """Run it in the form in force; inside a compiled block that is the block's matter."""
        if not Kernel.compiles or torch.compiler.is_compiling():
            return self._eager(*args)
        # Without autograd and its marks, training and validation share what was compiled.
        with torch.no_grad():
            return self._compiled(*(x.detach() if isinstance(x, Tensor) else x for x in args))

    @cached_property
    def _compiled(self) -> Callable[P, T]:
        options = NO_PICKLES | ALONE
        return torch.compile(self._function, dynamic=True, fullgraph=True, options=options)


def kernel(function: Callable[P, T]) -> Kernel[P, T]:
    """Mark a function as elementwise work that can be compiled as it is written."""
    return Kernel(function, eager=function)


@contextmanager
def compiled_kernels(cache: Path, enabled: bool = True) -> Iterator[None]:
    """Run every kernel of this process compiled, and keep what was compiled below ``cache``.

    The first call of each compiles it, for seconds; later processes find it in the cache.
    """
    before, cache_before = Kernel.compiles, os.environ.get(CACHE)
    Kernel.compiles = enabled
    os.environ[CACHE] = str(cache.absolute())
    try:
        yield
    finally:
        Kernel.compiles = before
        os.environ.pop(CACHE)
        if cache_before is not None:
            os.environ[CACHE] = cache_before


def compile_blocks(
    blocks: Sequence[nn.Module], backend: str | Callable[..., object] = "inductor"
) -> None:
    """Compile each block whole, in place; parameters keep their names.

    Blocks of one kind share what is compiled; each size of their input has its own, as a graph for
    any size is slower and could fail where one for a given size does not. A block is cut where it
    has to wait for the device, as a mixture without a grouped kernel does.
    """
    import torch._dynamo.config as dynamo  # a second's work, for nothing where nothing compiles

    # Torch stops compiling what it has compiled this often.
    dynamo.recompile_limit = max(dynamo.recompile_limit, VARIANTS * len(blocks))
    options = NO_PICKLES if backend == "inductor" else None
    for block in blocks:
        block.compile(backend=backend, options=options, dynamic=False)

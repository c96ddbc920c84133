"""Compile a run's elementwise work where the run is long enough to win by it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from alm.checkpoint import ModelSpec
from alm.config import Machine, Params
from alm.model import (
    Transformer,
    compile_blocks,
    compiled_kernels,
    describe,
    find_compile_failure,
)
from alm.runtime import Numerics

FOLDER = "compiled"  # of the state directory: machine code, found again by every run


def decide_compilation(
    params: Params, spec: ModelSpec, numerics: Numerics, say: Callable[[str], None]
) -> Numerics:
    """Return the numerics with which the whole run is computed, compiled or not.

    It follows from the run's arithmetic, and from a rehearsal where that is much; ``say`` hears of
    one that failed.
    """
    train = params.train
    n_tokens = train.steps(spec.seq_len) * train.batch_size * spec.seq_len
    n_flops = n_tokens * describe(spec.model, spec.n_vocab, spec.seq_len).flops_per_token
    rehearse = partial(
        find_compile_failure, spec.model, numerics, _cache(), recomputes=train.recompute
    )
    return numerics.compile_if_worthwhile(params.runtime, n_flops, rehearse, say)


@contextmanager
def compiled_as_decided(
    model: Transformer, numerics: Numerics, cache: Path | None = None
) -> Iterator[None]:
    """Train ``model`` in this context: compiled, or as written.

    On CUDA, where starting an operation can take longer than running it, whole blocks are compiled;
    elsewhere their elementwise parts are. Machine code is kept in ``cache``, or else below the
    state directory.
    """
    if numerics.compiled and numerics.device == "cuda":
        compile_blocks(model.blocks)
    with compiled_kernels(cache or _cache(), numerics.compiled):
        yield


def _cache() -> Path:
    return Machine.load().state_dir / FOLDER

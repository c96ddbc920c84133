"""What matrix products this machine does at best: the rate that a training step is held against."""

import time
from dataclasses import replace

import torch
from contender import Contender
from turn import Turn, synchronize

from alm.config import Params
from alm.model import describe
from alm.runtime import Numerics
from alm.train import peak_flops

SIZES = {"cpu": 2048, "mps": 4096, "cuda": 8192}
PRECISIONS = {"cpu": ("float32", "bfloat16"), "cuda": ("float32", "bfloat16")}
REPEATS = 3  # the best of them counts: a rate to be measured against must not be too low


def multiply_by_turns(contender: Contender, params: Params, numerics: Numerics) -> None:
    """Answer each turn with operations a second, by precision; first, what a token needs."""
    size = describe(params.model, params.model.vocab_size, contender.seq_len)
    peak = peak_flops(replace(numerics, precision="bfloat16"))
    turn = Turn(numerics.device, flops_per_token=size.flops_per_token, peak=peak)
    precisions = PRECISIONS.get(numerics.device, ("float32", numerics.precision))
    rates: dict[str, float] = {}
    while True:
        turn.next(**rates)
        rates = {name: measure_rate(numerics.device, getattr(torch, name)) for name in precisions}


def measure_rate(device: str, dtype: torch.dtype) -> float:
    """Return the operations a second of a square product, two for each multiplication."""
    n = SIZES[device]
    a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
    best = min(_measure(device, a, b) for _ in range(REPEATS + 1))
    return 2 * n**3 / best


def _measure(device: str, a: torch.Tensor, b: torch.Tensor) -> float:
    synchronize(device)
    started = time.perf_counter()
    torch.mm(a, b)
    synchronize(device)
    return time.perf_counter() - started

"""A few seconds of a preset's network, timed on noise: the pace at which the whole would go.

A network that would take longer is cut to fewer layers, then to fewer rows, and what was measured
is scaled by counted work, to which all layers add alike. Nothing is compiled here, so a run that
is long enough to be goes faster; and whoever uses the machine meanwhile makes the pace slower.

Dimensions: B rows of a forward pass, T = ``seq_len``, V vocabulary.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch.nn.utils import clip_grad_norm_

from alm.config import ModelConfig, Params
from alm.model import (
    KVCache,
    Size,
    Transformer,
    chunked_cross_entropy,
    describe,
    init_weights,
)
from alm.project.cost import BYTES_PER_FLOAT
from alm.project.forecast import Pace
from alm.runtime import Numerics
from alm.runtime.memory import peak_bytes
from alm.train import Examples, build_optimizer, next_token_loss
from alm.train.accumulation import accumulate
from alm.train.feed import MicroBatch

LONGEST = 0.5  # seconds of a forward and backward pass, as far as can be told before
LARGEST = 100_000_000  # parameters
ENOUGH = 1.0  # seconds of turns
MOST = 16  # turns
N_SAID = 8  # tokens of a turn
SEED = 0  # of weights and noise


@dataclass(frozen=True, kw_only=True)
class Slice:
    """A part of a preset's network and of its micro-batch, quick to compute."""

    config: ModelConfig
    rows: int

    @classmethod
    def of(cls, params: Params, tokens_per_second: float) -> Self:
        """Cut a preset to what can be timed, if it is guessed to train at such a speed."""
        whole, seq_len, rows = params.model, params.data.seq_len, params.train.micro_batch_size
        seconds = rows * seq_len / tokens_per_second
        n_parameters = describe(whole, whole.vocab_size, seq_len).n_parameters
        share = min(1.0, LONGEST / seconds, LARGEST / n_parameters)
        n_layers = min(whole.n_layers, max(2, int(share * whole.n_layers)))
        seconds *= n_layers / whole.n_layers
        return cls(
            config=_cut_layers(whole, n_layers),
            rows=max(1, min(rows, int(rows * LONGEST / seconds))),
        )


def _cut_layers(config: ModelConfig, n_layers: int) -> ModelConfig:
    """Keep the first layers, one of them a mixture where there are any."""
    moe = config.moe and replace(
        config.moe, n_dense_layers=min(config.moe.n_dense_layers, n_layers - 1)
    )
    return replace(config, n_layers=n_layers, moe=moe)


def measure_pace(
    params: Params,
    n_vocab: int,
    numerics: Numerics,
    tokens_per_second: float,
    clock: Callable[[], float] = time.perf_counter,
) -> Pace:
    """Time a network of fresh weights as it scores, speaks and trains.

    Args:
        params: of the preset.
        n_vocab: V, of its tokenizer.
        numerics: as pinned.
        tokens_per_second: guess of its training speed, by which the part to be timed is chosen.
        clock: seconds, from any start.
    """
    piece, seq_len = Slice.of(params, tokens_per_second), params.data.seq_len
    timed = _Timed(piece, params, n_vocab, numerics)
    stopwatch = Stopwatch(numerics.device, clock)
    (scoring,) = stopwatch.time(timed.score)
    (speaking,) = stopwatch.time(timed.speak)
    scoring_bytes = peak_bytes(numerics.device)
    training, update = stopwatch.time(timed.train, timed.update)
    whole, part = (describe(each, n_vocab, seq_len) for each in (params.model, piece.config))
    work = whole.flops_per_token / part.flops_per_token
    more = _count_bytes(whole, params.train.micro_batch_size, params, numerics)
    more -= _count_bytes(part, piece.rows, params, numerics)
    n_tokens = piece.rows * seq_len
    return Pace(
        training=work * training / n_tokens,
        update=update * whole.n_parameters / part.n_parameters,
        scoring=work * scoring / n_tokens,
        speaking=work * speaking / N_SAID,
        training_bytes=peak_bytes(numerics.device) + more,
        scoring_bytes=scoring_bytes + BYTES_PER_FLOAT * (whole.n_parameters - part.n_parameters),
        basis=f"{piece.config.n_layers} of {params.model.n_layers} layers, rows of {seq_len} "
        f"tokens by {piece.rows}, on {numerics.device} in {numerics.precision}",
    )


def _count_bytes(size: Size, rows: int, params: Params, numerics: Numerics) -> int:
    """Return the memory of training that goes with the shape and the rows of a pass."""
    per_token = size.activation_bytes_per_token
    if params.train.recompute:
        per_token = size.recomputed_bytes_per_token
    if numerics.precision != "float32":
        per_token //= 2
    return size.state_bytes + rows * size.seq_len * per_token


class _Timed:
    """A network and what is done with it, a turn a call."""

    def __init__(self, piece: Slice, params: Params, n_vocab: int, numerics: Numerics) -> None:
        device, shape = numerics.device, (piece.rows, params.data.seq_len)
        model = Transformer(piece.config, n_vocab)
        init_weights(model, SEED)
        self.model = model.to(device)
        self.model.recompute = params.train.recompute
        self.optimizer = build_optimizer(self.model, params.optim, numerics)
        noise = torch.Generator().manual_seed(SEED)
        tokens_BT = torch.randint(n_vocab, (shape[0], shape[1] + 1), generator=noise)
        documents_BT = torch.zeros(shape, dtype=torch.int32)
        rows = (tokens_BT, documents_BT, torch.ones(shape, dtype=torch.bool))
        self.examples = Examples(*(each.to(device) for each in rows))
        self.train_config, self.numerics = params.train, numerics

    @torch.inference_mode()
    def score(self) -> None:
        """Read the rows in float32, as evaluation does."""
        tokens_BT = self.examples.tokens_BT
        hidden_SD = self.model.eval()(tokens_BT[:, :-1]).hidden_BTD.flatten(0, 1)
        chunked_cross_entropy(hidden_SD, self.model.head_weight, tokens_BT[:, 1:].flatten())

    @torch.inference_mode()
    def speak(self) -> None:
        """Read a few tokens one by one, as sampling does."""
        weight = self.model.eval().head_weight
        cache = KVCache(self.model.config, 1, N_SAID, weight.dtype, weight.device)
        for i in range(N_SAID):
            token_BT = self.examples.tokens_BT[:1, i : i + 1]
            self.model.logits(self.model(token_BT, cache).hidden_BTD)

    def train(self) -> None:
        """Do one micro-batch, forward and backward."""
        self.model.train()
        batch = [MicroBatch(self.examples, 1.0)]
        accumulate(
            self.model, next_token_loss, batch, self.train_config, self.numerics.autocast, None
        )

    def update(self) -> None:
        """Clip the gradient and take the optimizer's step."""
        clip_grad_norm_(self.optimizer.parameters, self.train_config.grad_clip)
        self.optimizer.step(self.train_config.lr)


@dataclass(frozen=True)
class Stopwatch:
    """Times what is done turn by turn."""

    device: str
    clock: Callable[[], float]

    def time(self, *parts: Callable[[], None]) -> list[float]:
        """Return the median seconds of each part of a turn.

        The first turn, which touches memory for the first time, counts where it is slow anyway.
        """
        first = [self._time(part) for part in parts]
        turns = [first] if sum(first) >= ENOUGH else []
        while not turns or (sum(map(sum, turns)) < ENOUGH and len(turns) < MOST):
            turns.append([self._time(part) for part in parts])
        return [statistics.median(each) for each in zip(*turns, strict=True)]

    def _time(self, work: Callable[[], None]) -> float:
        started = self.clock()
        work()
        if self.device != "cpu":
            torch.get_device_module(self.device).synchronize()  # it may be at work still
        return self.clock() - started

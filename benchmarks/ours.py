"""alm's side: its own trainer, given rows and surroundings that suit a benchmark."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Protocol

import numpy as np
from contender import Contender
from machine import resident_bytes
from turn import Turn

from alm.checkpoint import StateStore
from alm.config import Params
from alm.data import Batch
from alm.model import (
    Transformer,
    describe,
    find_compile_failure,
    init_weights,
)
from alm.runtime import Numerics, StopRequest
from alm.runtime.board import Board
from alm.train import (
    Surroundings,
    Task,
    Trainer,
    Validation,
    build_optimizer,
    choose_objective,
)
from alm.train.compilation import compiled_as_decided

STEPS = 10**6  # more than any contest has turns


class Line(Protocol):
    """Stands where the trainer's progress line does: called at the end of every step."""

    compiled: bool
    """Whether the run is; told before its first step."""

    def say(self, message: str) -> None:
        """Take a message."""

    def update(self, done: int, figures: Sequence[str]) -> None:
        """Hear that a step has ended."""


class TurnLine:
    """Waits for the next turn after every step."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.compiled = False

    def say(self, message: str) -> None:
        """Keep a message in the log."""
        print(message, file=sys.stderr)

    def update(self, done: int, figures: Sequence[str]) -> None:
        """Wait."""
        self._turn.next(compiled=self.compiled)


def train_by_turns(contender: Contender, params: Params, numerics: Numerics) -> None:
    """Let the trainer run on noise, a step each turn."""
    turn = Turn(numerics.device, precision=numerics.precision, loaded=resident_bytes())
    batch = make_noise(params)
    task = build_task(
        params, numerics, n_vocab=params.model.vocab_size, batches=lambda _: batch, steps=STEPS
    )
    turn.next()
    n_flops = params.train.tokens * task.flops_per_token(params.data.seq_len)
    run_trainer(task, params, numerics, TurnLine(turn), n_flops)


def make_noise(params: Params) -> Batch:
    """Return random rows of one step; each is one document."""
    shape = (params.train.batch_size, params.data.seq_len)
    tokens_BT = np.random.default_rng(0).integers(
        params.model.vocab_size, size=(shape[0], shape[1] + 1)
    )
    return Batch(tokens_BT, np.zeros(shape, np.int32), np.ones(shape, bool))


def build_task(
    params: Params,
    numerics: Numerics,
    *,
    n_vocab: int,
    batches: Callable[[int], Batch],
    steps: int,
    validation: Validation | None = None,
) -> Task:
    """Return what alm's own pretraining would be given, with fresh weights."""
    model = Transformer(params.model, n_vocab)
    init_weights(model, params.seed)
    model = model.to(numerics.device)
    return Task(
        model=model,
        optimizer=build_optimizer(model, params.optim, numerics),
        objective=choose_objective(params.data),
        batches=batches,
        validation=validation,
        steps=steps,
        tokens_per_step=params.train.batch_size * params.data.seq_len,
        bytes_per_token={"train": 1.0, "val": 1.0},  # curves in TensorBoard, which nobody sees
        flops_per_token=cache(
            lambda seq_len: describe(params.model, n_vocab, seq_len).flops_per_token
        ),
    )


def run_trainer(task: Task, params: Params, numerics: Numerics, line: Line, n_flops: float) -> None:
    """Train to the end, compiled where alm would compile a run of so much arithmetic.

    What a run leaves on disk goes to a folder that is then removed, compiled code too.
    """
    with tempfile.TemporaryDirectory() as folder, StopRequest() as stop:
        place = Path(folder)
        recomputes = params.train.recompute
        rehearse = partial(
            find_compile_failure, params.model, numerics, place, recomputes=recomputes
        )
        numerics = numerics.compile_if_worthwhile(params.runtime, n_flops, rehearse, line.say)
        line.compiled = numerics.compiled
        around = Surroundings(
            store=StateStore(place / "states", 1, line.say),
            line=line,
            board=Board(place / "tensorboard"),
            stop=stop,
        )
        with compiled_as_decided(task.model, numerics, place):
            Trainer(task, params.train, numerics, around).fit()
        around.board.close()

"""A training taken step by step, for a clock: as the loop does it, but nothing is saved or said."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from alm.checkpoint import StateStore
from alm.runtime import StopRequest
from alm.runtime.board import Board
from alm.runtime.console import ProgressLine
from alm.train import Pretraining, Surroundings, Trainer
from alm.train.compilation import compiled_as_decided


@contextmanager
def stepping(training: Pretraining) -> Iterator[Callable[[], None]]:
    """Build the network and the rest of a training, and hand over what does its next step.

    Its rows are of the full length, whatever curriculum the training begins with. Several may be
    open at a time where all of them are compiled, or none is.
    """
    data = replace(training.params.data, curriculum=())
    training = replace(training, params=training.params.model_copy(update={"data": data}))
    task = training.task()
    nowhere = Path()  # a trainer writes there when it saves or plots, which no step does
    around = Surroundings(
        store=StateStore(nowhere, 1, print),
        line=ProgressLine("speed", task.steps),
        board=Board(nowhere),
        stop=StopRequest(),
    )
    trainer = Trainer(task, training.params.train, training.numerics, around)
    task.model.train()

    def step() -> None:
        trainer.step()

    with compiled_as_decided(task.model, training.numerics):
        yield step

"""Run a step in shares, on as many machines as there are: ``--task i --tasks N``, then a merge.

A share is every N-th unit. Any scheduler that can start a command with a number in it will do,
since shares neither wait for nor talk to each other: they have a file system in common.
"""

from dataclasses import dataclass
from pathlib import Path

from alm.errors import ConfigError
from alm.io import Manifest, hold_lock
from alm.work.parts import PartStore
from alm.work.step import Step


@dataclass(frozen=True, slots=True)
class Share:
    """One task's part of the work."""

    task: int
    """From 0."""
    tasks: int

    def __post_init__(self) -> None:
        """Refuse a share that does not exist."""
        if not 0 <= self.task < self.tasks:
            raise ConfigError(
                f"expected --task from 0 to {self.tasks - 1} of --tasks {self.tasks}, found "
                f"{self.task}; number the tasks from 0"
            )


def run_task(step: Step, out: Path, share: Share) -> int:
    """Do the units of a share that have no part yet; return how many that were.

    Which units there are follows from the input alone, so another number of tasks, or the same
    task twice, changes no byte.
    """
    store = PartStore(step, out)
    store.open()
    own = [unit for unit in store.missing() if unit.number % share.tasks == share.task]
    for unit in own:
        store.make(unit)
    return len(own)


def merge_tasks(step: Step, out: Path) -> Manifest:
    """Merge what the tasks made into ``out``.

    Raises:
        IntegrityError: a task has not finished, or its part is damaged.
    """
    store = PartStore(step, out)
    with hold_lock(store.path):
        return store.merge()

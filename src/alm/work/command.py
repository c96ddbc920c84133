"""How a script runs a step: whole, one share of it, or the merge of the shares."""

from argparse import ArgumentParser
from pathlib import Path

from alm.errors import ConfigError
from alm.io import Manifest
from alm.work.pool import count_workers, run_step
from alm.work.step import Step
from alm.work.tasks import Share, merge_tasks, run_task


def add_task_options(parser: ArgumentParser) -> None:
    """Let a script be run in shares; without these options it does everything itself."""
    parser.add_argument("--task", type=int, help="this share of the work, from 0")
    parser.add_argument("--tasks", type=int, help="of so many shares")
    parser.add_argument("--merge", action="store_true", help="merge what all tasks made")


def perform(
    step: Step, out: Path, task: int | None, tasks: int | None, merge: bool
) -> Manifest | None:
    """Do what the options ask for; return the manifest where the output was written.

    Raises:
        ConfigError: half of a share was named, or a share and the merge at once.
    """
    if (task is None) != (tasks is None) or (merge and task is not None):
        raise ConfigError("expected --task with --tasks, or --merge, or neither; name one of them")
    if merge:
        return merge_tasks(step, out)
    if task is None:
        return run_step(step, out, count_workers())
    share = Share(task, tasks)
    n_units = run_task(step, out, share)
    print(f"{out}: task {task} of {tasks}: {n_units} units done")  # noqa: T201
    return None

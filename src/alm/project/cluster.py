"""One text stage in shares, as tasks of a datatrove executor (the extra ``alm[cluster]``).

datatrove asks for no more than something to call with a rank and a number of ranks, and each of its
executors (local, Slurm, Ray) gives that to machines in its own way, keeps a log of every task and
passes over those that are done. :class:`StageCommand` is that something: the command of
``dvc.yaml``, told which share to do. The bytes are those that ``dvc repro`` makes of the stage.
"""

import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from alm.config import Machine, Stage
from alm.config.checks import choose_from
from alm.config.settings import TEXT_SECTIONS
from alm.errors import AlmError, ConfigError, IntegrityError, installing


@dataclass(frozen=True, slots=True)
class StageCommand:
    """A stage's own command, to be run whole or in part. Small, and sent to other machines."""

    stage: str
    """As DVC writes it, such as ``pack@stdlib``."""
    words: tuple[str, ...]
    root: Path
    """The repository."""

    @classmethod
    def of(cls, stage: str, corpus: str, root: Path = Path()) -> Self:
        """Take the command from ``dvc.yaml``, with this Python as its ``python``.

        Raises:
            ConfigError: it is no stage of a corpus, or there is no such corpus.
        """
        if stage not in TEXT_SECTIONS:
            raise ConfigError(
                f"expected a text stage, found {stage!r}; {choose_from(TEXT_SECTIONS)}"
            )
        found = Stage.load(stage, corpus, root)
        _, _, command = found.cmd.partition("python ")  # behind `exec`, which is the shell's
        return cls(found.name, (sys.executable, *shlex.split(command)), root.resolve())

    def __call__(self, _: Any, rank: int, world_size: int) -> None:  # noqa: ANN401
        """Do one share; datatrove hands over data first, of which there are none.

        Raises:
            AlmError: the command failed.
        """
        if self.run("--task", str(rank), "--tasks", str(world_size)):
            raise AlmError(f"{self.stage}: task {rank} of {world_size} failed; it says above why")

    def run(self, *options: str) -> int:
        """Run the command with options to its end; return its exit code."""
        done = subprocess.run([*self.words, *options], cwd=self.root, check=False)
        return done.returncode


def run_in_tasks(command: StageCommand, tasks: int, workers: int) -> str:
    """Do a stage in shares on this machine, merge them, and return what is to be done next.

    Tasks that datatrove has noted as done are passed over. Where the merge finds that their parts
    are gone, or were made of other parameters, all of them are run again; a task makes only what
    is missing.

    Args:
        command: of the stage.
        tasks: how many shares; the result does not depend on it.
        workers: how many of them at a time.

    Raises:
        ConfigError: datatrove is not installed, or a number is below one.
        AlmError: a task or the merge failed.
    """
    if min(tasks, workers) < 1:
        raise ConfigError(f"expected at least one task and worker, found {tasks} and {workers}")
    log = Machine.load().state_dir / "cluster" / command.stage / f"of-{tasks}"
    had_log = log.exists()
    _execute(command, tasks, workers, log)
    code = command.run("--merge")
    if code == IntegrityError.exit_code and had_log:
        print("the log knows of tasks whose parts are not there; doing those again")  # noqa: T201
        shutil.rmtree(log)
        _execute(command, tasks, workers, log)
        code = command.run("--merge")
    if code:
        raise AlmError(f"{command.stage}: the merge failed; it says above why")
    shutil.rmtree(log)  # the parts are merged and gone, and a later run starts anew
    return f"to make DVC take it as built, run: .venv/bin/dvc commit --force {command.stage}"


def _execute(command: StageCommand, tasks: int, workers: int, log: Path) -> None:
    try:
        from datatrove.executor import LocalPipelineExecutor
    except ModuleNotFoundError:
        raise ConfigError(
            f"expected datatrove, found no such package; install it with {installing('cluster')}"
        ) from None
    LocalPipelineExecutor(
        pipeline=[command],
        tasks=tasks,
        workers=min(workers, tasks),
        logging_dir=str(log),
        start_method="spawn",  # on every system, as everywhere here
    ).run()

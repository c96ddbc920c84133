"""Saved training states: written whole, found by number, verified before use, pruned with care.

A state is a directory ``step-N`` that appears by one rename, after every file in it is on disk.
The newest is *computed* as the highest number whose manifest verifies: there is no pointer that
could be wrong, and no clock is asked.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from alm.checkpoint.tensors import read_tensors, write_tensors
from alm.errors import CheckpointError, IntegrityError
from alm.io import (
    Manifest,
    clear_trash,
    new_directory,
    read_json,
    remove_directory,
    sync_directory,
    write_json,
)
from alm.io.atomic import PART

KIND = "state"
PREFIX = "step-"
VALUES = "state.json"
BAD = ".bad"
SPARE = 1.2  # free space wanted before a save, as a multiple of the state's tensors


@dataclass(frozen=True)
class SavedState:
    """Everything a run needs to go on as if it had never stopped."""

    step: int
    tensors: dict[str, dict[str, Tensor]]
    """File stem -> tensors by name, such as ``model`` and ``optimizer``."""
    values: dict[str, Any]
    """Plain data: counters, the loss table."""


class StateStore:
    """The states of one run, in one directory.

    Args:
        root: directory of the run; made when the first state is saved.
        keep: newest states that survive a save.
        say: takes messages for the person watching.
    """

    def __init__(self, root: Path, keep: int, say: Callable[[str], None]) -> None:
        self._root = root
        self._keep = keep
        self._say = say

    def save(self, state: SavedState) -> None:
        """Write a state, then drop the oldest beyond ``keep``.

        Raises:
            CheckpointError: there is not enough free space; nothing was written.
        """
        self._clear_leftovers()
        self.require_space(
            sum(each.nbytes for tensors in state.tensors.values() for each in tensors.values())
        )
        path = self._root / f"{PREFIX}{state.step:08d}"
        with new_directory(path) as directory:
            for stem, tensors in sorted(state.tensors.items()):
                write_tensors(directory / f"{stem}.safetensors", tensors)
            write_json(directory / VALUES, {"step": state.step, **state.values})
            Manifest.write(directory, KIND, params={}, inputs={}, facts={"step": state.step})
        self._prune(path)

    def require_space(self, n_bytes: int) -> None:
        """Refuse a disk without room for a state of ``n_bytes``, and some to spare.

        Raises:
            CheckpointError: there is less; the message says how much, and what is left to go on
                from.
        """
        wanted, free = SPARE * n_bytes, _free_bytes(self._root)
        if free >= wanted:
            return
        states = whole_states(self._root)
        goes_on = f"the run goes on from {states[-1].name}" if states else "nothing was trained yet"
        raise CheckpointError(
            f"expected {wanted / 1e6:,.1f} MB free for a state in {self._root}, found "
            f"{free / 1e6:,.1f} MB; free some (`make prune`), {goes_on}"
        )

    def load_latest(self) -> SavedState | None:
        """Return the newest state that verifies, or None where none was ever saved.

        A damaged one is set aside under another name and said aloud.

        Raises:
            CheckpointError: states were saved but none of them verifies: starting afresh is a
                decision for a person.
        """
        damaged = [path.name for path in damaged_states(self._root)]
        for path in reversed(whole_states(self._root)):
            try:
                return load_state(path)
            except IntegrityError as error:
                self._set_aside(path, error)
                damaged.append(path.name)
        if damaged:
            raise CheckpointError(
                f"no saved state in {self._root} can be used ({', '.join(damaged)}); restore one, "
                "or start afresh with `make clean-state`"
            )
        return None

    def clear_finished(self, steps: int) -> None:
        """Forget every state, unless the newest is of a run that has not done its ``steps`` yet.

        So whoever asks to start afresh does, and the same command goes on with what it began, once
        that was interrupted.
        """
        states = whole_states(self._root)
        if not states or _step_of(states[-1]) >= steps:
            self.clear()

    def clear(self) -> None:
        """Forget every state, the damaged ones included; the newest goes last, should a kill come.

        Were it the first, an older one would look like a run to go on with.
        """
        for path in (*damaged_states(self._root), *whole_states(self._root)):
            remove_directory(path)

    def _set_aside(self, path: Path, error: IntegrityError) -> None:
        self._say(f"{path.name} cannot be used and is set aside as {path.name}{BAD}: {error}")
        aside = path.with_name(path.name + BAD)
        shutil.rmtree(aside, ignore_errors=True)
        path.replace(aside)
        sync_directory(self._root)

    def _prune(self, newest: Path) -> None:
        """Drop the oldest states beyond ``keep``, but never ``newest``, which was just written."""
        others = [path for path in whole_states(self._root) if path != newest]
        surplus = max(0, len(others) + 1 - self._keep)
        for path in others[:surplus]:
            remove_directory(path)

    def _clear_leftovers(self) -> None:
        """Remove what a killed save or removal left; it may fill the disk."""
        clear_trash(self._root)
        for path in sorted(self._root.glob(f"{PREFIX}*{PART}")):
            shutil.rmtree(path)


def damaged_states(root: Path) -> list[Path]:
    """Return the states in ``root`` that did not verify and were set aside, by name."""
    return sorted(root.glob(f"{PREFIX}*{BAD}"))


def whole_states(root: Path) -> list[Path]:
    """Return the directories of saved states in ``root``, oldest first."""
    found = [path for path in sorted(root.glob(f"{PREFIX}*")) if path.is_dir()]
    whole = [path for path in found if path.name.removeprefix(PREFIX).isdecimal()]
    return sorted(whole, key=_step_of)


def _step_of(path: Path) -> int:
    return int(path.name.removeprefix(PREFIX))


def _free_bytes(path: Path) -> int:
    """Return what is free on the disk of ``path``, which need not be there yet."""
    place = next(each for each in (path, *path.absolute().parents) if each.exists())
    return shutil.disk_usage(place).free


def load_state(path: Path) -> SavedState:
    """Read one state and change nothing.

    Raises:
        IntegrityError: a file is absent or damaged.
    """
    manifest = Manifest.read(path, KIND)
    manifest.verify(path)
    stems = [name.removesuffix(".safetensors") for name in sorted(manifest.files)]
    tensors = {
        stem: read_tensors(path / f"{stem}.safetensors")
        for stem in stems
        if f"{stem}.safetensors" in manifest.files
    }
    values = read_json(path / VALUES)
    return SavedState(values.pop("step"), tensors, values)

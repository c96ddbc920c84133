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
from alm.io import Manifest, new_directory, read_json, sync_directory, write_json

KIND = "state"
PREFIX = "step-"
BAD = ".bad"
TRASH = ".trash-"
SPARE = 1.2  # free space wanted before a save, as a multiple of the last one


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
        self._check_space()
        with new_directory(self._root / f"{PREFIX}{state.step:08d}") as directory:
            for stem, tensors in sorted(state.tensors.items()):
                write_tensors(directory / f"{stem}.safetensors", tensors)
            write_json(directory / "state.json", {"step": state.step, **state.values})
            Manifest.write(directory, KIND, params={}, inputs={}, facts={"step": state.step})
        self._prune()

    def load_latest(self) -> SavedState | None:
        """Return the newest state that verifies, or None where none was ever saved.

        A damaged one is set aside under another name and said aloud.

        Raises:
            CheckpointError: states were saved but none of them verifies: starting afresh is a
                decision for a person.
        """
        damaged = [path.name for path in sorted(self._root.glob(f"{PREFIX}*{BAD}"))]
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

    def clear(self) -> None:
        """Forget every state, the damaged ones included."""
        for path in sorted(self._root.glob(f"{PREFIX}*")):
            self._remove(path)

    def _set_aside(self, path: Path, error: IntegrityError) -> None:
        self._say(f"{path.name} cannot be used and is set aside as {path.name}{BAD}: {error}")
        aside = path.with_name(path.name + BAD)
        shutil.rmtree(aside, ignore_errors=True)
        path.replace(aside)
        sync_directory(self._root)

    def _prune(self) -> None:
        """Drop the oldest states; only ever called with a newer one safely on disk."""
        for path in sorted(self._root.glob(f"{TRASH}*")):
            shutil.rmtree(path)
        for path in whole_states(self._root)[: -self._keep]:
            self._remove(path)

    def _remove(self, path: Path) -> None:
        """Rename first, so that a kill in the middle never leaves half a state under its name."""
        trash = path.with_name(TRASH + path.name)
        path.replace(trash)
        shutil.rmtree(trash)

    def _check_space(self) -> None:
        states = whole_states(self._root)
        if not states:
            return
        wanted = SPARE * sum(file.stat().st_size for file in sorted(states[-1].iterdir()))
        free = shutil.disk_usage(self._root).free
        if free < wanted:
            raise CheckpointError(
                f"expected {wanted / 1e6:.0f} MB free for a state in {self._root}, found "
                f"{free / 1e6:.0f} MB; free some, the run goes on from {states[-1].name}"
            )


def whole_states(root: Path) -> list[Path]:
    """Return the directories of saved states in ``root``, oldest first."""
    found = [path for path in sorted(root.glob(f"{PREFIX}*")) if path.is_dir()]
    return [path for path in found if path.name.removeprefix(PREFIX).isdigit()]


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
    values = read_json(path / "state.json")
    return SavedState(values.pop("step"), tensors, values)

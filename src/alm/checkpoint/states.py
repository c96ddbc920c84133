"""Saved training states: written whole, found by number, verified before use, pruned with care.

A state is a directory ``step-N`` that appears by one rename, after every file in it is on disk.
The newest is *computed* as the highest number whose manifest verifies: there is no pointer that
could be wrong, and no clock is asked.
"""

import re
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
    discard,
    free_bytes,
    new_directory,
    read_json,
    remove_directory,
    remove_tree,
    rename,
    restore_replaced,
    sync_directory,
    write_json,
)
from alm.io.atomic import OLD, PART

KIND = "state"
PREFIX = "step-"
TENSORS = ".safetensors"
VALUES = "state.json"
BAD = ".bad"
WHOLE_NAME = re.compile(rf"{PREFIX}[0-9]+")
DAMAGED_NAME = re.compile(rf"{PREFIX}[0-9]+{re.escape(BAD)}")
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
            IntegrityError: what was written reads back as something else; nothing was dropped.
            AlmError: the disk would not take it; what was saved before is as it was.
        """
        self._clear_leftovers()
        self.require_space(
            sum(each.nbytes for tensors in state.tensors.values() for each in tensors.values())
        )
        path = self._root / f"{PREFIX}{state.step:08d}"
        with new_directory(path) as directory:
            for stem, tensors in sorted(state.tensors.items()):
                write_tensors(directory / f"{stem}{TENSORS}", tensors)
            write_json(directory / VALUES, {"step": state.step, **state.values})
            Manifest.write(directory, KIND, params={}, inputs={}, facts={"step": state.step})
        self._prune(path)

    def require_space(self, n_bytes: int) -> None:
        """Refuse a disk without room for a state of ``n_bytes``, and some to spare.

        Raises:
            CheckpointError: there is less; the message says how much, and what is left to go on
                from.
        """
        wanted, free = SPARE * n_bytes, free_bytes(self._root)
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
            AlmError: a state may be sound, but cannot be read just now.
        """
        self._restore_replaced()
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
        discard(aside)
        rename(path, aside)
        sync_directory(self._root)

    def _prune(self, newest: Path) -> None:
        """Drop the oldest states beyond ``keep``, but never ``newest``, which was just written.

        Nothing goes before ``newest`` was read back: a disk may take bytes and lose them.
        """
        others = [path for path in whole_states(self._root) if path != newest]
        surplus = others[: max(0, len(others) + 1 - self._keep)]
        if surplus:
            verify_state(newest)
        for path in surplus:
            remove_directory(path)

    def _restore_replaced(self) -> None:
        for old in sorted(self._root.glob(f"{PREFIX}*{OLD}")):
            restore_replaced(old.with_name(old.name.removesuffix(OLD)))

    def _clear_leftovers(self) -> None:
        """Remove what a killed save or removal left; it may fill the disk."""
        self._restore_replaced()
        clear_trash(self._root)
        for suffix in (PART, OLD):
            for path in sorted(self._root.glob(f"{PREFIX}*{suffix}")):
                remove_tree(path)


def damaged_states(root: Path) -> list[Path]:
    """Return the states in ``root`` that did not verify and were set aside, oldest first."""
    return _named(root, DAMAGED_NAME)


def whole_states(root: Path) -> list[Path]:
    """Return what stands under the name of a saved state in ``root``, oldest first.

    It need not be a directory: what was put in its place must be found to be damaged, not passed
    over.
    """
    return _named(root, WHOLE_NAME)


def outdated_damage(root: Path) -> list[Path]:
    """Return the states that were set aside and that nobody needs, since a later one is sound."""
    if not (damaged := damaged_states(root)):
        return []
    newest = next(filter(_is_sound, reversed(whole_states(root))), None)
    return [path for path in damaged if newest and _step_of(path) < _step_of(newest)]


def verify_state(path: Path) -> Manifest:
    """Read a state from end to end and return its manifest.

    Raises:
        IntegrityError: a file is absent or damaged, or it is the state of another step.
        AlmError: a file may be sound, but cannot be read just now.
    """
    manifest = Manifest.read(path, KIND)
    manifest.verify(path)
    if (step := manifest.facts.get("step")) != _step_of(path):
        raise IntegrityError(
            f"{path}: expected the state of step {_step_of(path)}, found that of step {step}; "
            "give it its own name back"
        )
    return manifest


def load_state(path: Path) -> SavedState:
    """Read one state and change nothing.

    Raises:
        IntegrityError: a file is absent or damaged, or it is the state of another step.
        AlmError: a file may be sound, but cannot be read just now.
    """
    manifest = verify_state(path)
    names = [name for name in sorted(manifest.files) if name.endswith(TENSORS)]
    tensors = {name.removesuffix(TENSORS): read_tensors(path / name) for name in names}
    values = read_json(path / VALUES)
    step = values.pop("step", None) if isinstance(values, dict) else None
    if type(step) is not int or step != manifest.facts["step"]:
        raise IntegrityError(
            f"{path / VALUES}: expected the values of step {manifest.facts['step']}, found those "
            f"of {step!r:.40}; something else wrote it"
        )
    return SavedState(step, tensors, values)


def _named(root: Path, name: re.Pattern[str]) -> list[Path]:
    found = [path for path in sorted(root.glob(f"{PREFIX}*")) if name.fullmatch(path.name)]
    return sorted(found, key=_step_of)


def _is_sound(path: Path) -> bool:
    try:
        verify_state(path)
    except IntegrityError:
        return False
    return True


def _step_of(path: Path) -> int:
    """Return the number in the name of a state, also of one that was set aside."""
    return int(path.name.removeprefix(PREFIX).removesuffix(BAD))

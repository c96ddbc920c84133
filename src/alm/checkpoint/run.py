"""The state directory of a preset: one run per fingerprint, and which of them is current."""

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from alm.checkpoint.fingerprint import NAME as FINGERPRINT
from alm.checkpoint.fingerprint import Fingerprint
from alm.checkpoint.published import CONFIG, ModelSpec, build_model, read_spec
from alm.checkpoint.states import load_state, whole_states
from alm.errors import CheckpointError, IntegrityError
from alm.io import read_json, write_json
from alm.model import Transformer

CURRENT = "current.json"
RUN_NAME = re.compile("[0-9A-Za-z_-]+")  # nothing that leads out of a directory
SHOWN = 8  # changed components that are named one by one


class RunDirectory:
    """Where the states, the TensorBoard files and the timings of one run lie.

    Args:
        preset_root: state directory of the preset, such as ``.state/tiny``.
        fingerprint: of the run; another one is another directory.
        say: takes messages for the person watching.
    """

    def __init__(
        self, preset_root: Path, fingerprint: Fingerprint, say: Callable[[str], None]
    ) -> None:
        self.path = preset_root / fingerprint.short
        self._preset_root = preset_root
        self._fingerprint = fingerprint
        self._say = say

    def open(self, spec: ModelSpec) -> None:
        """Make the run the current one of its preset; say what differs where it is a new one."""
        if not (self.path / FINGERPRINT).exists():
            self._explain()
        self._fingerprint.write(self.path)
        write_json(self.path / CONFIG, asdict(spec))
        write_json(
            self._preset_root / CURRENT, {"run": self.path.name, "former": self._list_former()}
        )

    def _list_former(self) -> list[str]:
        try:
            return [run.name for run in _known_runs(self._preset_root) if run != self.path]
        except IntegrityError:  # all that is lost is an order, and no run should stop for that
            return []

    def _explain(self) -> None:
        changes = [
            (self._fingerprint.changes_since(other), run.name)
            for run in _list_runs(self._preset_root)
            if (other := _read_fingerprint(run))
        ]
        if not changes:
            return
        changed, nearest = min(changes, key=lambda pair: (len(pair[0]), pair[1]))
        more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        self._say(
            f"new training state {self.path.name}; since {nearest} changed: "
            f"{', '.join(changed[:SHOWN])}{more}"
        )


def former_runs(preset_root: Path) -> list[Path]:
    """Return the runs of a preset but the current, the one that was opened last first.

    Those of which ``current.json`` does not tell come at the end, by name.

    Raises:
        IntegrityError: ``current.json`` is damaged, so that the current run is not known.
    """
    known = _known_runs(preset_root)
    return [*known[1:], *(run for run in _list_runs(preset_root) if run not in known)]


def _list_runs(preset_root: Path) -> list[Path]:
    """Return the runs of a preset by name, but for those that are being removed."""
    runs = [path.parent for path in sorted(preset_root.glob(f"*/{FINGERPRINT}"))]
    return [run for run in runs if not run.name.startswith(".")]


def _read_fingerprint(run: Path) -> Fingerprint | None:
    """Return the fingerprint of a run; None where it cannot be read."""
    try:
        return Fingerprint.read(run)
    except IntegrityError:
        return None


def _known_runs(preset_root: Path) -> list[Path]:
    """Return the runs that ``current.json`` names and that are there still, the current first."""
    if not (preset_root / CURRENT).exists():
        return []
    runs = [preset_root / name for name in _read_names(preset_root / CURRENT)]
    return [run for run in runs if run.is_dir()]


def _read_names(path: Path) -> list[str]:
    """Return the names of runs in ``current.json``, the current first.

    Raises:
        IntegrityError: it is damaged, or names something outside its directory.
    """
    current = read_json(path)
    names = []
    if isinstance(current, dict) and isinstance(former := current.get("former", []), list):
        names = [current.get("run"), *former]
    if not names or not all(isinstance(name, str) and RUN_NAME.fullmatch(name) for name in names):
        raise IntegrityError(
            f"{path}: expected the names of runs, found {current!r:.80}; `make pretrain` writes it "
            "anew"
        )
    return names


def load_latest_model(preset_root: Path, device: str) -> Transformer:
    """Build the network of the newest saved state of a preset's current run, which may go on.

    Raises:
        CheckpointError: no run was started, or it has not saved a state yet.
        IntegrityError: the state or what names it is damaged.
    """
    current = preset_root / CURRENT
    if not current.exists():
        raise CheckpointError(f"no run in {preset_root}; start one with `make pretrain PRESET=...`")
    run = preset_root / _read_names(current)[0]
    states = whole_states(run)
    if not states:
        raise CheckpointError(f"the run in {run} has not saved a state yet; try again later")
    return build_model(read_spec(run), load_state(states[-1]).tensors["model"], device)

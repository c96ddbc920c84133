"""Free what former runs hold in the state directory, but nothing that anybody may go on with."""

from contextlib import suppress
from pathlib import Path

from alm.checkpoint.run import CURRENT, former_runs
from alm.checkpoint.states import BAD, VALUES, damaged_states, outdated_damage, whole_states
from alm.errors import IntegrityError, LockedError
from alm.io import clear_trash, hold_lock, read_json, remove_directory, tree_bytes


def prune_runs(states: Path) -> str:
    """Remove the runs of each preset but the current, and the newest that is not finished.

    A run that another process holds stays too, and one that is not finished with a state that was
    set aside: a person may restore it. Nobody will once a later state of the run is sound, so then
    the one that was set aside goes, also from the current run.

    Args:
        states: directory of all presets' states, such as ``.state``.

    Returns:
        What was freed.
    """
    before = tree_bytes(states)
    removed = []
    for preset_root in sorted(path.parent for path in states.glob(f"*/{CURRENT}")):
        clear_trash(preset_root)
        for run in dict.fromkeys(path.parent for path in sorted(preset_root.glob(f"*/*{BAD}"))):
            _remove_outdated_damage(run)
        removed += [run for run in superfluous_runs(preset_root) if _remove(run)]
    freed = (before - tree_bytes(states)) / 1e6
    return (
        f"freed {freed:,.1f} MB of {before / 1e6:,.1f} MB in {states}: {len(removed)} former runs, "
        "with their curves"
    )


def superfluous_runs(preset_root: Path) -> list[Path]:
    """Return the former runs of a preset that need not be kept, the newest first."""
    former = former_runs(preset_root)
    unfinished = [run for run in former if not is_finished(run)]
    kept = [*unfinished[:1], *(run for run in unfinished if damaged_states(run))]
    return [run for run in former if run not in kept]


def is_finished(run: Path) -> bool:
    """Whether nothing is lost with a run: it did all its steps, or has saved none of them."""
    states = whole_states(run)
    if not states:
        return not damaged_states(run)
    try:
        values = read_json(states[-1] / VALUES)
        return values["step"] >= values["steps"]
    except (IntegrityError, KeyError, TypeError):  # damaged, or of another version: who knows
        return False


def _remove_outdated_damage(run: Path) -> None:
    """Remove the damaged states of a run that nobody needs, unless another process holds it."""
    with suppress(LockedError), hold_lock(run, patience=0.0):
        for path in outdated_damage(run):
            remove_directory(path)


def _remove(run: Path) -> bool:
    """Remove a run unless another process holds it; say whether it is gone."""
    try:
        with hold_lock(run, patience=0.0):
            remove_directory(run)
    except LockedError:
        return False
    return True

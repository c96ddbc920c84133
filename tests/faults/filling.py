"""Save states until nothing more fits; print what is left as JSON.

Run as ``python filling.py DIRECTORY tmpfs|limit``. With ``tmpfs``, in a mount namespace of its own,
small disks are mounted there and filled, and the last one becomes read-only. ``limit`` bounds the
size of files instead, which any user may do to himself.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

import torch

from alm.checkpoint import SavedState, StateStore, states
from alm.errors import AlmError, CheckpointError
from alm.io import hold_lock, new_directory, require_writable, write_json

STATE_BYTES = 60_000
N_SIZES = 20


def make_state(step):
    return SavedState(step, {"model": {"w": torch.full((STATE_BYTES // 4,), float(step))}}, {})


def save_until_it_fails(store, bound):
    """Return (steps saved, what was said); ``bound`` is called after each."""
    for step in range(1, 100):
        try:
            store.save(make_state(step))
        except AlmError as error:
            return step - 1, error
        bound(step)
    raise AssertionError("there is always room")


def look(root, n_saved, error, word):
    """Return whether the last state that was saved is the one that is loaded, and all is told."""
    store = StateStore(root, 20, print)
    found = store.load_latest()
    is_last = (found.step if found else 0) == n_saved
    is_true = not found or torch.equal(
        found.tensors["model"]["w"], make_state(n_saved).tensors["model"]["w"]
    )
    is_told = word in str(error) and str(root) in str(error)
    is_tidy = not [*root.rglob("*.part"), *root.rglob(".trash*")]
    return is_last and is_true and is_told and is_tidy


def fill_disks(directory):
    """Fill disks on which from no state to seven fit."""
    kept, refused = 0, 0
    for i in range(N_SIZES):
        root = directory / str(i) / "run"
        root.parent.mkdir()
        mount(root.parent, f"size={20_480 * (i + 1)}")
        states.SPARE = 0.0  # no look at what is free: the disk itself says so
        store = StateStore(root, 20, print)
        n_saved, error = save_until_it_fails(store, lambda _: None)
        kept += look(root, n_saved, error, "No space left on device")
        states.SPARE = 1.2
        _, error = save_until_it_fails(StateStore(root, 20, print), lambda _: None)
        refused += isinstance(error, CheckpointError) and look(root, n_saved, error, "MB free")
    return {"kept": kept, "refused": refused, "read_only": count_refusals(root)}


def count_refusals(root):
    """Make the disk of the last root read-only, and try to write."""
    mount(root.parent, "remount,ro")
    states.SPARE = 0.0
    tries = (
        lambda: require_writable(root / "new"),
        lambda: hold_lock(root).__enter__(),
        lambda: new_directory(root / "new").__enter__(),
        lambda: write_json(root / "new.json", {}),
        lambda: StateStore(root, 20, print).save(make_state(99)),
    )
    n_refused = 0
    for attempt in tries:
        try:
            attempt()
        except AlmError as error:
            n_refused += "Read-only file system" in str(error)
    return n_refused


def mount(place, options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)


def bound_files(directory):
    """Let no file grow beyond a limit, once two states are saved."""
    kept = 0
    for i in range(N_SIZES):
        limit = STATE_BYTES * i // N_SIZES
        root = directory / str(i)

        def bound(step, limit=limit):
            if step == 2:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

        n_saved, error = save_until_it_fails(StateStore(root, 20, print), bound)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        kept += n_saved == 2 and look(root, n_saved, error, "File too large")
    return {"kept": kept}


if __name__ == "__main__":
    ways = {"tmpfs": fill_disks, "limit": bound_files}
    print(json.dumps(ways[sys.argv[2]](Path(sys.argv[1]))))  # noqa: T201

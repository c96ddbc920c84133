"""Build a preset once more, elsewhere and from nothing but what is committed; compare the bytes.

``dvc.lock`` names every artefact by its digest, so it is what a second build is held against; what
lies in this working copy is compared too. A stage that does not run proves nothing, so the clone
starts without the lock, without reports and without a cache.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from alm.config import Machine, Params
from alm.config.settings import TEXT_SECTIONS
from alm.errors import IntegrityError
from alm.io import read_json, remove_tree
from alm.project.compare import compare_builds
from alm.project.contract import why_not_here
from alm.project.elsewhere import Elsewhere
from alm.project.emulation import find_emulator
from alm.project.expectation import git_lines, read_expected
from alm.project.host import STAMP
from alm.project.lockfile import LOCK, LockedStage, read_lock

OWN_TEXT = "data"  # Git ignores it
REPORTS = "reports"
PREFIX = "alm-verify-"
SHOWN = 6  # results that are named one by one
VARIED = (
    "path",
    "home",
    "locale",
    "time zone",
    "hash seed",
    "umask",
    "order of folders",
    "workers",
)


def verify_build(
    preset: str,
    say: Callable[[str], None],
    *,
    fresh: bool = False,
    cpu: str | None = None,
    root: Path = Path(),
) -> str:
    """Build ``preset`` from a clone in a varied environment; return that the bytes are the same.

    Args:
        preset: its name; ``dvc.lock`` says what came of it.
        say: takes what is done now.
        fresh: make the clone an environment of its own; else it is lent this one.
        cpu: run every stage on an emulated CPU, such as ``Nehalem``; None takes this machine's.
        root: the repository.

    Raises:
        InputError: there is nothing to compare with (see :func:`read_expected`), or nothing to
            emulate a CPU with.
        IntegrityError: a result is another one; the message names the first stage, step and
            tensor, and where the other build lies.
        AlmError: a stage failed there.
    """
    expected = read_expected(preset, root)
    emulator = () if cpu is None else find_emulator(cpu)
    portable = Params.load(preset, root).runtime.numerics == "portable"
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    there = Elsewhere.clone(root, folder, portable=portable, emulator=emulator)
    say(f"building {len(expected)} stages in {there.root}: other {_list_varied(portable, cpu)}")
    try:
        _build(there.install() if fresh else there, expected, root)
    except KeyboardInterrupt:
        remove_tree(folder)
        raise
    said = Comparison.of(preset, expected, root, there.root).describe()
    remove_tree(folder)
    return said


def _list_varied(portable: bool, cpu: str | None) -> str:
    cores = ["one core"] if portable else []
    return ", ".join([*VARIED, *cores, *([f"CPU ({cpu})"] if cpu else [])])


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two builds of a preset, and the results in which they differ."""

    preset: str
    expected: dict[str, LockedStage]
    built: dict[str, LockedStage]
    here: Path
    there: Path

    @classmethod
    def of(cls, preset: str, expected: dict[str, LockedStage], here: Path, there: Path) -> Self:
        """Read what the other build put into its lock."""
        built = read_lock(there)
        return cls(preset=preset, expected=expected, built=built, here=here, there=there)

    @cached_property
    def others(self) -> dict[str, list[str]]:
        """Stage -> those of its results that are not the same, in the order of the stages."""
        found = {
            name: [path for path in stage.outs if not self._is_same(name, path)]
            for name, stage in self.expected.items()
        }
        return {name: paths for name, paths in found.items() if paths}

    def describe(self) -> str:
        """Say that all is the same, or why it need not be.

        Raises:
            IntegrityError: it should be, and is not.
        """
        n_stages, n_results = len(self.expected), sum(len(s.outs) for s in self.expected.values())
        if not self.others:
            return f"{self.preset}: all {n_results} results of {n_stages} stages are the same bytes"
        paths = [path for each in self.others.values() for path in each]
        if reason := self._excuse():
            return (
                f"{self.preset}: {len(paths)} of {n_results} results are others, from "
                f"{next(iter(self.others))} on, which is no error here: {reason}"
            )
        more = " ..." if len(paths) > SHOWN else ""
        raise IntegrityError(
            f"{self.preset}: expected the {n_results} results that {LOCK} names, found "
            f"{len(paths)} others: {', '.join(paths[:SHOWN])}{more}\n"
            f"{compare_builds(self.here, self.there, self.preset)}\n"
            f"the other build lies in {self.there}; look at it, then remove it"
        )

    def _is_same(self, stage: str, path: str) -> bool:
        """Compare the digests in two locks; what lies here was compared with the first before."""
        return self.built[stage].outs.get(path) == self.expected[stage].outs[path]

    def _excuse(self) -> str | None:
        """Return why nothing is broken, although results differ; None where something is."""
        stamp, locks = STAMP.as_posix(), (self.expected, self.built)
        ours, theirs = ({each.deps.get(stamp) for each in lock.values()} for lock in locks)
        if ours - theirs:
            return f"{LOCK} was made with another Python, whose own text is in its corpus"
        if any(name.partition("@")[0] in TEXT_SECTIONS for name in self.others):
            return None
        before, now = (_numerics(root, self.preset) for root in (self.here, self.there))
        deciding = ["torch"] if before.get("mode") == "portable" else before
        if changed := [key for key in deciding if before[key] != now.get(key)]:
            facts = ", ".join(f"{key} {before[key]}, now {now.get(key)}" for key in changed)
            return f"{LOCK} was made with other numerics ({facts})"
        if before.get("device", "cpu") != "cpu":
            return f"on {before['device']} metrics are promised within a tolerance, and no bits"
        return None if self._was_built_here() else why_not_here(self.preset, self.here)

    def _was_built_here(self) -> bool:
        states = self.here / Machine.load().state_dir / self.preset
        if any(states.glob("*/fingerprint.json")):
            return True
        return bool(git_lines(self.here, "diff", "--name-only", "HEAD", "--", str(LOCK)))


def _numerics(root: Path, preset: str) -> dict[str, Any]:
    """Return what decided the bits of a training, as its metrics tell; nothing where none lie."""
    metrics = root / REPORTS / preset / "pretrain.json"
    return read_json(metrics)["numerics"] if metrics.exists() else {}


def _build(there: Elsewhere, expected: dict[str, LockedStage], root: Path) -> None:
    """Run every stage from nothing but its sources, and text of one's own."""
    for leftover in (LOCK, REPORTS):
        remove_tree(there.root / leftover)
    inputs = sorted({path for stage in expected.values() for path in stage.deps})
    for path in inputs:
        if Path(path).parts[0] == OWN_TEXT and (root / path).exists():
            there.bring(root / path, Path(path))
    there.run("python", "scripts/host_stamp.py")
    there.run("dvc", "repro", *expected)
